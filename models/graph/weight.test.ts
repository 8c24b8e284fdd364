import assert from 'node:assert/strict';
import { it } from 'node:test';
import { halfToFloat } from '../keras/read/half.ts';
import { transposed } from './weight.ts';

it('transposes by moving axis order[i] to i', () => {
  // [[1, 2, 3], [4, 5, 6]]
  const matrix = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual([...transposed(matrix, [2, 3], [1, 0])], [1, 4, 2, 5, 3, 6]);
  const cube = Float32Array.from({ length: 24 }, (_, i) => i);
  const moved = transposed(cube, [2, 3, 4], [2, 0, 1]);
  for (let a = 0; a < 2; a++) {
    for (let b = 0; b < 3; b++) {
      for (let c = 0; c < 4; c++) assert.equal(moved[c * 6 + a * 3 + b], cube[a * 12 + b * 4 + c]);
    }
  }
});

it('widens halves exactly', () => {
  // Bits and values from IEEE 754: 1, -2, largest, smallest normal, smallest subnormal, a third, infinity.
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555, 0x7c00, 0x8000);
  const values = [1, -2, 65504, 2 ** -14, 2 ** -24, 0.333251953125, Number.POSITIVE_INFINITY, -0];
  assert.deepEqual([...halfToFloat(bits)], values);
  assert.ok(Number.isNaN(halfToFloat(Uint16Array.of(0x7e00))[0]));
});
