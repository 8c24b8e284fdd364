import { describePython } from './python-client.ts';
import { EXPECTED } from './sqlalchemy.expected.ts';

describePython('SQLAlchemy', {
  modules: ['sqlalchemy', 'psycopg2'],
  program: 'sqlalchemy_checks.py',
  expected: EXPECTED,
});
