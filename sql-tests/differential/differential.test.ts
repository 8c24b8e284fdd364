/**
 * Random SELECTs over a table in which the models' answers also stand as columns: with model calls and with those
 * columns they must give the same rows, and no input may be inferred twice.
 *
 * SQLENS_DIFFERENTIAL_COUNT: how many statements (default 300); SQLENS_SEED: the first one's seed (default 1).
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FileRun } from '../slt/run-file.ts';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer, type TestSession, type TextResult } from '../slt/test-server.ts';
import { type GeneratedStatement, generateStatement, randomNumbers } from './generate.ts';

const count = Number(process.env.SQLENS_DIFFERENTIAL_COUNT ?? 300);
const firstSeed = Number(process.env.SQLENS_SEED ?? 1);

const ROW_COUNT = 40;
/** Images that differ; each is asked of two models. */
const IMAGE_COUNT = 8;

const room = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
let folders: WorkFolders;
let server: TestServer;
let session: TestSession;

before(async () => {
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
  const setup = new FileRun(server, folders.variables);
  await setup.file(path.join(room, 'models.inc'));
  await setup.file(path.join(room, 'setup.inc'));
  setup.throwFailures();
  session = await server.session('differential');
  // Every fifth row has no image.
  await session.query(
    `CREATE TABLE t AS
     SELECT i::INTEGER AS id, (i * 7 % 5)::INTEGER AS k, chr((97 + i % 3)::INTEGER) AS s,
            CASE WHEN i % 5 <> 0 THEN image END AS image, CASE WHEN i % 5 <> 0 THEN class END AS class,
            CASE WHEN i % 5 <> 0 THEN light END::FLOAT AS light
     FROM range(${ROW_COUNT}) AS r(i) JOIN pics ON pics.id = 1 + i % ${IMAGE_COUNT}`,
  );
  // Closing writes the table to the file: compressed columns are evaluated in other ways than fresh ones.
  await server.close();
  await server.start();
  session = await server.session('differential');
});
after(async () => {
  await server.close();
  await folders.remove();
});

/** Ways to get a SELECT's rows. */
const WAYS: readonly ((sql: string) => Promise<TextResult>)[] = [
  (sql) => session.query(sql),
  (sql) => session.query(sql, []),
  async (sql) => {
    await session.query(`CREATE OR REPLACE TEMP TABLE result AS ${sql}`);
    return session.query('SELECT * FROM result');
  },
  async (sql) => {
    await session.query('BEGIN; CREATE TABLE written (a INTEGER)');
    try {
      return await session.query(sql);
    } finally {
      await session.query('ROLLBACK');
    }
  },
];

test(`${count} random statements from seed ${firstSeed}`, { timeout: 600_000 }, async (context) => {
  const start = await server.inferredCount();
  let empty = 0;
  let inferred = 0;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const salt = 1000 * (seed - firstSeed + 1);
    const statement = generateStatement(randomNumbers(seed), salt);
    const way = seed % WAYS.length;
    const before = await server.inferredCount();
    const [answered, plain] = await bothWays(seed, statement, way);
    // A temporary table has no order.
    if (!statement.ordered || way === 2) for (const rows of [answered, plain]) rows.sort();
    assert.deepEqual(answered, plain, `seed ${seed}:\n${statement.withModels}\n${statement.withColumns}`);
    if (plain.length === 0) empty++;
    const asked = (await server.inferredCount()) - before;
    // Each row is one input of warmth at most, and each image one of two others, once in all.
    assert.ok(
      asked <= ROW_COUNT + 2 * IMAGE_COUNT,
      `seed ${seed} inferred ${asked} inputs:\n${statement.withModels}`,
    );
    inferred += asked;
  }
  context.diagnostic(`${inferred} inputs inferred, ${empty} results empty`);
  assert.ok(empty < count / 2, `${empty} of ${count} results are empty: the generator tests little`);
  assert.equal(inferred, (await server.inferredCount()) - start);
  assert.ok(inferred > count, 'hardly anything was asked');
});

async function bothWays(
  seed: number,
  statement: GeneratedStatement,
  way: number,
): Promise<[answered: string[], plain: string[]]> {
  const run = WAYS[way] ?? session.query;
  const rowsOf = async (sql: string) => {
    try {
      return (await run(sql)).rows.map((row) => JSON.stringify(row));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`seed ${seed}: ${message}\n${sql}`, { cause: error });
    }
  };
  const plain = await rowsOf(statement.withColumns);
  return [await rowsOf(statement.withModels), plain];
}
