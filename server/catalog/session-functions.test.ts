import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCatalog, type TestCatalog } from './catalog.testing.ts';
import { catalogStatement } from './index.ts';
import type { CatalogSession } from './session.ts';

let catalog: TestCatalog;
before(async () => {
  catalog = await createCatalog();
});
after(() => catalog.close());

const session: CatalogSession = {
  user: 'ann',
  database: 'sqlens',
  processId: 42,
  setting: (name) => (name === 'server_version_num' ? '150000' : undefined),
};

test('functions about the server and the session answer under PostgreSQL’s column names', async () => {
  const { columns, rows } = await catalog.ask(
    `SELECT version(), pg_catalog.current_database(), pg_backend_pid(), current_user, session_user AS me,
            pg_catalog.set_config('search_path', '', false), current_setting('server_version_num')::INTEGER AS n,
            current_setting('nope.nope', true), pg_is_in_recovery()`,
    session,
  );
  assert.deepEqual(columns, [
    'version',
    'current_database',
    'pg_backend_pid',
    'current_user',
    'me',
    'set_config',
    'n',
    'current_setting',
    'pg_is_in_recovery',
  ]);
  assert.deepEqual(rows, [['PostgreSQL 15.0 (SQLens)', 'sqlens', 42, 'ann', 'ann', '', 150000, null, false]]);
});

test('they stand in expressions, subqueries, FROM and statements that write', async () => {
  const { rows } = await catalog.ask(
    "SELECT upper(current_user) || '!', (SELECT pg_backend_pid()), v FROM version() AS t(v)",
    session,
  );
  assert.deepEqual(rows, [['ANN!', 42, 'PostgreSQL 15.0 (SQLens)']]);
  const second = await catalog.ask(
    'SELECT v, w FROM (SELECT 1), version() AS t(v), (SELECT 2 AS w), version()',
    session,
  );
  assert.deepEqual(second.rows, [['PostgreSQL 15.0 (SQLens)', 2]]);
  const nested = await catalog.ask(
    "SELECT concat('a', current_user, 'b') AS c, (SELECT max(n) FROM (SELECT 1 AS n), version())",
    session,
  );
  assert.deepEqual(nested.rows, [['aannb', 1]]);
  await catalog.connection.run('CREATE TABLE log (who VARCHAR)');
  const insert = catalogStatement('INSERT INTO log VALUES (current_user)', session);
  await catalog.connection.run(insert ?? 'SELECT 1/0');
  assert.deepEqual((await catalog.connection.runAndReadAll('FROM log')).getRows(), [['ann']]);
});

test('what only looks like them stays', () => {
  const untouched = [
    'SELECT t.version FROM t',
    'SELECT version FROM t',
    'SELECT shop.version()',
    'SELECT "current_user" FROM t',
    "SELECT 'version()'",
    'SELECT 1 AS current_user',
    'SELECT version(1)',
    'INSERT INTO version (a) VALUES (1)',
    'SELECT current_setting(name) FROM t',
    "SELECT current_setting('nope.nope')",
    "SELECT set_config('TimeZone', 'UTC', false)",
    'CREATE VIEW who AS SELECT current_user AS u',
    'SELECT 1 -- version()',
  ];
  for (const sql of untouched) assert.equal(catalogStatement(sql, session), undefined, sql);
});

test('a user’s name is data, whatever stands in it', async () => {
  const { rows } = await catalog.ask('SELECT current_user', { ...session, user: "x'; DROP TABLE t; --" });
  assert.deepEqual(rows, [["x'; DROP TABLE t; --"]]);
});
