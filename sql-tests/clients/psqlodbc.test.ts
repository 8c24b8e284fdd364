import { PYTHON, works } from './programs.ts';
import { EXPECTED } from './psqlodbc.expected.ts';
import { describePython } from './python-client.ts';

const hasDriver = works(PYTHON, ['-c', "import pyodbc; assert 'PostgreSQL Unicode' in pyodbc.drivers()"]);

describePython('psqlODBC', {
  modules: ['pyodbc'],
  program: 'psqlodbc_checks.py',
  expected: EXPECTED,
  skip: !hasDriver && 'the ODBC driver "PostgreSQL Unicode" is not installed',
});
