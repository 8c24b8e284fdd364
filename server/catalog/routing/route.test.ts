import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { mentionsCatalog } from './names.ts';
import { type Route, routeOf } from './route.ts';

const known = {
  isUserRelation: (_: string | undefined, name: string) => ['t', 'photos', 'pg_events'].includes(name),
};

async function kindOf(sql: string): Promise<Route['kind']> {
  return (await routeOf(sql, known)).kind;
}

async function assertAll(kind: Route['kind'], statements: readonly string[]): Promise<void> {
  for (const sql of statements) assert.equal(await kindOf(sql), kind, sql);
}

async function recorded(name: string): Promise<string[]> {
  const text = await readFile(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');
  return text.split(/^-- next --$/m).flatMap((sql) => (sql.trim() === '' ? [] : [sql.trim()]));
}

test('all that psql’s backslash commands send is for the catalog', async () => {
  const queries = await recorded('psql-15.sql');
  assert.ok(queries.length > 140);
  await assertAll('catalog', queries);
});

test('what drivers, ORMs and BI tools ask when they look around is for the catalog', async () => {
  const queries = await recorded('clients.sql');
  assert.ok(queries.length > 40);
  for (const sql of queries) assert.equal(await kindOf(sql), 'catalog', sql);
});

test('what has nothing of the catalog is the engine’s, mentioned or not', async () => {
  await assertAll('engine', [
    'SELECT 1',
    "SELECT upper('x'), now()",
    'SELECT uri, classify(image) FROM photos',
    "SELECT 'pg_class', $$pg_class$$, E'it''s \\' pg_class' FROM t",
    'SELECT 1 -- FROM pg_class',
    'SELECT 1 /* pg_class /* information_schema.tables */ */',
    'SELECT "pg_column" FROM t',
    'SELECT version FROM t',
    'SELECT t.version FROM t',
    'SELECT pg_typeof(a), pg_size_pretty(10::bigint) FROM t',
    'SELECT pg_sleep(1)',
    'SELECT * FROM public.pg_class',
    'SELECT * FROM pg_events',
    'SELECT * FROM "information_schema"',
    'WITH pg_class AS (SELECT 1 AS oid) SELECT * FROM pg_class',
    'WITH RECURSIVE pg_class AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM pg_class WHERE n < 3) FROM pg_class',
    'SELECT * FROM duckdb_tables() WHERE table_name = $$pg_class$$',
    'SELECT * FROM system.information_schema.tables',
    'SELECT shop.version()',
    'SELECT "current_user" FROM t',
    'SELECT 1 AS current_user',
    'SET search_path = pg_catalog',
    'SHOW search_path',
    'BEGIN',
    "COMMENT ON TABLE t IS 'like pg_class'",
    'PREPARE p AS SELECT * FROM pg_class',
  ]);
});

test('without relations, PostgreSQL’s functions about the catalog make a statement the catalog’s', async () => {
  await assertAll('catalog', [
    'SELECT version()',
    'select current_user, session_user, current_role, current_catalog, current_schema',
    "SELECT 't'::regclass",
    "SELECT CAST('t' AS pg_catalog.regclass)::oid",
    "SELECT regtype 'int'",
    'SELECT format_type(23, NULL), pg_backend_pid() + 1',
    'SELECT format_type($1, $2)',
    'SELECT current_setting($1)',
    "SELECT coalesce(to_regclass('t')::text, 'none')",
    'SELECT pg_nosuch.version FROM pg_nosuch',
    'SELECT * FROM pg_catalog.nosuch',
    'SELECT * FROM sqlens.pg_catalog.pg_class',
    'SELECT * FROM "pg_class"',
    'SELECT unnest(current_schemas(true))',
    'SELECT * FROM pg_get_keywords()',
    'SELECT set_config($1, $2, false), oid FROM pg_class',
    'SELECT pg_notify(relname, $1) FROM pg_class',
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity',
    'SELECT pg_catalog.quote_ident(relname) FROM pg_class',
    'SELECT user FROM pg_class',
  ]);
});

test('the catalog with what only DuckDB knows is mixed', async () => {
  await assertAll('mixed', [
    'SELECT * FROM t JOIN pg_class c ON c.relname = t.name',
    'SELECT classify(relname) FROM pg_class',
    'SELECT list_value(relname) FROM pg_class',
    'SELECT oid::HUGEINT FROM pg_class',
    "SELECT * FROM t WHERE oid = 't'::regclass",
    'INSERT INTO t SELECT relname FROM pg_class',
    'CREATE TABLE x AS SELECT * FROM pg_tables',
    'SELECT * INTO x FROM pg_tables',
    'COPY (SELECT * FROM pg_class) TO STDOUT',
    'UPDATE t SET a = (SELECT count(*) FROM pg_class)',
    'DELETE FROM t USING pg_class c WHERE c.relname = t.name',
    'WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d, pg_class',
    'EXPLAIN SELECT * FROM t, pg_class',
    'SELECT (SELECT count(*) FROM pg_class), classify(image) FROM photos',
    "SELECT has_table_privilege(current_user, 't', 'SELECT') FROM t",
  ]);
});

test('a session’s values need no mirror beside tables, also in DuckDB’s own syntax', async () => {
  await assertAll('session', [
    'SELECT current_user, count(*) FROM t',
    'INSERT INTO t VALUES (current_user, pg_backend_pid())',
    "UPDATE t SET a = current_setting('x.y')",
    'FROM t SELECT current_user, version()',
    'SELECT * EXCLUDE (a), current_user FROM t',
    "SELECT set_config('a.b', 'c', false) FROM t",
    'SELECT set_config($1, $2, $3::boolean)',
    'SELECT pg_notify($1, $2)',
    'SELECT current_setting($1) FROM t',
    `INSERT INTO t VALUES ${"('pg_class', 1), ".repeat(20_000)}(current_user, 2)`,
  ]);
  const alone = await routeOf('SELECT version(), current_user', known);
  assert.ok(alone.kind === 'catalog' && alone.sessionPlan !== undefined);
  const more = await routeOf("SELECT version(), to_regclass('t')", known);
  assert.ok(more.kind === 'catalog' && more.sessionPlan === undefined);
});

test('what nobody can do is refused, and says why', async () => {
  const refused: [sql: string, sqlState: string, message: RegExp, position?: number][] = [
    ["UPDATE pg_class SET relname = 'x'", '42501', /permission denied: "pg_class" is a system catalog/],
    ['DELETE FROM pg_catalog.pg_proc', '42501', /system catalog/],
    ['INSERT INTO information_schema.sql_features SELECT 1', '42501', /system catalog/],
    ['CREATE VIEW v AS SELECT * FROM pg_class', '0A000', /view cannot read the catalog's "pg_class"/],
    ['SELECT format_type(atttypid, -1) FROM pg_attribute, t', '0A000', /format_type cannot be computed/, 8],
    ['SELECT format_type($1, -1) FROM t', '0A000', /format_type cannot be computed/, 8],
    ["SELECT 'é', oid::regclass FROM pg_class, t", '0A000', /regclass cannot be computed/, 18],
  ];
  for (const [sql, sqlState, message, position] of refused) {
    const route = await routeOf(sql, known);
    assert.ok(route.kind === 'refused', `${sql}: ${route.kind}`);
    assert.equal(route.error.sqlState, sqlState, sql);
    assert.match(route.error.message, message);
    assert.ok(route.error.hint);
    if (position !== undefined) assert.equal(route.error.position, position, sql);
  }
});

test('functions that read files, wait or run texts as SQL never reach the mirror', async () => {
  for (const call of [
    "pg_read_file('/etc/passwd')",
    "pg_ls_dir('/')",
    "lo_import('/etc/passwd')",
    'pg_sleep(1000)',
    "query_to_xml('SELECT 1', true, true, '')",
    "setval('s', 1)",
    'pg_reload_conf()',
  ]) {
    assert.notEqual(await kindOf(`SELECT ${call}`), 'catalog', call);
    assert.notEqual(await kindOf(`SELECT ${call}, relname FROM pg_class`), 'catalog', call);
  }
});

test('a text that PostgreSQL cannot read goes to DuckDB with PostgreSQL’s words for it', async () => {
  const route = await routeOf('SELECT * FROM pg_class WHERE AND relname = 1', known);
  assert.ok(route.kind === 'mixed' && route.syntaxError !== undefined);
  assert.equal(route.syntaxError.message, 'syntax error at or near "AND"');
  assert.equal(route.syntaxError.position, 30);
  await assertAll('engine', ["SELECT 'pg_class", '/* pg_class', 'pg_class']);
});

test('nesting that overflows the parser’s stack harms no later statement', async () => {
  const hostile = [
    `SELECT ${'(SELECT '.repeat(4_000)}oid FROM pg_class${')'.repeat(4_000)}`,
    `SELECT version()${' + 1'.repeat(30_000)}`,
    `SELECT ${'('.repeat(30_000)}pg_backend_pid()${')'.repeat(30_000)}`,
    `SELECT ${'f('.repeat(20_000)}'t'::regclass${')'.repeat(20_000)}`,
    `SELECT * FROM pg_class${' JOIN t USING (oid)'.repeat(5_000)}`,
  ];
  for (const sql of [...hostile, ...hostile]) {
    await kindOf(sql);
    assert.equal(await kindOf(`SELECT oid FROM pg_class WHERE oid = ${sql.length}`), 'catalog');
  }
});

test('long statements are decided without a tree', async () => {
  const rows = Array.from({ length: 30_000 }, (_, row) => `(${row}, 'pg_class of row ${row}')`).join(', ');
  assert.equal(await kindOf(`INSERT INTO t VALUES ${rows}`), 'engine');
  assert.equal(mentionsCatalog(`INSERT INTO t VALUES ${rows.replaceAll('pg_class', 'something')}`), false);
});

test('a decision is remembered for what was known, and made anew for what is known now', async () => {
  const sql = 'SELECT * FROM pg_shop';
  const first = await routeOf(sql, known);
  assert.equal(first.kind, 'catalog');
  assert.equal(await routeOf(sql, known), first);
  assert.equal((await routeOf(sql, { isUserRelation: (_, name) => name === 'pg_shop' })).kind, 'engine');
});

test('PostgreSQL’s functions are PostgreSQL’s, whatever macros there are of that name', async () => {
  await assertAll('catalog', [
    "SELECT quote_ident(relname), to_char(1, '9'), array_to_string(relacl, ',') FROM pg_class",
    "SELECT regexp_replace(relname, 'a', 'b') FROM pg_catalog.pg_class WHERE relname ~ '^t$' AND relname SIMILAR TO 't%'",
  ]);
});

test('DuckDB’s own syntax reads the catalog that clients see, not DuckDB’s', async () => {
  const fetched = async (sql: string): Promise<string[]> => {
    const route = await routeOf(sql, known);
    assert.equal(route.kind, 'mixed', sql);
    if (route.kind !== 'mixed') return [];
    return route.plan.pieces.map((piece) => `${piece.kind}: ${sql.slice(piece.start, piece.end)}`);
  };
  for (const [sql, ...pieces] of [
    ['FROM pg_class', 'rows: pg_class'],
    [
      'FROM pg_catalog.pg_class c, information_schema.tables',
      'rows: pg_catalog.pg_class',
      'rows: information_schema.tables',
    ],
    ['SELECT * EXCLUDE (oid) FROM pg_class', 'rows: pg_class'],
    ['SELECT relname, pg_type FROM pg_class QUALIFY true', 'rows: pg_class'],
    ['SELECT * EXCLUDE (a) FROM t JOIN pg_class AS c ON true, pg_type', 'rows: pg_class', 'rows: pg_type'],
    ['SELECT * EXCLUDE (a) FROM t WHERE a IN (FROM pg_class SELECT oid)', 'rows: pg_class'],
    ['DESCRIBE pg_class', 'rows: pg_class'],
    ['SUMMARIZE sqlens.pg_catalog.pg_class', 'rows: sqlens.pg_catalog.pg_class'],
    ['CREATE TABLE x AS FROM pg_class', 'rows: pg_class'],
    ["SELECT * EXCLUDE (a), 't'::regclass FROM t", "value: 't'::regclass", 'name: '],
  ]) {
    assert.deepEqual(await fetched(sql ?? ''), pieces, sql);
  }
  assert.equal(await kindOf('SELECT * EXCLUDE (a), format_type(b, a) FROM pg_attribute'), 'refused');
  await assertAll('engine', [
    'WITH pg_class AS (SELECT 1 AS a) FROM pg_class SELECT * EXCLUDE (a)',
    'FROM pg_get_keywords(1)',
    'SELECT * EXCLUDE (a) FROM t WHERE a IS DISTINCT FROM pg_class',
  ]);
});

test('a definition does not keep a question about the session, which DuckDB would answer', async () => {
  await assertAll('refused', [
    'CREATE VIEW v AS SELECT current_user',
    'CREATE TABLE x (a int, who text DEFAULT current_user)',
    'ALTER TABLE t ADD COLUMN who text DEFAULT session_user',
    'CREATE MACRO m() AS current_user',
  ]);
  await assertAll('session', ['CREATE TABLE x AS SELECT current_user AS who']);
  await assertAll('engine', ["CREATE TABLE x (a text DEFAULT 'current_user')"]);
});
