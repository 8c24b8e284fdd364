/** pgjdbc: all of DatabaseMetaData, statements, values in text and binary, COPY and notifications; in one JVM. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Checks, expectAll } from './checks.ts';
import { type ClientServer, startPostgres, startSqlens } from './harness.ts';
import { EXPECTED } from './jdbc.expected.ts';
import { besideThis, run, works } from './programs.ts';

const DRIVER = '/usr/share/java/postgresql.jar';

/** What differs from PostgreSQL 15, and why. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['getDatabaseMajorVersion()', 'the catalog is that of PostgreSQL 16'],
  ['getDatabaseMinorVersion()', 'the catalog is that of PostgreSQL 16'],
  ['getDatabaseProductVersion()', 'the catalog is that of PostgreSQL 16'],
  ['getSQLKeywords()', 'PostgreSQL 16 has more'],
  ['getURL()', 'it names the port'],
]);

/** PostgreSQL's driver has not implemented them. */
const NOT_IMPLEMENTED = [
  'getAttributes',
  'getPseudoColumns',
  'getRowIdLifetime',
  'getSuperTables',
  'getSuperTypes',
];

const skip =
  !(works('java', ['-version']) && works('javac', ['-version']) && existsSync(DRIVER)) &&
  `there is no Java compiler, or no ${DRIVER}`;

describe('pgjdbc', { skip }, () => {
  let checks: Checks;
  let sqlens: ClientServer;
  let postgres: ClientServer | undefined;
  const classes = mkdtempSync(path.join(tmpdir(), 'sqlens-jdbc-'));
  before(async () => {
    const sources = readdirSync(besideThis('java')).map((name) => besideThis(path.join('java', name)));
    const compiled = run('javac', ['-cp', DRIVER, '-d', classes, ...sources]);
    [sqlens, postgres] = await Promise.all([startSqlens(), startPostgres()]);
    const { code, stderr } = await compiled;
    assert.equal(code, 0, stderr);
    const ports = [sqlens, postgres].flatMap((server) => (server === undefined ? [] : [String(server.port)]));
    checks = await Checks.of('java', ['-Xshare:auto', '-cp', `${classes}:${DRIVER}`, 'Main', ...ports]);
  });
  after(async () => {
    await sqlens?.close();
    await postgres?.close();
    rmSync(classes, { recursive: true, force: true });
  });

  test('no method of DatabaseMetaData throws but those that the driver lacks', () => {
    const seen = methods(checks.value('every method on sqlens'));
    assert.ok(seen.size > 170, `${seen.size} methods`);
    const thrown = [...seen].filter(([, value]) => isThrown(value)).map(([name]) => name.replace(/\(.*/, ''));
    assert.deepEqual(thrown, NOT_IMPLEMENTED);
  });

  test('every method of DatabaseMetaData says what it says on PostgreSQL 15', (context) => {
    if (postgres === undefined) return context.skip('PostgreSQL 15 is not installed');
    const actual = methods(checks.value('every method on sqlens'));
    for (const [name, expected] of methods(checks.value('every method on postgres'))) {
      if (DIFFERENCES.has(name)) continue;
      assert.deepEqual(withoutCount(actual.get(name)), withoutCount(expected), name);
    }
  });

  expectAll(() => checks, EXPECTED);
});

function methods(value: unknown): ReadonlyMap<string, unknown> {
  assert.ok(typeof value === 'object' && value !== null);
  return new Map(Object.entries(value));
}

function isThrown(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('throws ');
}

/** SQLens has more tables and functions: of results only the columns are compared. */
function withoutCount(value: unknown): unknown {
  return Array.isArray(value) ? value.slice(0, 2) : value;
}
