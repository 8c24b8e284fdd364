import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { RgbImage } from '../api.ts';
import { decodeImage, decodeResized } from './decode.ts';
import { difference, fixture } from './fixtures.testing.ts';
import { resizeImage } from './resize.ts';
import {
  INTERPOLATIONS,
  type Interpolation,
  RESIZE_FITS,
  type ResizeFit,
  regionOf,
} from './resize-method.ts';

interface Recorded {
  readonly sources: Readonly<Record<string, { width: number; height: number; pixels: string }>>;
  readonly cases: readonly {
    readonly source: string;
    readonly fit: ResizeFit;
    readonly interpolation: Interpolation;
    readonly width: number;
    readonly height: number;
    readonly pixels: string;
  }[];
}

const recorded: Recorded = JSON.parse(
  readFileSync(new URL('../fixtures/resizes.json', import.meta.url), 'utf8'),
);

/** Recorded pixels, of one channel or three, as RGB. */
function imageOf({ width, height, pixels }: { width: number; height: number; pixels: string }): RgbImage {
  const data = Buffer.from(pixels, 'base64');
  const channels = data.length / (width * height);
  return {
    width,
    height,
    data:
      channels === 3
        ? data
        : Uint8Array.from({ length: width * height * 3 }, (_, at) => data[Math.floor(at / 3)] ?? 0),
  };
}

/** Which axis comes first decides what is rounded, and where the overshoot of bicubic is cut off. */
const LARGEST_DIFFERENCE: Readonly<Record<Interpolation, number>> = {
  nearest: 0,
  area: 1,
  bilinear: 2,
  bicubic: 12,
};

test('every way of resizing is recorded, for colour and for grey', () => {
  const ways = new Set(recorded.cases.map((c) => `${c.source} ${c.fit} ${c.interpolation}`));
  assert.equal(ways.size, 2 * RESIZE_FITS.length * INTERPOLATIONS.length);
});

for (const expected of recorded.cases) {
  const { source, fit, interpolation, width, height } = expected;
  test(`${source} to ${width}×${height}, ${fit}, ${interpolation}: as Pillow`, async () => {
    const image = recorded.sources[source];
    assert.ok(image !== undefined);
    const resized = await resizeImage(imageOf(image), width, height, { fit, interpolation });
    const { mean, max } = difference(resized, imageOf(expected));
    assert.ok(mean <= 0.4, `mean ${mean}`);
    assert.ok(max <= LARGEST_DIFFERENCE[interpolation], `max ${max}`);
  });
}

test('an image file is resized to the same pixels as what is decoded from it', async () => {
  for (const fit of RESIZE_FITS) {
    for (const interpolation of INTERPOLATIONS) {
      const resize = { fit, interpolation };
      for (const name of ['odd-size.jpg', 'orientation-6.jpg', 'rgba.png']) {
        const whole = await resizeImage(await decodeImage(fixture(name)), 20, 33, resize);
        const { max } = difference(await decodeResized(fixture(name), 20, 33, { resize }), whole);
        assert.equal(max, 0, `${name}, ${fit}, ${interpolation}`);
      }
    }
  }
});

test('a line of pixels is padded without an image of its width squared', async () => {
  const line: RgbImage = { width: 16_000, height: 1, data: new Uint8Array(48_000).fill(200) };
  const before_bytes = process.memoryUsage().arrayBuffers;
  const resized = await resizeImage(line, 224, 224, { fit: 'pad', interpolation: 'bilinear' });
  assert.ok(process.memoryUsage().arrayBuffers - before_bytes < 200 * 2 ** 20);
  assert.equal(resized.data[0], 0);
  assert.ok(resized.data.some((level) => level > 0));
});

test('images above the band size are cropped and padded like their halves', async () => {
  const side = 2100;
  const data = Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * 7 + ((at * at) >> 9)) & 255);
  const image = { width: side, height: side, data };
  const fits: readonly [number, number][] = [
    [64, 32],
    [32, 64],
  ];
  for (const [width, height] of fits) {
    const region = regionOf(image, { width, height }, 'crop');
    assert.equal(region.width * height, region.height * width);
    const cropped = await resizeImage(image, width, height, { fit: 'crop', interpolation: 'area' });
    const square = await resizeImage(image, 64, 64, { fit: 'stretch', interpolation: 'area' });
    const top = (64 - height) / 2;
    const left = (64 - width) / 2;
    let off = 0;
    for (let row = 0; row < height; row++) {
      for (let at = 0; at < width * 3; at++) {
        const there = square.data[((row + top) * 64 + left) * 3 + at] ?? 0;
        off = Math.max(off, Math.abs((cropped.data[row * width * 3 + at] ?? 0) - there));
      }
    }
    assert.ok(off <= 2, `${width}×${height}: ${off}`);
  }
});
