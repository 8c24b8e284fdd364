import { EXPECTED } from './asyncpg.expected.ts';
import { describePython } from './python-client.ts';

describePython('asyncpg', { modules: ['asyncpg'], program: 'asyncpg_checks.py', expected: EXPECTED });
