import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TensorSpec } from '../../models/artifact.ts';
import { packTensors, unpackTensors } from './messages.ts';
import { shapesFor } from './prepare.ts';

function spec(name: string, ...shape: (number | null)[]): TensorSpec {
  return { name, type: 'float32', shape };
}

test('the length of a list decides a free axis', () => {
  assert.deepEqual(shapesFor([spec('x', 3)], 3), [[3]]);
  assert.deepEqual(shapesFor([spec('x', 2, 3)], 6), [[2, 3]]);
  assert.deepEqual(shapesFor([spec('x')], 1), [[]]);
  assert.deepEqual(shapesFor([spec('x', null, 3)], 12), [[4, 3]]);
  assert.deepEqual(shapesFor([spec('a', 2), spec('b', null)], 7), [[2], [5]]);
});

test('a length that does not fit is told with what would', () => {
  const cases: [TensorSpec[], number, RegExp][] = [
    [[spec('x', 3)], 4, /takes 3 numbers, but 4 were given/],
    [[spec('a', 3), spec('b', 4)], 0, /takes 7 numbers, but 0 were given/],
    [[spec('x', null, 3)], 7, /takes a multiple of 3 numbers, but 7 were given/],
    [[spec('x', null, 3)], 0, /a multiple of 3/],
    [[spec('a', 2), spec('b', null, 2)], 5, /takes 2 and a multiple of 2 numbers, but 5 were given/],
  ];
  for (const [specs, length, message] of cases) {
    assert.throws(() => shapesFor(specs, length), { sqlState: '22023', message });
  }
  assert.throws(() => shapesFor([spec('x', null, null)], 4), { sqlState: '0A000' });
});

test('tensors of several outputs and lengths come out of the package as they went in', () => {
  const rows = [4, 0, 2];
  const tensors = [
    [Float32Array.of(1, 2), Float32Array.of(3)],
    [new Float32Array(), Float32Array.of(4)],
    [Float32Array.of(5), Float32Array.of(6)],
  ];
  const unpacked = unpackTensors(packTensors(rows, tensors));
  assert.deepEqual(
    unpacked,
    rows.map((row, k) => ({ row, tensors: tensors[k] })),
  );
  assert.deepEqual(unpackTensors(packTensors([], [])), []);
});
