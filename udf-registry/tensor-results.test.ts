import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DuckDBConnection, DuckDBInstance, DuckDBScalarFunction, INTEGER } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { AnswerStore } from './answers.ts';
import { type ServedOutput, tensorResult } from './tensor-results.ts';

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

const LIMITS = { idle_bytes: 1 << 28, busy_bytes: 1 << 28 };
let functionCount = 0;

/** Answers for inputs 0 … n-1 and NULL for others, through a real DuckDB function. */
async function throughEngine(
  outputs: readonly ServedOutput[],
  answers: readonly (readonly (readonly number[])[])[],
  query: string,
): Promise<unknown[][]> {
  const shape = tensorResult(outputs);
  const store = new AnswerStore(shape.width, LIMITS);
  answers.forEach((tensors, at) => {
    const floats = tensors.map((numbers) => Float32Array.from(numbers));
    const { value, size_bytes } = shape.toValue({ kind: 'tensors', tensors: floats });
    store.add(`input ${at}`, value, size_bytes);
  });
  const name = `tensor_${functionCount++}`;
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
      inputs.map((input) => (input < answers.length ? input : -1)),
      store,
    );
  });
  connection.registerScalarFunction(definition);
  const reader = await connection.runAndReadAll(query.replaceAll('f(i)', `${name}(i)`));
  return reader.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
}

const type = (shape: readonly (number | null)[]) =>
  tensorResult([{ name: 'y', shape }]).returnType.toString();

test('types keep the shape, outer axis first; what is large or free is a list from there outwards', () => {
  assert.equal(type([]), 'FLOAT');
  assert.equal(type([1, 1]), 'FLOAT');
  assert.equal(type([3]), 'FLOAT[3]');
  assert.equal(type([4, 5]), 'FLOAT[5][4]');
  assert.equal(type([null]), 'FLOAT[]');
  assert.equal(type([null, 5]), 'FLOAT[5][]');
  assert.equal(type([4, null]), 'FLOAT[][]');
  assert.equal(type([8192]), 'FLOAT[8192]');
  assert.equal(type([8193]), 'FLOAT[]');
  assert.equal(type([128, 128, 3]), 'FLOAT[3][128][]');
  assert.throws(() => type([null, null]), { sqlState: '0A000' });
});

test('matrices over several chunks, with NULLs in between', async () => {
  const answers = Array.from({ length: 5000 }, (_, at) => [[at, at + 1, at + 2, -at, -at - 1, -at - 2]]);
  const rows = await throughEngine(
    [{ name: 'y', shape: [2, 3] }],
    answers,
    `SELECT count(f(i)), sum(f(i)[1][3] - i), sum(f(i)[2][1] + i), count(*) FILTER (f(i)[2][3] <> -i - 2)
     FROM (SELECT (i * 2)::INTEGER AS i FROM range(5000) r(i))`,
  );
  assert.deepEqual(rows, [['2500', '5000', '0', '0']]);
});

test('rows of different lengths', async () => {
  const rows = await throughEngine(
    [{ name: 'y', shape: [null, 2] }],
    Array.from({ length: 4000 }, (_, at) => [Array.from({ length: 2 * (at % 4) }, (_, k) => 10 * at + k)]),
    `SELECT i, f(i)::VARCHAR FROM (SELECT i::INTEGER AS i FROM range(0, 4100) r(i)) WHERE i IN (0, 1, 2, 3999, 4050) ORDER BY i`,
  );
  assert.deepEqual(rows, [
    ['0', '[]'],
    ['1', '[[10.0, 11.0]]'],
    ['2', '[[20.0, 21.0], [22.0, 23.0]]'],
    ['3999', '[[39990.0, 39991.0], [39992.0, 39993.0], [39994.0, 39995.0]]'],
    ['4050', null],
  ]);
  const inner = await throughEngine(
    [{ name: 'y', shape: [2, null] }],
    [[[1, 2, 3, 4, 5, 6]], [[7, 8]]],
    'SELECT f(i)::VARCHAR FROM (VALUES (0), (9), (1), (0)) t(i)',
  );
  assert.deepEqual(inner.flat(), [
    '[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]',
    null,
    '[[7.0], [8.0]]',
    '[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]',
  ]);
});

test('outer axes as lists', async () => {
  const numbers = Array.from({ length: 3 * 5000 }, (_, k) => k);
  const rows = await throughEngine(
    [{ name: 'y', shape: [3, 5000] }],
    [[numbers], [numbers.map((k) => -k)]],
    'SELECT len(f(i)), f(i)[1][5000], f(i)[3][1], f(i)[3][5000] FROM (VALUES (5), (0), (1)) t(i)',
  );
  assert.deepEqual(rows, [
    [null, null, null, null],
    ['3', '4999', '10000', '14999'],
    ['3', '-4999', '-10000', '-14999'],
  ]);
});

test('several outputs, whose fields are NULL where the row is', async () => {
  const outputs = [
    { name: 'total', shape: [1] },
    { name: 'Total', shape: [2] },
    { name: '', shape: [] },
  ];
  const rows = await throughEngine(
    outputs,
    [
      [[1], [2, 3], [4]],
      [[5], [6, 7], [8]],
    ],
    `SELECT f(i)::VARCHAR, f(i).total, f(i)."Total_2"[2], f(i).output_3 FROM (VALUES (1), (3), (0)) t(i)`,
  );
  assert.deepEqual(rows, [
    ["{'total': 5.0, 'Total_2': [6.0, 7.0], 'output_3': 8.0}", '5', '7', '8'],
    [null, null, null, null],
    ["{'total': 1.0, 'Total_2': [2.0, 3.0], 'output_3': 4.0}", '1', '3', '4'],
  ]);
  const loose = await throughEngine(
    [
      { name: 'a', shape: [null] },
      { name: 'b', shape: [2] },
    ],
    [
      [
        [1, 2, 3],
        [4, 5],
      ],
      [[], [6, 7]],
    ],
    'SELECT f(i).a::VARCHAR, f(i).b::VARCHAR FROM (VALUES (0), (2), (1), (0)) t(i)',
  );
  assert.deepEqual(loose, [
    ['[1.0, 2.0, 3.0]', '[4.0, 5.0]'],
    [null, null],
    ['[]', '[6.0, 7.0]'],
    ['[1.0, 2.0, 3.0]', '[4.0, 5.0]'],
  ]);
});

test('another number of values than promised is an error, not a wrong row', () => {
  const wrong = (shape: readonly (number | null)[], count: number) => () =>
    tensorResult([{ name: 'y', shape }]).toValue({ kind: 'tensors', tensors: [new Float32Array(count)] });
  assert.throws(wrong([2, 3], 5), /gave 5 numbers where its manifest promises 2×3/);
  assert.throws(wrong([null, 3], 7), /gave 7 numbers where its manifest promises \?×3/);
  assert.throws(wrong([1], 2), /gave 2 numbers where its manifest promises 1/);
});
