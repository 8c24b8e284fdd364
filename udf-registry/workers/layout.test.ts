import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageInput } from '../../models/artifact.ts';
import { fromHalfBits } from './half.ts';
import { PixelWriter } from './layout.ts';

const base: ImageInput = {
  tensor: 'image',
  type: 'uint8',
  layout: 'nhwc',
  channels: 3,
  channelOrder: 'rgb',
  height: 1,
  width: 2,
  scale: [1, 1, 1],
  offset: [0, 0, 0],
  dynamicBatch: true,
};

/** Two pixels, R G B. */
const PIXELS = Uint8Array.of(1, 2, 3, 40, 50, 60);

/** What stands in the second row of a batch of three, after checking that the others stay empty. */
function laidOut(change: Partial<ImageInput>): number[] {
  const writer = new PixelWriter({ ...base, ...change });
  const buffer = writer.allocate(3);
  writer.write(PIXELS, buffer, 1);
  const rows = [0, 1, 2].map((row) => [
    ...buffer.subarray(row * writer.rowLength, (row + 1) * writer.rowLength),
  ]);
  const empty = Array.from({ length: writer.rowLength }, () => 0);
  assert.deepEqual([rows[0], rows[2]], [empty, empty]);
  return rows[1] ?? [];
}

test('pixels as they are', () => {
  assert.deepEqual(laidOut({}), [1, 2, 3, 40, 50, 60]);
});

test('planes', () => {
  assert.deepEqual(laidOut({ layout: 'nchw' }), [1, 40, 2, 50, 3, 60]);
});

test('scale and offset belong to the channel in the order of the input', () => {
  const bgr = { channelOrder: 'bgr', type: 'float32', scale: [1, 10, 100], offset: [0.5, 0, -1] } as const;
  assert.deepEqual(laidOut(bgr), [3.5, 20, 99, 60.5, 500, 3999]);
  assert.deepEqual(laidOut({ ...bgr, layout: 'nchw' }), [3.5, 60.5, 20, 500, 99, 3999]);
});

test('half floats are held as their bits', () => {
  const values = laidOut({ type: 'float16', scale: [1 / 255, 1 / 255, 1 / 255] }).map(fromHalfBits);
  values.forEach((value, at) => {
    assert.ok(Math.abs(value - (PIXELS[at] ?? 0) / 255) < 2e-4);
  });
});

test('one channel is the luma that Pillow computes', () => {
  // Image.new('RGB', (1, 1), c).convert('L') for these colours gives 2 and 48; pure colours 76, 150 and 29.
  assert.deepEqual(laidOut({ channels: 1 }), [2, 48]);
  const writer = new PixelWriter({ ...base, channels: 1, width: 3 });
  const buffer = writer.allocate(1);
  writer.write(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), buffer, 0);
  assert.deepEqual([...buffer], [76, 150, 29]);
});

test('bytes are rounded and stay within their range', () => {
  assert.deepEqual(laidOut({ scale: [-1, 0.5, 10], offset: [2, 0.2, 0] }), [1, 1, 30, 0, 25, 255]);
});
