/** Definitions in the catalog: there for the next statement of everybody, and before their commit for nobody else. */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { colourPng } from '../faults/folders.testing.ts';
import { CatalogServer, type Cell, cell, HTTP_TOKEN, random, rowsOf } from './server.testing.ts';

const MODEL = fileURLToPath(new URL('../fixtures/brightness.keras', import.meta.url));

let server: CatalogServer;
let anna: pg.Client;
let bert: pg.Client;

before(async () => {
  server = await CatalogServer.start();
  anna = await server.connect('anna');
  bert = await server.connect('bert');
  await cp(MODEL, path.join(server.allowed, 'brightness.keras'));
  await mkdir(path.join(server.allowed, 'images'));
  await writeFile(path.join(server.allowed, 'images', 'a.png'), colourPng([1, 2, 3]));
});

after(() => server.remove());

/** What a session sees of relations and functions of a name. */
const RELATION = `SELECT relkind, (SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
    AND NOT attisdropped), obj_description(c.oid, 'pg_class') FROM pg_class c WHERE relname = $1 ORDER BY 1, 2`;
const FUNCTION = `SELECT proname, pg_get_function_result(oid) FROM pg_proc WHERE proname = $1`;

async function bothSee(name: string, expected: Cell[][], sql = RELATION): Promise<void> {
  assert.deepEqual(await rowsOf(anna, sql, [name]), expected, `anna: ${name}`);
  assert.deepEqual(await rowsOf(bert, sql, [name]), expected, `bert: ${name}`);
}

async function onlyAnnaSees(
  name: string,
  expected: Cell[][],
  others: Cell[][] = [],
  sql = RELATION,
): Promise<void> {
  assert.deepEqual(await rowsOf(anna, sql, [name]), expected, `anna: ${name}`);
  assert.deepEqual(await rowsOf(bert, sql, [name]), others, `bert: ${name}`);
}

test('tables, views and their changes are there for the next statement', async () => {
  await anna.query('CREATE TABLE a1 (x int, y text)');
  await bothSee('a1', [['r', 'x,y', null]]);
  await anna.query('ALTER TABLE a1 ADD COLUMN z date');
  await bothSee('a1', [['r', 'x,y,z', null]]);
  await anna.query('ALTER TABLE a1 DROP COLUMN y');
  await bothSee('a1', [['r', 'x,z', null]]);
  await anna.query('ALTER TABLE a1 RENAME COLUMN z TO day');
  await anna.query(`COMMENT ON TABLE a1 IS 'first'`);
  await bothSee('a1', [['r', 'x,day', 'first']]);
  const oid = await cell(anna, `SELECT 'a1'::regclass::oid`);
  await anna.query('ALTER TABLE a1 RENAME TO a2');
  await bothSee('a1', []);
  await bothSee('a2', [['r', 'x,day', 'first']]);
  assert.equal(await cell(bert, `SELECT 'a2'::regclass::oid`), oid);
  await anna.query('CREATE VIEW av AS SELECT x FROM a2; COMMENT ON VIEW av IS $$of it$$');
  await bothSee('av', [['v', 'x', 'of it']]);
  await anna.query('CREATE OR REPLACE VIEW av AS SELECT x, day FROM a2');
  assert.deepEqual(
    await rowsOf(bert, `SELECT attname FROM pg_attribute WHERE attrelid = 'av'::regclass ORDER BY attnum`),
    [['x'], ['day']],
  );
  await anna.query('DROP VIEW av; DROP TABLE a2');
  await bothSee('a2', []);
  await bothSee('av', []);
  await anna.query('CREATE SCHEMA s1; CREATE SEQUENCE s1.n; CREATE TYPE mood AS ENUM ($$sad$$, $$happy$$)');
  await bothSee('n', [['S', 'last_value,log_cnt,is_called', null]]);
  const labels = `SELECT enumlabel FROM pg_enum WHERE enumtypid = to_regtype($1) ORDER BY enumsortorder`;
  await bothSee('mood', [['sad'], ['happy']], labels);
  await anna.query('DROP SCHEMA s1 CASCADE');
  await bothSee('n', []);
});

test('several statements in one text, and a pipeline: each sees what those before it have defined', async () => {
  const [[count]] = (await rowsOf(
    anna,
    `CREATE TABLE m1 (a int); SELECT count(*) FROM pg_class WHERE relname = 'm1'`,
  )) as [[string]];
  assert.equal(count, '1');
  // Not committed before the text ends: its error takes the table along.
  await assert.rejects(anna.query(`CREATE TABLE m2 (a int); SELECT 'm2'::regclass; SELECT 1 FROM nosuch`));
  await bothSee('m2', []);
  const waiting = [
    anna.query('CREATE TABLE m3 (a int)'),
    anna.query({
      text: 'SELECT count(*) FROM pg_class WHERE relname = $1',
      values: ['m3'],
      rowMode: 'array',
    }),
    anna.query('DROP TABLE m3'),
    anna.query({
      text: 'SELECT count(*) FROM pg_class WHERE relname = $1',
      values: ['m3'],
      rowMode: 'array',
    }),
  ];
  const counts = (await Promise.all(waiting)).map(({ rows }) => rows[0]);
  assert.deepEqual([counts[1], counts[3]], [['1'], ['0']]);
  await anna.query('DROP TABLE m1');
});

test('what a transaction defines is its own until it commits, and gone when it does not', async () => {
  await anna.query('CREATE TABLE t0 (a int)');
  await anna.query('BEGIN');
  await anna.query('CREATE TABLE t1 (a int)');
  await anna.query('ALTER TABLE t0 ADD COLUMN b int');
  await onlyAnnaSees('t1', [['r', 'a', null]]);
  await onlyAnnaSees('t0', [['r', 'a,b', null]], [['r', 'a', null]]);
  await anna.query('COMMIT');
  await bothSee('t1', [['r', 'a', null]]);
  await bothSee('t0', [['r', 'a,b', null]]);
  await anna.query('BEGIN');
  await anna.query('DROP TABLE t1');
  await anna.query('CREATE VIEW t2 AS SELECT 1 AS one');
  await onlyAnnaSees('t1', [], [['r', 'a', null]]);
  await onlyAnnaSees('t2', [['v', 'one', null]]);
  await anna.query('ROLLBACK');
  await bothSee('t1', [['r', 'a', null]]);
  await bothSee('t2', []);
  await anna.query('BEGIN; CREATE TABLE t3 (a int)');
  await assert.rejects(anna.query('SELECT 1/0::int FROM nosuch'));
  await anna.query('ROLLBACK');
  await bothSee('t3', []);
  await anna.query('CREATE TEMP TABLE tt (a int)');
  await onlyAnnaSees('tt', [['r', 'a', null]]);
  assert.equal(await cell(anna, `SELECT relpersistence FROM pg_class WHERE oid = 'tt'::regclass`), 't');
  await anna.query('DROP TABLE tt; DROP TABLE t0; DROP TABLE t1');
  await onlyAnnaSees('tt', []);
});

test('models, image tables and their functions', async () => {
  const model = path.join(server.allowed, 'brightness.keras');
  await anna.query(`CREATE MODEL bright FROM '${model}'`);
  await bothSee('bright', [['bright', 'real']], FUNCTION);
  await anna.query(`SELECT register_keras_udf('bright2', '${model}')`);
  await bothSee('bright2', [['bright2', 'real']], FUNCTION);
  const form = new FormData();
  form.set('name', 'bright3');
  form.set('file', new Blob([await readFile(model)]), 'brightness.keras');
  const url = `http://127.0.0.1:${server.httpPort}/v1/models`;
  const headers = { authorization: `Bearer ${HTTP_TOKEN}` };
  assert.equal((await fetch(url, { method: 'POST', body: form, headers })).status, 201);
  await bothSee('bright3', [['bright3', 'real']], FUNCTION);
  assert.equal((await fetch(`${url}/bright3`, { method: 'DELETE', headers })).status, 204);
  await bothSee('bright3', [], FUNCTION);
  await anna.query('DROP MODEL bright; DROP MODEL bright2');
  await bothSee('bright', [], FUNCTION);
  await bothSee('bright2', [], FUNCTION);
  const images = path.join(server.allowed, 'images');
  await anna.query(`CREATE EXTERNAL TABLE pics OPTIONS (format = 'image', uris = ['${images}'])`);
  await bothSee('pics', [['f', 'uri,image,size,etag,last_modified,content_type', null]]);
  await mkdir(path.join(images, 'label=cat'));
  await writeFile(path.join(images, 'label=cat', 'b.png'), colourPng([4, 5, 6]));
  await anna.query('REFRESH TABLE pics');
  const [[, columns]] = (await rowsOf(bert, RELATION, ['pics'])) as [[string, string]];
  assert.equal(
    columns,
    String((await anna.query('SELECT * FROM pics LIMIT 0')).fields.map(({ name }) => name)),
  );
  await anna.query('DROP TABLE pics');
  await bothSee('pics', []);
});

test('twenty sessions define and look at random: each sees what is committed, and its own', async () => {
  const seed = 20_261_122;
  console.log(`seed ${seed}`);
  const next = random(seed);
  const failures: string[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      const client = await server.connect(number % 2 === 0 ? 'anna' : 'otto');
      // Each has names of its own, so that it knows what is to be seen of them.
      const committed = new Map<string, number>();
      let own: Map<string, number> | undefined;
      const name = () => `c${number}_${next(4)}`;
      for (let step = 0; step < 25; step++) {
        const tables = own ?? committed;
        const table = name();
        switch (next(7)) {
          case 0:
          case 1:
            if (tables.has(table))
              await client.query(`ALTER TABLE ${table} ADD COLUMN c${tables.get(table)} int`);
            else await client.query(`CREATE TABLE ${table} (c0 int)`);
            tables.set(table, (tables.get(table) ?? 0) + 1);
            break;
          case 2:
            await client.query(`DROP TABLE IF EXISTS ${table}`);
            tables.delete(table);
            break;
          case 3:
            if (own === undefined) {
              await client.query('BEGIN');
              own = new Map(committed);
            } else if (next(2) === 0) {
              await client.query('ROLLBACK');
              own = undefined;
            } else {
              await client.query('COMMIT');
              committed.clear();
              for (const [key, value] of own) committed.set(key, value);
              own = undefined;
            }
            break;
          default: {
            const seen = await rowsOf(
              client,
              `SELECT relname, (SELECT count(*) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) FROM pg_class c
               WHERE relname LIKE 'c${number}\\_%' AND relkind = 'r' ORDER BY relname`,
            );
            const expected = [...tables].map(([key, value]) => [key, String(value)]).sort();
            if (JSON.stringify(seen) !== JSON.stringify(expected)) {
              failures.push(`session ${number}, step ${step}: ${JSON.stringify({ seen, expected })}`);
            }
          }
        }
      }
      if (own !== undefined) await client.query('COMMIT');
      await client.end();
    }),
  );
  assert.deepEqual(failures, []);
});
