import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type TestSchema as Schema, TestMirror, TestSchema } from './schema.testing.ts';

let mirror: TestMirror;
let schema: Schema;
before(async () => {
  mirror = await TestMirror.open();
  schema = await TestSchema.open(mirror);
});
after(async () => {
  schema.close();
  await mirror.close();
});

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;

test('names with quotes, blanks, backslashes, dollars, emojis and reserved words', async () => {
  const names = [
    `a"b`,
    `it's`,
    'back\\slash',
    '$fn$',
    'größe 😀',
    'select',
    'User',
    'a.b',
    'semi;colon',
    '--x',
    '/*',
    ' ',
    '%s',
    'Ω',
  ];
  await schema.define('CREATE SCHEMA "Odd "" schema"');
  for (const name of names) {
    await schema.connection.run(
      `CREATE TABLE "Odd "" schema".${quote(name)} (${quote(name)} INTEGER CHECK (${quote(name)} > 1), "${'x'}" VARCHAR DEFAULT '${name.replaceAll("'", "''")}')`,
    );
    await schema.connection.run(
      `COMMENT ON TABLE "Odd "" schema".${quote(name)} IS '${name.replaceAll("'", "''")}'`,
    );
  }
  schema.sync.changed();
  await schema.sync.upToDate();
  assert.deepEqual(await mirror.refusals(), []);
  const rows = await mirror.cells(
    `SELECT c.relname, a.attname, obj_description(c.oid) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = 1
     WHERE c.relkind = 'r' AND c.relnamespace = '"Odd "" schema"'::regnamespace`,
  );
  assert.deepEqual(
    new Set(rows.map((row) => JSON.stringify(row))),
    new Set(names.map((name) => JSON.stringify([name, name, name]))),
  );
  for (const name of names) {
    const origin = schema.sync.origins.find('Odd " schema', name);
    assert.equal(origin?.attnums.get(name.toLowerCase()), 1, name);
  }
  const defaults = await mirror.cells(`SELECT DISTINCT pg_get_expr(adbin, adrelid) FROM pg_attrdef
     WHERE adrelid IN (SELECT oid FROM pg_class WHERE relnamespace = '"Odd "" schema"'::regnamespace)`);
  assert.equal(defaults.length, names.length);
});

test('names above 63 bytes are cut at a character, and told apart', async () => {
  const long = `${'ä'.repeat(31)}xyz`;
  await schema.define(
    `CREATE TABLE ${quote(`${long}1`)} (${quote(`${long}1`)} INTEGER PRIMARY KEY, ${quote(`${long}2`)} INTEGER UNIQUE);
     CREATE TABLE ${quote(`${long}2`)} (a INTEGER REFERENCES ${quote(`${long}1`)} (${quote(`${long}1`)}))`,
  );
  const cut = `${'ä'.repeat(31)}x`;
  const second = `${'ä'.repeat(30)}~1`;
  assert.deepEqual(
    await mirror.cells(
      `SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relname ~ '^ä' AND relkind = 'r' ORDER BY c.oid, a.attnum`,
    ),
    [
      [cut, cut],
      [cut, second],
      [second, 'a'],
    ],
  );
  assert.deepEqual(await mirror.refusals(), []);
  assert.equal(schema.sync.origins.find('public', `${long}1`)?.attnums.get(`${long}2`), 2);
  assert.ok(schema.sync.origins.find('public', `${long}2`));
});

test('of more columns than PostgreSQL can have the first are there', async () => {
  const columns = Array.from({ length: 1700 }, (_, at) => `c${at} INTEGER`).join(', ');
  await schema.define(`CREATE TABLE wide (${columns}); CREATE VIEW wide_view AS FROM wide`);
  assert.deepEqual(
    await mirror.cells(`SELECT relname, relnatts FROM pg_class WHERE relname ~ '^wide' ORDER BY 1`),
    [
      ['wide', '1600'],
      ['wide_view', '1600'],
    ],
  );
  const origin = schema.sync.origins.find('public', 'wide');
  assert.deepEqual([origin?.attnums.get('c1599'), origin?.attnums.get('c1600')], [1600, undefined]);
  await schema.define('DROP VIEW wide_view; DROP TABLE wide');
});

test('columns that come and go beyond what PostgreSQL counts: the table is made anew', async () => {
  const columns = Array.from({ length: 1599 }, (_, at) => `c${at} INTEGER`).join(', ');
  await schema.define(`CREATE TABLE worn (${columns})`);
  for (let round = 0; round < 3; round++) {
    await schema.define(`ALTER TABLE worn ADD COLUMN extra${round} DATE`);
    await schema.define(`ALTER TABLE worn DROP COLUMN extra${round}`);
  }
  await schema.define('ALTER TABLE worn ADD COLUMN last DATE');
  assert.deepEqual(await mirror.refusals(), []);
  const origin = schema.sync.origins.find('public', 'worn');
  assert.equal(origin?.attnums.get('last'), 1600);
  await schema.define('DROP TABLE worn');
});

test('what PostgreSQL refuses keeps nothing else out, and is tried again', async () => {
  schema.warnings.length = 0;
  await schema.define(
    `CREATE SCHEMA pg_toast; CREATE TABLE pg_toast.t (a INTEGER); CREATE TABLE fine (a INTEGER);
     CREATE TABLE keyed (j JSON PRIMARY KEY); CREATE TABLE after_it (a INTEGER)`,
  );
  assert.deepEqual(
    (await mirror.refusals()).map(([name]) => name),
    ['keyed_pkey', 'pg_toast'],
  );
  assert.equal(schema.warnings.length, 2);
  assert.ok(schema.sync.origins.find('public', 'after_it'));
  assert.equal(schema.sync.origins.find('pg_toast', 't'), undefined);
  await schema.define('CREATE TABLE one_more (a INTEGER)');
  assert.equal(schema.warnings.length, 2, 'told once');
  await schema.define('DROP SCHEMA pg_toast CASCADE; DROP TABLE keyed');
  assert.deepEqual(await mirror.refusals(), []);
});

test('names that PostgreSQL keeps in one place and DuckDB in several', async () => {
  await schema.define(
    `CREATE TABLE same (a INTEGER UNIQUE); CREATE TYPE same AS ENUM ('x'); CREATE SEQUENCE same; CREATE INDEX same ON same (a);
     CREATE TABLE same_a_key (b INTEGER)`,
  );
  assert.deepEqual(await mirror.refusals(), []);
  assert.deepEqual(
    await mirror.cells(`SELECT relname, relkind FROM pg_class WHERE relname ~ '^same' ORDER BY 1`),
    [
      ['same', 'r'],
      ['same_a_key', 'r'],
      ['same_a_key1', 'i'],
      ['same~1', 'S'],
      ['same~2', 'i'],
    ],
  );
});

test("users' macros do not stand in for the functions that read the catalog", async () => {
  await schema.define(
    `CREATE MACRO to_json(a) AS 'mine'; CREATE MACRO struct_pack(a) AS 'mine'; CREATE MACRO duckdb_tables() AS TABLE SELECT 1;
     CREATE MACRO list(a) AS 'mine'; CREATE TABLE behind (a INTEGER)`,
  );
  assert.ok(schema.sync.origins.find('public', 'behind'));
});

test('expressions cannot reach beyond their own statement', async () => {
  await schema.define(
    `CREATE TABLE sly (a VARCHAR DEFAULT 'x''); DROP TABLE fine; --', b VARCHAR DEFAULT '\\''; DROP TABLE fine; --', c VARCHAR DEFAULT '$$;')`,
  );
  assert.ok(schema.sync.origins.find('public', 'sly'));
  assert.deepEqual(await mirror.refusals(), []);
  assert.deepEqual(await mirror.cells("SELECT to_regclass('public.fine') IS NOT NULL"), [['t']]);
});
