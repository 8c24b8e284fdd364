import { EXPECTED } from './psycopg2.expected.ts';
import { describePython } from './python-client.ts';

describePython('psycopg2', { modules: ['psycopg2'], program: 'psycopg2_checks.py', expected: EXPECTED });
