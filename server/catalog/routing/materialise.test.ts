import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { PGlite } from '@electric-sql/pglite';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { forMirrorRoute, postgresText } from './materialise.testing.ts';
import { type MirrorRows, materialise } from './materialise.ts';
import { routeOf } from './route.ts';
import type { SessionFacts } from './session-values.ts';

let postgres: PGlite;
let duckdb: DuckDBConnection;
const asked: string[] = [];

before(async () => {
  postgres = new PGlite();
  await postgres.exec(`
    CREATE TABLE t (a int PRIMARY KEY, name text);
    COMMENT ON TABLE t IS 'it''s "mine" \\ {é}';
    CREATE VIEW v AS SELECT a FROM t;`);
  duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  await duckdb.run(
    "CREATE TABLE t AS SELECT * FROM (VALUES (1, 't'), (2, 'v'), (3, 'nobody')) AS x(a, name)",
  );
});

after(async () => {
  await postgres.close();
  duckdb.closeSync();
});

const known = {
  isUserRelation: (_: string | undefined, name: string) => name === 't',
};

function facts(given: Partial<SessionFacts> = {}): SessionFacts {
  return {
    user: "o'hara",
    database: 'sqlens',
    processId: 42,
    versionText: 'PostgreSQL 16.4 (SQLens)',
    schemas: ['public'],
    setting: (name) => (name === 'a.b' ? 'C:\\c' : undefined),
    ...given,
  };
}

async function mirror(sql: string): Promise<MirrorRows> {
  asked.push(sql);
  return postgresText(postgres, sql);
}

async function rewritten(sql: string, session = facts(), mode: 'describe' | 'execute' = 'execute') {
  const route = await routeOf(sql, known);
  assert.ok(route.kind === 'mixed' || route.kind === 'session', `${sql}: ${route.kind}`);
  return materialise(route.plan, session, mode, mirror);
}

/** Runs a statement as SQLens would; checks that it is described with the types that it then has. */
async function ask(sql: string, session = facts()) {
  const described = await duckdb.runAndReadAll(`DESCRIBE ${await rewritten(sql, session, 'describe')}`);
  asked.length = 0;
  const result = await duckdb.runAndReadAll(await rewritten(sql, session));
  const types = result.columnTypes().map(String);
  assert.deepEqual(
    described.getRowsJson().map(([, type]) => type),
    types,
    sql,
  );
  return { names: result.columnNames(), types, rows: result.getRowsJson() };
}

test('relations are fetched with the columns that are read, and join with tables', async () => {
  const { rows, types } = await ask(
    'SELECT t.a, c.relkind, c.oid FROM t JOIN pg_catalog.pg_class AS c ON c.relname = t.name ORDER BY 1',
  );
  assert.deepEqual(asked, ['SELECT "oid", "relname", "relkind" FROM "pg_catalog"."pg_class"']);
  assert.deepEqual(types, ['INTEGER', 'VARCHAR', 'BIGINT']);
  assert.deepEqual(
    rows.map(([a, kind]) => [a, kind]),
    [
      [1, 'r'],
      [2, 'v'],
    ],
  );
  const unaliased = await ask('SELECT count(pg_class.oid) > 100 FROM t, pg_class WHERE t.a = 1');
  assert.deepEqual(unaliased.rows, [[true]]);
  const whole = await ask('SELECT c.* FROM t JOIN pg_class c ON c.relname = t.name');
  assert.equal(whole.rows.length, 2);
  assert.ok(whole.names.includes('relacl'));
});

test('a query that touches the catalog alone is fetched whole, with its functions and columns', async () => {
  const { rows } = await ask(`
    WITH columns AS (
      SELECT attrelid::regclass::text AS name, attname, format_type(atttypid, atttypmod) AS type
      FROM pg_attribute WHERE attnum > 0 AND attrelid = 't'::regclass ORDER BY attnum)
    SELECT t.a, attname, type, (SELECT obj_description('t'::regclass, 'pg_class'))
    FROM t JOIN columns USING (name) ORDER BY attname`);
  assert.deepEqual(rows, [
    [1, 'a', 'integer', 'it\'s "mine" \\ {é}'],
    [1, 'name', 'text', 'it\'s "mine" \\ {é}'],
  ]);
  const values = await ask(
    'SELECT (SELECT count(*) FROM pg_am WHERE oid = 2), (SELECT amname AS n FROM pg_am WHERE oid = 2), (SELECT oid FROM pg_am WHERE oid = 2) + a, (SELECT 2 FROM pg_am LIMIT 1) FROM t WHERE a = 1',
  );
  assert.deepEqual(values.rows, [['1', 'heap', '3', 2]]);
  assert.deepEqual(
    [0, 1, 3].map((index) => values.names[index]),
    ['count', 'n', '?column?'],
  );
  const arms = await ask(
    "SELECT relname || '!' AS n FROM pg_class WHERE pg_table_is_visible(oid) AND relname IN ('t', 'v') UNION ALL SELECT name FROM t ORDER BY n",
  );
  assert.deepEqual(arms.rows.flat(), ['nobody', 't', 't!', 'v', 'v!']);
  const twice = await ask(
    'SELECT x.* FROM t, (SELECT oid, oid FROM pg_am WHERE amname = $$heap$$) AS x WHERE t.a = 1',
  );
  assert.deepEqual(twice.rows, [['2', '2']]);
});

test('a correlated query stays, and its relations are fetched', async () => {
  const { rows } = await ask(
    'SELECT a, (SELECT relkind FROM pg_class WHERE relname = name), EXISTS (SELECT 1 FROM pg_views v WHERE viewname = t.name) FROM t ORDER BY a',
  );
  assert.deepEqual(rows, [
    [1, 'r', false],
    [2, 'v', true],
    [3, null, false],
  ]);
});

test('values of every type of the catalog come through', async () => {
  const { rows, types } = await ask(`
    SELECT x.* FROM t, (SELECT '{-Infinity,NaN,1.5}'::float8[] AS f, '{a,"b c",NULL,"q\\"\\\\"}'::text[] AS s,
      '1 2 3'::int2vector AS v, ''::oidvector AS e, 'infinity'::timestamptz AS i, '2020-02-03 04:05:06.789+00'::timestamptz AS z,
      E'\\\\x00ff'::bytea AS b, 4294967295::oid AS o, 'NaN'::float4 AS n, NULL::int AS u, true AS y, '{t,f}'::bool[] AS l,
      'pg_class'::regclass AS r, "char" 'x' AS c, 12.5::numeric AS d, interval '1 day 02:03:04' AS w,
      (SELECT relacl FROM pg_class WHERE relname = 'pg_class') AS acl, '{"a": 1}'::jsonb AS j FROM pg_am LIMIT 1) AS x
    WHERE t.a = 1`);
  assert.deepEqual(types, [
    'DOUBLE[]',
    'VARCHAR[]',
    'SMALLINT[]',
    'BIGINT[]',
    'TIMESTAMP WITH TIME ZONE',
    'TIMESTAMP WITH TIME ZONE',
    'VARCHAR',
    'BIGINT',
    'FLOAT',
    'INTEGER',
    'BOOLEAN',
    'BOOLEAN[]',
    'VARCHAR',
    'VARCHAR',
    'DECIMAL(38,9)',
    'INTERVAL',
    'VARCHAR[]',
    'VARCHAR',
  ]);
  const [row = []] = rows;
  assert.deepEqual(row.slice(0, 4), [['-Infinity', 'NaN', 1.5], ['a', 'b c', null, 'q"\\'], [1, 2, 3], []]);
  assert.deepEqual(row.slice(6, 14), [
    '\\x00ff',
    '4294967295',
    'NaN',
    null,
    true,
    [true, false],
    'pg_class',
    'x',
  ]);
  assert.equal(row[17], '{"a": 1}');
});

test('constants: an oid where it is compared, a name where it is shown', async () => {
  const { rows, types, names } = await ask(
    "SELECT ('t'::regclass)::text, 't'::regclass, format_type(1043, 24), 't'::regclass::oid > 0, a FROM t WHERE 't'::regclass <> a AND a = 1",
  );
  assert.deepEqual(rows, [['t', 't', 'character varying(20)', true, 1]]);
  assert.deepEqual(types, ['VARCHAR', 'VARCHAR', 'VARCHAR', 'BOOLEAN', 'INTEGER']);
  assert.deepEqual(names.slice(0, 3), ['text', 'regclass', 'format_type']);
  assert.equal(asked.length, 1, 'all of them at once');
  const found = await ask("SELECT a FROM t WHERE a = 1 AND 't'::regclass = ANY(ARRAY['t', 'v']::regclass[])");
  assert.deepEqual(found.rows, [[1]]);
});

test('what the session knows is answered without the mirror, under PostgreSQL’s names', async () => {
  const { rows, names } = await ask(
    `SELECT current_user, pg_catalog.version(), current_database(), session_user AS me, pg_backend_pid() + 1,
       current_setting('a.b'), current_setting('no.such', true), current_schemas(true), upper(current_user), version()::text
     FROM t WHERE a = 1`,
  );
  assert.deepEqual(asked, []);
  assert.deepEqual(rows, [
    [
      "o'hara",
      'PostgreSQL 16.4 (SQLens)',
      'sqlens',
      "o'hara",
      43,
      'C:\\c',
      null,
      ['pg_catalog', 'public'],
      "O'HARA",
      'PostgreSQL 16.4 (SQLens)',
    ],
  ]);
  assert.deepEqual(
    [0, 1, 2, 3, 5, 6, 7, 9].map((index) => names[index]),
    [
      'current_user',
      'version',
      'current_database',
      'me',
      'current_setting',
      'current_setting',
      'current_schemas',
      'version',
    ],
  );
  const sources = await ask(
    'SELECT v, w.x, current_database.current_database, (SELECT pg_backend_pid()) FROM t, version() v, version() AS w(x), current_database() WHERE a = 1',
  );
  assert.deepEqual(sources.rows, [['PostgreSQL 16.4 (SQLens)', 'PostgreSQL 16.4 (SQLens)', 'sqlens', 42]]);
});

test('what the session does not know is asked of the mirror, with what it does know', async () => {
  const { rows } = await ask(
    "SELECT current_setting('server_version_num')::int > 160000 AS v FROM t WHERE a = 1",
  );
  assert.deepEqual(rows, [[true]]);
  await ask(
    "SELECT has_database_privilege(pg_get_userbyid(10), current_database(), 'CONNECT') FROM t",
    facts({ database: 'postgres' }),
  );
  assert.match(asked[0] ?? '', /CAST\('postgres' AS pg_catalog\.name\) AS "current_database"/);
});

test('settings change when a statement is executed, once, and not when it is described', async () => {
  const changes: unknown[] = [];
  const session = facts({
    setConfig: (name, value, isLocal) => {
      changes.push([name, value, isLocal]);
      return value.toUpperCase();
    },
    cancelBackend: (processId) => processId === 7,
  });
  const { rows, names } = await ask(
    "SELECT set_config('a.b', 'x', true), pg_cancel_backend(7) FROM t WHERE a = 1",
    session,
  );
  assert.deepEqual(changes, [['a.b', 'x', true]]);
  assert.deepEqual(rows, [['X', true]]);
  assert.deepEqual(names, ['set_config', 'pg_cancel_backend']);
  await assert.rejects(rewritten("SELECT pg_notify('c', 'p') FROM t"), {
    sqlState: SqlState.featureNotSupported,
  });
});

test('statements that write take the catalog’s rows', async () => {
  await duckdb.run('CREATE TABLE kept (n VARCHAR, k VARCHAR)');
  for (const sql of [
    "INSERT INTO kept SELECT relname, relkind FROM pg_class WHERE relname IN ('t', 'v') RETURNING n",
    "WITH c AS (SELECT relname FROM pg_class WHERE relname = 't') INSERT INTO kept (n) SELECT relname FROM c",
    'INSERT INTO kept VALUES (current_user, (SELECT amname FROM pg_am WHERE oid = 2)), (DEFAULT, $$$$)',
    "UPDATE kept SET k = (SELECT nspname FROM pg_namespace WHERE oid = 11) WHERE n = 'v'",
    "CREATE TABLE copied AS SELECT relname, 't'::regclass AS id FROM pg_class WHERE relname = 't' WITH NO DATA",
    'CREATE TABLE counted AS TABLE pg_am',
  ]) {
    await duckdb.run(await rewritten(sql));
  }
  const { rows } = await ask("SELECT n, k FROM kept WHERE current_user <> '' ORDER BY ALL");
  assert.deepEqual(rows, [
    ["o'hara", 'heap'],
    ['t', 'r'],
    ['t', null],
    ['v', 'pg_catalog'],
    [null, ''],
  ]);
  const { rows: counted } = await ask('SELECT count(*) > 3 FROM counted, pg_backend_pid()');
  assert.deepEqual(counted, [[true]]);
});

test('parameters stay DuckDB’s', async () => {
  const text = await rewritten(
    'SELECT c.relname FROM t, (SELECT relname FROM pg_class WHERE relname = $2) c WHERE t.a = $1',
  );
  const result = await duckdb.runAndReadAll(text, [1, 'v']);
  assert.deepEqual(result.getRowsJson(), [['v']]);
});

test('calls about the session take parameters, which are known when they are executed', async () => {
  const changes: unknown[] = [];
  const parameters = ['a.b', 'x', 'true'];
  const session = facts({
    setConfig: (...change) => {
      changes.push(change);
      return change[1];
    },
    parameter: (number) => parameters[number - 1] ?? null,
  });
  const sql = 'SELECT set_config($1, $2, CAST($3 AS boolean)), a FROM t WHERE a = $4';
  const described = await duckdb.prepare(await rewritten(sql, session, 'describe'));
  assert.equal(described.parameterCount, 4);
  assert.deepEqual(changes, []);
  const result = await duckdb.runAndReadAll(await rewritten(sql, session), [...parameters, 2]);
  assert.deepEqual(result.getRowsJson(), [['x', 2]]);
  assert.deepEqual(result.columnNames()[0], 'set_config');
  assert.deepEqual(changes, [['a.b', 'x', true]]);
  // One that the session does not know.
  const asking = facts({ parameter: () => 'server_version' });
  const setting = await duckdb.runAndReadAll(
    await rewritten('SELECT current_setting($1) FROM t WHERE a = 1', asking),
    ['server_version'],
  );
  assert.deepEqual(setting.getRowsJson(), [['16.4']]);
  await assert.rejects(rewritten(sql), { sqlState: SqlState.featureNotSupported });
});

test('the mirror’s errors are the answer, without a position that is not the client’s', async () => {
  const route = await routeOf("SELECT * FROM t WHERE 'nosuch'::regclass = a", known);
  assert.ok(route.kind === 'mixed');
  const failing = () =>
    Promise.reject(
      new SqlensError({
        sqlState: SqlState.undefinedTable,
        message: 'relation "nosuch" does not exist',
        position: 9,
      }),
    );
  await assert.rejects(materialise(route.plan, facts(), 'execute', failing), (error) => {
    assert.ok(error instanceof SqlensError);
    assert.equal(error.sqlState, '42P01');
    assert.equal(error.position, undefined);
    return true;
  });
});

test('for the mirror, the session’s values keep their types and the columns their names', async () => {
  const { columns, rows } = await forMirrorRoute(
    postgres,
    "SELECT current_user, pg_backend_pid(), version()::text, current_setting('a.b'), v, current_schemas(false) FROM version() v, pg_am WHERE oid = 2",
    facts(),
    known,
  );
  assert.deepEqual(columns, [
    { name: 'current_user', typeOid: 19 },
    { name: 'pg_backend_pid', typeOid: 23 },
    { name: 'version', typeOid: 25 },
    { name: 'current_setting', typeOid: 25 },
    { name: 'v', typeOid: 25 },
    { name: 'current_schemas', typeOid: 1003 },
  ]);
  assert.deepEqual(rows, [
    ["o'hara", '42', 'PostgreSQL 16.4 (SQLens)', 'C:\\c', 'PostgreSQL 16.4 (SQLens)', '{public}'],
  ]);
});
