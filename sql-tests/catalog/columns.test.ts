/** Rows of the catalog on the wire: formats, types, portals, and what RowDescription says of columns. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import Cursor from 'pg-cursor';
import { CatalogServer, cell, rowsOf } from './server.testing.ts';

let server: CatalogServer;
let anna: pg.Client;

before(async () => {
  server = await CatalogServer.start();
  anna = await server.connect('anna');
  await anna.query(
    'CREATE TABLE t (a int, b text, c date); CREATE VIEW v AS SELECT b, a FROM t; CREATE TABLE u (a int, d numeric(8, 2))',
  );
  await anna.query(`INSERT INTO t VALUES (1, 'x', NULL); INSERT INTO u VALUES (1, 2.5)`);
  // The numbers are told as soon as the catalog has been asked.
  await anna.query('SELECT 1 FROM pg_class LIMIT 1');
});

after(() => server.remove());

/** Relation and column of each column of a result, as pg_class and pg_attribute name them by the numbers told. */
async function originsOf(sql: string, values: unknown[] = []): Promise<string[]> {
  const { fields } = await anna.query(sql, values);
  const names: string[] = [];
  for (const { tableID, columnID } of fields) {
    const [row] = await rowsOf(
      anna,
      `SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE c.oid = $1 AND a.attnum = $2`,
      [tableID, columnID],
    );
    names.push(tableID === 0 ? '-' : (row?.[0] ?? `unknown ${tableID}.${columnID}`));
  }
  return names;
}

test('RowDescription names columns by the numbers of pg_class and pg_attribute', async () => {
  assert.deepEqual(await originsOf('SELECT * FROM t'), ['t.a', 't.b', 't.c']);
  assert.deepEqual(await originsOf('SELECT c, a + 1, a FROM t WHERE a = $1', [1]), ['t.c', '-', 't.a']);
  assert.deepEqual(await originsOf('SELECT x.b AS renamed, y.d FROM t x JOIN u y ON x.a = y.a'), [
    't.b',
    'u.d',
  ]);
  assert.deepEqual(await originsOf('SELECT * FROM v'), ['v.b', 'v.a']);
  assert.deepEqual(
    await originsOf('SELECT relname, t.b FROM pg_class, t LIMIT 1').then((all) => all[1]),
    't.b',
  );
  assert.deepEqual(await originsOf('SELECT relname, oid FROM pg_class LIMIT 1'), [
    'pg_class.relname',
    'pg_class.oid',
  ]);
  await anna
    .query('ALTER TABLE t DROP COLUMN b CASCADE')
    .catch(() => anna.query('DROP VIEW v; ALTER TABLE t DROP COLUMN b'));
  await anna.query('ALTER TABLE t ADD COLUMN e int');
  await anna.query('ALTER TABLE t RENAME COLUMN c TO day');
  await cell(anna, 'SELECT 1 FROM pg_class LIMIT 1');
  assert.deepEqual(await originsOf('SELECT * FROM t'), ['t.a', 't.day', 't.e']);
  await anna.query('ALTER TABLE t RENAME TO renamed');
  await cell(anna, 'SELECT 1 FROM pg_class LIMIT 1');
  assert.deepEqual(await originsOf('SELECT * FROM renamed'), ['renamed.a', 'renamed.day', 'renamed.e']);
});

test('portals over rows of the catalog: ten of some hundreds at a time, several at once', async () => {
  const names = (await rowsOf(anna, 'SELECT relname FROM pg_class ORDER BY relname, oid')).map(
    ([name]) => name,
  );
  assert.ok(names.length > 300, String(names.length));
  const clients = await Promise.all([1, 2, 3].map(() => server.connect('bert')));
  await Promise.all(
    clients.map(async (client) => {
      const cursor = client.query(
        new Cursor<string[]>('SELECT relname FROM pg_class WHERE oid > $1 ORDER BY relname, oid', [0], {
          rowMode: 'array',
        }),
      );
      const read: string[] = [];
      for (let rows = await cursor.read(10); rows.length > 0; rows = await cursor.read(10)) {
        assert.ok(rows.length <= 10);
        read.push(...rows.map(([name]) => name ?? ''));
      }
      await cursor.close();
      assert.deepEqual(read, names);
    }),
  );
});

test('typed parameters and binary rows, as asyncpg and Npgsql ask, from several sessions at once', async () => {
  const sql = `SELECT t.oid, t.typlen, t.typbyval, t.typtype, t.typname FROM pg_type t
    WHERE t.oid = ANY($1::oid[]) AND t.typname <> $2 ORDER BY t.oid`;
  const clients = await Promise.all([1, 2, 3, 4].map(() => server.connect('bert', { binary: true })));
  await Promise.all(
    clients.map(async (client) => {
      for (let round = 0; round < 5; round++) {
        const rows = await rowsOf(client, sql, [[16, 21, 23], 'nosuch']);
        // The driver reads bytes as UTF-8; none of these is beyond ASCII.
        assert.deepEqual(rows, [
          ['\0\0\0\x10', '\0\x01', '\x01', 'b', 'bool'],
          ['\0\0\0\x15', '\0\x02', '\x01', 'b', 'int2'],
          ['\0\0\0\x17', '\0\x04', '\x01', 'b', 'int4'],
        ]);
      }
    }),
  );
});

test('a wrong value is refused in PostgreSQL’s words, and the session goes on', async () => {
  const wrong = { text: 'SELECT relname FROM pg_class WHERE oid = $1', values: ['x'] };
  await assert.rejects(anna.query(wrong), {
    code: '22P02',
    message: 'invalid input syntax for type oid: "x"',
  });
  await assert.rejects(anna.query('SELECT nosuch FROM pg_class'), { code: '42703', position: '8' });
  assert.equal(await cell(anna, 'SELECT relname FROM pg_class WHERE oid = $1', ['1259']), 'pg_class');
});
