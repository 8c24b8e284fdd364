import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBScalarFunction,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import { readAst, writeAst } from './ast.ts';
import { guard } from './guard.ts';
import { seedSamples } from './repeatable-samples.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
const asked: number[] = [];

before(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: 'm',
      parameterTypes: [INTEGER],
      returnType: VARCHAR,
      mainFunction(_, chunk, output) {
        const inputs = chunk.getColumnVector(0);
        for (let row = 0; row < chunk.rowCount; row++) {
          const input = Number(inputs.getItem(row));
          asked.push(input);
          output.setItem(row, input % 2 === 0 ? 'even' : 'odd');
        }
        output.flush();
      },
    }),
  );
  await connection.run('CREATE TABLE t AS SELECT i::INT AS i, (i * 7919) % 1000 AS k FROM range(20000) r(i)');
});

after(() => {
  connection.closeSync();
  instance.closeSync();
});

async function run(sql: string): Promise<{ rows: string; asked: number }> {
  asked.length = 0;
  const rows = (await connection.runAndReadAll(sql)).getRowsJson();
  return { rows: JSON.stringify(rows), asked: asked.length };
}

async function guarded(sql: string): Promise<string> {
  const tree = await readAst(connection, sql);
  assert.ok(tree !== undefined, sql);
  return guard(tree, new Set(['m'])) ? writeAst(connection, tree) : sql;
}

test('guarded statements give the same rows and ask for less', async () => {
  const statements = [
    "SELECT i FROM t WHERE sqrt(k) < 1.5 AND m(i) = 'even' ORDER BY i",
    "SELECT i FROM t WHERE m(i) = 'even' AND (k < 3 OR k > 998) ORDER BY i",
    "SELECT count(*) FROM t WHERE m(i) = 'odd' AND k + i < 100 AND m(i) <> 'x'",
    "SELECT * FROM (SELECT i FROM t WHERE contains(k::VARCHAR, '77') AND m(i) = 'odd') ORDER BY ALL",
  ];
  for (const sql of statements) {
    const plain = await run(sql);
    const better = await run(await guarded(sql));
    assert.equal(better.rows, plain.rows, sql);
    assert.ok(better.asked <= plain.asked, `${sql}: ${better.asked} asked, ${plain.asked} without`);
    assert.ok(better.asked < 2500, `${sql}: ${better.asked} asked`);
  }
});

test('volatile conditions are not evaluated twice, and statements without a model are left alone', async () => {
  assert.doesNotMatch(await guarded("SELECT i FROM t WHERE random() < 0.5 AND m(i) = 'odd'"), /CASE/);
  const sql = 'SELECT i FROM t WHERE k < 3 AND i > 5';
  assert.equal(await guarded(sql), sql);
});

test('numbers survive the tree', async () => {
  const sql = "SELECT 9007199254740993, 0.1000000000000000055 FROM t WHERE k = 1 AND m(i) = 'odd' LIMIT 1";
  const text = await guarded(sql);
  assert.match(text, /9007199254740993/);
  assert.match(text, /0\.1000000000000000055/);
});

test('a statement that cannot be serialised is left alone', async () => {
  assert.equal(await readAst(connection, 'SELECT 1e400 FROM t'), undefined);
  assert.equal(await readAst(connection, 'CREATE TABLE x (a INT)'), undefined);
});

test('a sample without a seed gets one', async () => {
  const tree = await readAst(connection, 'SELECT i FROM t USING SAMPLE 10 ROWS');
  assert.ok(tree !== undefined);
  assert.equal(seedSamples(tree, 0.25), true);
  const text = await writeAst(connection, tree);
  assert.equal((await run(text)).rows, (await run(text)).rows);
  const seeded = await readAst(connection, 'SELECT i FROM t TABLESAMPLE reservoir(10) REPEATABLE (7)');
  assert.ok(seeded !== undefined);
  assert.equal(seedSamples(seeded, 0.25), false);
});
