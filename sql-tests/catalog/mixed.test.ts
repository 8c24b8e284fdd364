/** Statements that need the catalog and the tables, in every way that a statement can be run. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { CatalogServer, cell, refusalOf, rowsOf } from './server.testing.ts';

let server: CatalogServer;
let anna: pg.Client;

before(async () => {
  server = await CatalogServer.start();
  anna = await server.connect('anna');
  await anna.query(
    `CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'pg_class'), (2, 'pg_type'), (3, 'nosuch')`,
  );
});

after(() => server.remove());

const MIXED = 'SELECT t.a, c.oid FROM t JOIN pg_class c ON c.relname = t.b';
const ROWS = [
  ['1', '1259'],
  ['2', '1247'],
];

test('directly, with parameters, prepared, and with a catalog that changes in between', async () => {
  assert.deepEqual(await rowsOf(anna, `${MIXED} ORDER BY a`), ROWS);
  assert.deepEqual(await rowsOf(anna, `${MIXED} WHERE t.a = $1`, [2]), [ROWS[1]]);
  await anna.query(`PREPARE p (int) AS ${MIXED} WHERE t.a >= $1 ORDER BY a`);
  assert.deepEqual(await rowsOf(anna, 'EXECUTE p (1)'), ROWS);
  const named = {
    name: 'n',
    text: `SELECT count(*) FROM pg_class, t WHERE relname = 'later' AND a = $1`,
    values: [1],
  };
  const count = async () => Number(Object.values((await anna.query(named)).rows[0])[0]);
  assert.equal(await count(), 0);
  await anna.query('CREATE TABLE later (x int)');
  assert.equal(await count(), 1);
  await anna.query('DROP TABLE later');
  assert.equal(await count(), 0);
  assert.equal(
    await cell(anna, `SELECT a FROM t WHERE b = (SELECT relname FROM pg_class WHERE oid = 1247)`),
    '2',
  );
  await anna.query('PREPARE q (text) AS SELECT $1 || a FROM t WHERE a = 1');
  assert.equal(await cell(anna, 'EXECUTE q ((SELECT relname FROM pg_class WHERE oid = 1259))'), 'pg_class1');
});

test('cursors read what the catalog holds when they are opened', async () => {
  for (const kind of ['CURSOR', 'SCROLL CURSOR', 'CURSOR WITH HOLD']) {
    await anna.query(`BEGIN; DECLARE c ${kind} FOR ${MIXED} ORDER BY a`);
    assert.deepEqual(await rowsOf(anna, 'FETCH 1 FROM c'), [ROWS[0]], kind);
    assert.deepEqual(await rowsOf(anna, 'FETCH ALL FROM c'), [ROWS[1]], kind);
    await anna.query('CLOSE c; COMMIT');
    await anna.query(
      `BEGIN; DECLARE c ${kind} FOR SELECT relname FROM pg_class WHERE oid IN (1247, 1259) ORDER BY 1`,
    );
    assert.deepEqual(await rowsOf(anna, 'FETCH ALL FROM c'), [['pg_class'], ['pg_type']], kind);
    await anna.query('CLOSE c; COMMIT');
  }
  // After a write of its own the cursor is read on the session's connection.
  await anna.query(`BEGIN; INSERT INTO t VALUES (4, 'pg_proc'); DECLARE c CURSOR FOR ${MIXED} ORDER BY a`);
  assert.deepEqual(await rowsOf(anna, 'FETCH ALL FROM c'), [...ROWS, ['4', '1255']]);
  await anna.query('ROLLBACK');
});

test('statements that write take rows of the catalog', async () => {
  await anna.query(
    `CREATE TABLE made AS SELECT oid::bigint AS oid, relname::text AS name FROM pg_class WHERE oid = 1259`,
  );
  assert.deepEqual(await rowsOf(anna, 'TABLE made'), [['1259', 'pg_class']]);
  await anna.query(`INSERT INTO made ${MIXED.replace('t.a, c.oid', 'c.oid, t.b')} WHERE t.a = 2`);
  await anna.query(
    `UPDATE made SET name = (SELECT nspname FROM pg_namespace WHERE oid = 11) WHERE oid = 1247`,
  );
  assert.deepEqual(await rowsOf(anna, 'SELECT * FROM made ORDER BY oid'), [
    ['1247', 'pg_catalog'],
    ['1259', 'pg_class'],
  ]);
  assert.deepEqual(
    await rowsOf(
      anna,
      'DELETE FROM made USING pg_class c WHERE c.oid = made.oid AND c.oid = 1259 RETURNING made.oid',
    ),
    [['1259']],
  );
  await anna.query('DROP TABLE made');
});

test('DuckDB’s own syntax sees the same catalog', async () => {
  const oid = await cell(anna, `SELECT 't'::regclass::oid`);
  for (const sql of [
    `FROM pg_class SELECT oid WHERE relname = 't'`,
    `SELECT * EXCLUDE (relname) FROM (SELECT oid, relname FROM pg_class) WHERE relname = 't'`,
    `SELECT max(COLUMNS('^oid$')) FROM pg_class WHERE relname = 't'`,
    `SELECT oid FROM pg_catalog.pg_class WHERE relname = 't' QUALIFY row_number() OVER () = 1`,
    `SELECT DISTINCT c.* EXCLUDE (relname) FROM (SELECT oid, relname FROM pg_class) AS c WHERE relname = 't'`,
  ]) {
    assert.equal(await cell(anna, sql), oid, sql);
  }
  const described = await rowsOf(anna, 'DESCRIBE pg_namespace');
  assert.deepEqual(
    described.map(([name]) => name),
    ['oid', 'nspname', 'nspowner', 'nspacl'],
  );
  assert.match(
    (await refusalOf(anna, 'SELECT * EXCLUDE (a), format_type(a, -1) FROM t, pg_type')) ?? '',
    /^0A000 format_type/,
  );
  assert.match(
    (await refusalOf(anna, 'SELECT * FORM pg_class')) ?? '',
    /^42601 syntax error at or near "FORM"/,
  );
});

test('columns are named as PostgreSQL names them', async () => {
  const named = async (sql: string) => (await anna.query(sql)).fields.map(({ name }) => name);
  const list = `'t'::regclass::oid, 't'::regclass::text, current_user::text, ('t'::regclass)::int, to_regclass('t')::oid, version()`;
  const expected = ['oid', 'text', 'current_user', 'int4', 'to_regclass', 'version'];
  assert.deepEqual(await named(`SELECT ${list}`), expected);
  assert.deepEqual(await named(`SELECT ${list}, count(*) FROM t`), [...expected, 'count']);
  assert.deepEqual(
    await named(`SELECT (SELECT 't'::regclass::oid FROM pg_class LIMIT 1), a FROM t LIMIT 1`),
    ['oid', 'a'],
  );
});

test('what cannot be kept is refused, and says why', async () => {
  for (const [sql, refusal] of [
    ['CREATE VIEW no AS SELECT * FROM pg_class', /^0A000 a view cannot read the catalog's "pg_class"/],
    ['CREATE VIEW no AS SELECT current_user AS u FROM t', /^0A000 current_user cannot be part of a view/],
    ['CREATE TABLE no (a int, who text DEFAULT current_user)', /^0A000 current_user cannot be part of/],
    ['CREATE MACRO no() AS session_user', /^0A000 session_user cannot be part of/],
    [`UPDATE pg_class SET relname = 'x'`, /^42501 /],
    ['SELECT obj_description(a::oid) FROM t', /^0A000 obj_description cannot be computed/],
  ] as const) {
    assert.match((await refusalOf(anna, sql)) ?? '', refusal, sql);
  }
});
