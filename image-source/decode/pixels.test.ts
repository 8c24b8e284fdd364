import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cmykToRgb, toRgb } from './pixels.ts';

test('every layout becomes RGB, whatever the number of pixels and the alignment', () => {
  for (const pixelCount of [1, 2, 3, 4, 5, 7, 8, 130]) {
    for (const offset of [0, 1, 2]) {
      const rgb = Array.from({ length: pixelCount * 3 }, (_, index) => (index * 37 + 11) & 255);
      const pixels = Array.from({ length: pixelCount }, (_, index) => rgb.slice(index * 3, index * 3 + 3));
      const placed = (bytes: number[]) => {
        const memory = new Uint8Array(bytes.length + offset);
        memory.set(bytes, offset);
        return memory.subarray(offset);
      };
      const rgba = placed(pixels.flatMap(([r = 0, g = 0, b = 0]) => [r, g, b, 255 - r]));
      const bgra = placed(pixels.flatMap(([r = 0, g = 0, b = 0]) => [b, g, r, 7]));
      assert.deepEqual([...toRgb(rgba, pixelCount, 'rgba')], rgb);
      assert.deepEqual([...toRgb(bgra, pixelCount, 'bgra')], rgb);
      assert.deepEqual([...toRgb(placed(rgb), pixelCount, 'rgb')], rgb);
      const greys = pixels.map(([r = 0]) => r);
      const repeated = greys.flatMap((grey) => [grey, grey, grey]);
      assert.deepEqual([...toRgb(placed(greys), pixelCount, 'grey')], repeated);
      assert.deepEqual(
        [...toRgb(placed(greys.flatMap((grey) => [grey, 3])), pixelCount, 'grey-alpha')],
        repeated,
      );
    }
  }
});

test('a wrong number of bytes is never taken for pixels', () => {
  assert.throws(() => toRgb(new Uint8Array(11), 3, 'rgba'), { sqlState: 'XX000' });
  assert.throws(() => toRgb(new Uint8Array(13), 3, 'rgba'), { sqlState: 'XX000' });
});

test('inks: none is white, black is black, half of one takes half of its light', () => {
  const inks = Uint8Array.of(0, 0, 0, 0, 9, 9, 9, 255, 255, 0, 0, 0, 0, 128, 0, 0);
  assert.deepEqual([...cmykToRgb(inks, 4)], [255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 127, 255]);
});
