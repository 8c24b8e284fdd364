import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DuckDBConnection, DuckDBInstance, DuckDBScalarFunction, INTEGER } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { AnswerStore } from './answers.ts';
import type { ResultShape } from './shapes.ts';
import { bestLabel, bestLabels, flatVector, oneNumber, topIndexes } from './shapes.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;

before(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});

after(() => {
  connection.closeSync();
  instance.closeSync();
});

const LIMITS = { idle_bytes: 1 << 20, busy_bytes: 1 << 20 };
let functionCount = 0;

/** Answers `scores` for inputs 0 … n-1 and NULL for others, through a real DuckDB function of the shape. */
async function throughEngine(
  shape: ResultShape,
  scores: readonly number[][],
  query: string,
): Promise<unknown[][]> {
  const store = new AnswerStore(shape.width, LIMITS);
  scores.forEach((tensor, at) => {
    const { value, size_bytes } = shape.toValue({ kind: 'tensors', tensors: [Float32Array.from(tensor)] });
    store.add(`input ${at}`, value, size_bytes);
  });
  const name = `shape_${functionCount++}`;
  const definition = new DuckDBScalarFunction();
  definition.setName(name);
  definition.addParameter(INTEGER);
  definition.setReturnType(shape.returnType);
  duckdb.scalar_function_set_function(definition.scalar_function, (_, chunk, output) => {
    const count = duckdb.data_chunk_get_size(chunk);
    const bytes = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, 0), count * 4);
    const inputs = new Int32Array(bytes.buffer, bytes.byteOffset, count);
    shape.write(
      output,
      inputs.map((input) => (input < scores.length ? input : -1)),
      store,
    );
  });
  connection.registerScalarFunction(definition);
  const cast = shape.castTo === undefined ? '' : `::${shape.castTo}`;
  const reader = await connection.runAndReadAll(query.replaceAll('f(i)', `(${name}(i)${cast})`));
  return reader.getRowsJS().map((row) => [...row]);
}

test('the best labels, best first, ties in the order of the labels, NULL where there is no answer', async () => {
  const labels = ['a', 'b', 'c', 'b'].map((label, at) => ({ class: label, description: `${label} ${at}` }));
  const rows = await throughEngine(
    bestLabels(labels, 3),
    [
      [0.25, 0.5, 0.25, 0],
      [0, 0, 0, 1],
    ],
    'SELECT f(i)[1].class, f(i)[2].description, f(i)[3].class, len(f(i)), f(i)[1].probability FROM (VALUES (0), (1), (2)) t(i)',
  );
  assert.deepEqual(rows, [
    ['b', 'a 0', 'c', 3n, 0.5],
    ['b', 'a 0', 'b', 3n, 1],
    [null, null, null, null, null],
  ]);
});

test('vectors longer than a chunk, with NULLs in between', async () => {
  const rows = await throughEngine(
    flatVector(3),
    Array.from({ length: 5000 }, (_, at) => [at, at + 0.5, -at]),
    'SELECT count(f(i)), sum(f(i)[1]), sum(f(i)[2]), sum(len(f(i))) FROM (SELECT (i * 2)::INT AS i FROM range(5000) r(i))',
  );
  const sum = (2500 * 2499) / 2;
  assert.deepEqual(rows, [[2500n, 2 * sum, 2 * sum + 1250, 7500n]]);
});

test('one number, and the best label alone among more than 255', async () => {
  assert.deepEqual(
    await throughEngine(oneNumber(), [[1.5], [-2]], 'SELECT f(i) FROM (VALUES (0), (1), (2)) t(i)'),
    [[1.5], [-2], [null]],
  );
  const labels = Array.from({ length: 300 }, (_, at) => ({ class: `l${at}`, description: '' }));
  const scores = labels.map((_, at) => (at === 299 ? 2 : 1));
  assert.deepEqual(
    await throughEngine(bestLabel(labels), [scores], 'SELECT f(i) FROM (VALUES (0), (7)) t(i)'),
    [['l299'], [null]],
  );
});

test('topIndexes agrees with sorting, and puts NaN last', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  for (let round = 0; round < 200; round++) {
    const scores = Float32Array.from(
      { length: 1 + Math.floor(random() * 20) },
      () => Math.floor(random() * 6) / 5,
    );
    const k = 1 + Math.floor(random() * scores.length);
    const sorted = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
    assert.deepEqual(topIndexes(scores, k), sorted.slice(0, k));
  }
  assert.deepEqual(topIndexes(Float32Array.of(Number.NaN, 1, 0), 3), [1, 2, 0]);
});

test('a model that gives another number of values than its manifest promises is an error, not a wrong row', () => {
  assert.throws(
    () => flatVector(3).toValue({ kind: 'tensors', tensors: [Float32Array.of(1, 2)] }),
    /gave 2 numbers/,
  );
});
