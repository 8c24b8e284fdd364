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
