import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TensorSpec } from '../../models/artifact.ts';
import type { TensorInput } from '../api.ts';
import { packTensors, unpackTensors } from './messages.ts';
import { shapeFor } from './prepare.ts';

function spec(name: string, ...shape: (number | null)[]): TensorSpec {
  return { name, type: 'float32', shape };
}

/** As a flat list of so many numbers, or nested. */
function flat(length: number) {
  return { values: new Float32Array(length) };
}

function nested(...shape: number[]) {
  return { values: new Float32Array(shape.reduce((product, size) => product * size, 1)), shape };
}

test('a list has the shape of the input: flat as its length says, nested as it is', () => {
  assert.deepEqual(shapeFor(spec('x', 3), flat(3)), [3]);
  assert.deepEqual(shapeFor(spec('x', 2, 3), flat(6)), [2, 3]);
  assert.deepEqual(shapeFor(spec('x'), flat(1)), []);
  assert.deepEqual(shapeFor(spec('x', null, 3), flat(12)), [4, 3]);
  assert.deepEqual(shapeFor(spec('x', null), flat(5)), [5]);
  assert.deepEqual(shapeFor(spec('x', 2, 3), nested(2, 3)), [2, 3]);
  assert.deepEqual(shapeFor(spec('x', null, null), nested(4, 7)), [4, 7]);
});

test('what does not fit is told with what would', () => {
  const cases: [TensorSpec, TensorInput['shape'], number, RegExp][] = [
    [spec('x', 3), undefined, 4, /input "x" takes 3 numbers, row has 4$/],
    [spec('x', 3, 4), undefined, 11, /input "x" takes 12 numbers \(3×4\), row has 11$/],
    [spec('x', 3, 4), [4, 3], 12, /takes 12 numbers \(3×4\), row has 12 \(4×3\)$/],
    [spec('x', 3, 4), 'ragged', 11, /takes 12 numbers \(3×4\), row has lists of unequal lengths$/],
    [spec('x', null, 3), undefined, 7, /takes \?×3 numbers, row has 7$/],
    [spec('x', null, 3), undefined, 0, /row has 0$/],
    [spec('x', null), [0], 0, /takes any number of numbers, row has 0/],
  ];
  for (const [tensor, shape, length, message] of cases) {
    const input = shape === undefined ? flat(length) : { ...flat(length), shape };
    assert.throws(() => shapeFor(tensor, input), { sqlState: '22023', message });
  }
  assert.throws(() => shapeFor(spec('x', null, null), flat(4)), { sqlState: '0A000' });
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
