import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pgTypeOf } from '../../pgwire/types/pg-type.ts';
import { VERSION_TABLE } from './book.ts';
import { dumpCatalog } from './catalog-dump.testing.ts';
import { RandomDefinitions } from './random-schema.testing.ts';
import { TestMirror, TestSchema } from './schema.testing.ts';

let mirror: TestMirror;
before(async () => {
  mirror = await TestMirror.open();
});
after(() => mirror.close());

async function withSchema(work: (schema: TestSchema) => Promise<void>): Promise<void> {
  const schema = await TestSchema.open(mirror);
  try {
    await work(schema);
  } finally {
    schema.close();
  }
}

/** Every column of every table and view: what RowDescription says of it, and what pg_attribute does. */
async function compareWithWire(schema: TestSchema): Promise<number> {
  const relations = (
    await schema.connection.runAndReadAll(
      `SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND schema_name <> 'sqlens_internal'
       UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal`,
    )
  ).getRows();
  const attributes = await mirror.cells(
    `SELECT attrelid, attnum, attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0`,
  );
  const byNumber = new Map(attributes.map((row) => [`${row[0]} ${row[1]}`, row]));
  let compared = 0;
  for (const [schemaName, name] of relations) {
    const quote = (part: unknown) => `"${String(part).replaceAll('"', '""')}"`;
    const statement = await schema.connection
      .prepare(`SELECT * FROM ${quote(schemaName)}.${quote(name)}`)
      // A view of what is gone.
      .catch(() => undefined);
    if (statement === undefined) continue;
    const origin = schema.sync.origins.find(String(schemaName), String(name));
    assert.ok(origin, `${schemaName}.${name}`);
    for (let at = 0; at < statement.columnCount; at++) {
      const column = statement.columnName(at);
      const expected = pgTypeOf(statement.columnType(at));
      const attribute = byNumber.get(`${origin.oid} ${origin.attnums.get(column.toLowerCase())}`);
      assert.deepEqual(
        attribute?.slice(2),
        [column, String(expected.oid), String(expected.typmod)],
        `${schemaName}.${name}.${column}`,
      );
      compared++;
    }
    statement.destroySync();
  }
  return compared;
}

test('random definitions: what was changed step by step is what would be made from nothing', async () => {
  const seed = 20_261_122;
  console.log(`seed ${seed}`);
  const random = new RandomDefinitions(seed);
  await withSchema(async (schema) => {
    await schema.define('CREATE SCHEMA shop; CREATE SCHEMA "Odd ""one"; CREATE SEQUENCE shared');
    let defined = 0;
    let compared = 0;
    for (let round = 0; round < 12; round++) {
      for (let step = 0; step < 25; step++) {
        const isDefined = await schema.connection.run(random.next()).then(
          () => true,
          () => false,
        );
        if (!isDefined) continue;
        defined++;
        // Sometimes several definitions are applied at once.
        if (step % 3 === 0) continue;
        schema.sync.changed();
        await schema.sync.upToDate();
      }
      if (round % 4 === 3) await schema.restart();
      schema.sync.changed();
      await schema.sync.upToDate();
      compared += await compareWithWire(schema);
      const changed = await dumpCatalog(mirror);
      assert.deepEqual(await mirror.refusals(), []);
      await mirror.apply([`UPDATE ${VERSION_TABLE} SET version = 0`]);
      await schema.sync.rebuild();
      assert.deepEqual(changed, await dumpCatalog(mirror), `round ${round}`);
    }
    console.log(`${defined} definitions, ${compared} columns compared with the wire`);
    assert.ok(defined > 80 && compared > 200);
  });
});

async function oidOf(name: string): Promise<string | null | undefined> {
  const [row] = await mirror.cells(`SELECT to_regclass('${name}')::oid`);
  return row?.[0];
}

test('a relation keeps its OID through ALTER, RENAME and restarts', async () => {
  await withSchema(async (schema) => {
    await schema.define(
      `CREATE TABLE public.parts (id INTEGER PRIMARY KEY, a INTEGER, b VARCHAR, UNIQUE (b)); CREATE INDEX by_a ON parts (a);
       CREATE VIEW part AS SELECT id FROM parts`,
    );
    const table = await oidOf('public.parts');
    const key = await oidOf('public.parts_pkey');
    const view = await oidOf('public.part');
    await schema.define("DROP INDEX by_a; ALTER TABLE parts ADD COLUMN c DATE DEFAULT '2020-01-01'");
    await schema.define('ALTER TABLE parts RENAME a TO a2');
    await schema.define('ALTER TABLE parts ALTER a2 TYPE VARCHAR');
    await schema.define('CREATE OR REPLACE VIEW part AS SELECT id, b FROM parts');
    await schema.restart();
    assert.equal(await oidOf('public.parts'), table);
    await schema.define('ALTER TABLE parts RENAME TO pieces; ALTER VIEW part RENAME TO few');
    assert.deepEqual(
      [await oidOf('public.pieces'), await oidOf('public.pieces_pkey'), await oidOf('public.few')],
      [table, key, view],
    );
    assert.deepEqual(
      await mirror.cells(`SELECT attname FROM pg_attribute WHERE attrelid = ${table} AND attnum > 0`),
      [['id'], ['a2'], ['b'], ['c']],
    );
    const origin = schema.sync.origins.find('PUBLIC', 'Pieces');
    assert.equal(String(origin?.oid), table);
    assert.equal(origin?.attnums.get('c'), 4);
    assert.equal(schema.sync.origins.find('public', 'parts'), undefined);
    assert.deepEqual(await mirror.refusals(), []);
  });
});

test("tables that take over each other's names", async () => {
  await withSchema(async (schema) => {
    await schema.define(
      'CREATE TABLE one (a INTEGER PRIMARY KEY); CREATE TABLE two (b INTEGER UNIQUE); CREATE TABLE old (z INTEGER)',
    );
    const [one, two] = [await oidOf('public.one'), await oidOf('public.two')];
    await schema.define(
      'DROP TABLE old; ALTER TABLE one RENAME TO old; ALTER TABLE two RENAME TO one; ALTER TABLE old RENAME TO two',
    );
    assert.deepEqual([await oidOf('public.two'), await oidOf('public.one')], [one, two]);
    assert.equal(await oidOf('public.old'), null);
    const swapped = await dumpCatalog(mirror);
    assert.deepEqual(swapped.constraints, [
      ['public.one', 'one_b_key', 'UNIQUE (b)'],
      ['public.two', 'two_pkey', 'PRIMARY KEY (a)'],
    ]);
    await mirror.apply([`UPDATE ${VERSION_TABLE} SET version = 0`]);
    await schema.sync.rebuild();
    assert.deepEqual(await dumpCatalog(mirror), swapped);
  });
});

test('nothing is applied when nothing changed, neither now nor after a restart', async () => {
  await withSchema(async (schema) => {
    await schema.define(
      "CREATE TABLE t (a INTEGER DEFAULT 1, b VARCHAR[] DEFAULT ['x'], CHECK (len(b) > 0)); CREATE VIEW v AS FROM t",
    );
    const before = mirror.changes;
    await schema.define('INSERT INTO t (a) VALUES (2)');
    assert.equal(mirror.changes, before);
    await schema.restart();
    // The book is opened, no more.
    assert.equal(mirror.changes, before + 1);
  });
});

test('callers at one time share one run, and see what was committed before they called', async () => {
  await withSchema(async (schema) => {
    await schema.sync.upToDate();
    const before = mirror.changes;
    await schema.connection.run('CREATE TABLE first (a INTEGER)');
    schema.sync.changed();
    const waiting = [schema.sync.upToDate(), schema.sync.upToDate()];
    await schema.connection.run('CREATE TABLE second (a INTEGER)');
    schema.sync.changed();
    await Promise.all([...waiting, schema.sync.upToDate(), schema.sync.upToDate()]);
    assert.ok(schema.sync.isUpToDate);
    assert.ok((await oidOf('public.first')) && (await oidOf('public.second')));
    assert.ok(mirror.changes - before <= 2, `${mirror.changes - before}`);
  });
});

test('a session sees its temporary objects and what it has not committed, others do not', async () => {
  await withSchema(async (schema) => {
    await schema.define('CREATE TABLE shared (a INTEGER); CREATE TABLE doomed (a INTEGER)');
    const session = await schema.connect();
    const own = (stamp: number) => schema.sync.overlayFor({ connection: session, stamp });
    assert.deepEqual(await own(0), []);
    await session.run(
      'CREATE TEMP TABLE mine (x DECIMAL(5, 2) DEFAULT 1, e INTEGER[]); CREATE TEMP VIEW look AS SELECT 1 AS one; CREATE TEMP MACRO m(a) AS a',
    );
    await session.run(
      'BEGIN; ALTER TABLE shared ADD COLUMN b VARCHAR; DROP TABLE doomed; CREATE TABLE fresh (z DATE)',
    );
    const overlay = await own(1);
    const columns = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), c.relpersistence FROM pg_class AS c
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE c.relname IN ('mine', 'look', 'shared', 'doomed', 'fresh') ORDER BY 1, a.attnum`;
    assert.deepEqual(await mirror.cells(columns, overlay), [
      ['fresh', 'z', 'date', 'p'],
      ['look', 'one', 'integer', 't'],
      ['mine', 'x', 'numeric(5,2)', 't'],
      ['mine', 'e', 'integer[]', 't'],
      ['shared', 'a', 'integer', 'p'],
      ['shared', 'b', 'text', 'p'],
    ]);
    assert.deepEqual(
      await mirror.cells("SELECT 'mine'::regclass, pg_table_is_visible('mine'::regclass)", overlay),
      [['mine', 't']],
    );
    const committed = [
      ['doomed', 'a', 'integer', 'p'],
      ['shared', 'a', 'integer', 'p'],
    ];
    assert.deepEqual(await mirror.cells(columns), committed);
    assert.equal(await own(1), overlay, 'read once');
    await session.run('ROLLBACK; DROP TABLE mine; DROP VIEW look; DROP MACRO m');
    assert.deepEqual(await own(2), []);
    assert.deepEqual(await mirror.cells(columns), committed);
    session.closeSync();
  });
});

test('a view follows the tables below it', async () => {
  await withSchema(async (schema) => {
    await schema.define(
      'CREATE TABLE base (a INTEGER); CREATE VIEW "Over" AS FROM base; CREATE VIEW above AS FROM "Over"',
    );
    await schema.define('ALTER TABLE base ADD COLUMN b DATE');
    assert.equal(await compareWithWire(schema), 2 + 2 + 2 + 4);
    await schema.restart();
    assert.equal(await compareWithWire(schema), 2 + 2 + 2 + 4);
  });
});
