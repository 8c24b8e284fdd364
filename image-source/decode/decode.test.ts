import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { SqlensError } from '../../common/errors.ts';
import type { RgbImage } from '../api.ts';
import { decodeImage, decodeResized } from './decode.ts';
import { decoderVersion } from './engines.ts';
import { difference, expectedImages, expectedResizes, fixture } from './fixtures.testing.ts';
import { resizeImage } from './resize.ts';

/** Mean grey levels off Pillow: only lossy YCbCr with another upsampling or conversion may differ at all. */
function tolerance(name: string): number {
  if (/(?:rgb|odd-size|progressive|restart|orientation-6-progressive)\.jpg$/.test(name)) return 0.5;
  if (/(?:icc|rgb-444|grey|orientation-\d)\.jpg$/.test(name)) return 0.05;
  return name.endsWith('.avif') ? 0.5 : 0;
}

for (const [name, expected] of expectedImages) {
  test(`decodes ${name} as Pillow does`, async () => {
    const { mean } = difference(await decodeImage(fixture(name)), expected);
    assert.ok(mean <= tolerance(name), `${mean} grey levels off on average`);
  });
}

const REFUSED: Readonly<Record<string, RegExp>> = {
  'truncated.jpg': /JPEG image is truncated/,
  'truncated-header.jpg': /JPEG is truncated inside its header/,
  'truncated.png': /PNG image is truncated/,
  'truncated.gif': /GIF image is truncated/,
  'truncated.webp': /WEBP image is truncated/,
  'truncated.tif': /TIFF image is damaged/,
  'truncated.avif': /AVIF image is damaged/,
  'truncated.bmp': /BMP image is truncated/,
  'empty.jpg': /image is empty \(0 bytes\)/,
  'text.jpg': /content is text, not an image/,
  'svg.jpg': /SVG images are not supported/,
  'page.html.png': /content is an HTML page/,
};

for (const [name, message] of Object.entries(REFUSED)) {
  test(`refuses ${name}, decoded or resized`, async () => {
    const bytes = fixture(name);
    for (const attempt of [() => decodeImage(bytes), () => decodeResized(bytes, 8, 8)]) {
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof SqlensError);
        assert.equal(error.sqlState, '22000');
        assert.match(error.message, message);
        return true;
      });
    }
  });
}

test('every fixture has its expected answer', () => {
  const known = new Set([...expectedImages.keys(), ...Object.keys(REFUSED), 'resize.png', 'bomb.avif']);
  const files = readdirSync(new URL('../fixtures/', import.meta.url)).filter(
    (name) => !/\.(?:py|json)$/.test(name),
  );
  assert.deepEqual(
    files.filter((name) => !known.has(name)),
    [],
  );
  assert.ok(files.length >= 60);
});

for (const expected of expectedResizes) {
  test(`resizes to ${expected.width}×${expected.height} as Pillow's bilinear filter does`, async () => {
    const source = await decodeImage(fixture('resize.png'));
    const { mean, max } = difference(await resizeImage(source, expected.width, expected.height), expected);
    assert.ok(mean <= 0.34 && max <= 1, `mean ${mean}, max ${max}`);
  });
}

test('an image of the right size is not resampled', async () => {
  const source = await decodeImage(fixture('resize.png'));
  assert.equal(await resizeImage(source, source.width, source.height), source);
});

test('decoding and resizing in one call gives the same pixels as in two', async () => {
  for (const name of [
    'rgb.jpg',
    'grey.jpg',
    'progressive.jpg',
    'orientation-6.jpg',
    'cmyk.jpg',
    'rgba.png',
    'rgb.bmp',
  ]) {
    for (const [width, height] of [
      [11, 13],
      [40, 20],
      [24, 16],
    ] as const) {
      const whole = await resizeImage(await decodeImage(fixture(name)), width, height);
      const { max } = difference(await decodeResized(fixture(name), width, height), whole);
      assert.equal(max, 0, `${name} at ${width}×${height}`);
    }
  }
});

/** A picture without large flat areas, from its coordinates alone. */
function pattern(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = (at * 7 + (at >> 9) * 31 + ((at * at) >> 7)) & 255;
  return { width, height, data };
}

test('an image above the band size is resized to the same pixels as its parts would be', async () => {
  const wide = pattern(3001, 2003);
  // Below the band size nothing is cut: shrink the height alone of two column halves, then compare side by side.
  const resized = await resizeImage(wide, 3001, 217);
  for (const firstColumn of [0, 1500]) {
    const part: RgbImage = { width: 1501, height: 2003, data: new Uint8Array(1501 * 2003 * 3) };
    for (let row = 0; row < 2003; row++) {
      const from = (row * 3001 + firstColumn) * 3;
      part.data.set(wide.data.subarray(from, from + 1501 * 3), row * 1501 * 3);
    }
    const small = await resizeImage(part, 1501, 217);
    for (let row = 0; row < 217; row++) {
      const from = (row * 3001 + firstColumn) * 3;
      const whole = resized.data.subarray(from, from + 1501 * 3);
      assert.equal(Buffer.compare(whole, small.data.subarray(row * 1501 * 3, (row + 1) * 1501 * 3)), 0);
    }
  }
});

test('sizes that make no sense are refused before anything is decoded', async () => {
  for (const [width, height] of [
    [0, 5],
    [5, -1],
    [2.5, 5],
    [Number.NaN, 5],
    [16_385, 1],
  ] as const) {
    await assert.rejects(decodeResized(Buffer.from('not even an image'), width, height), {
      sqlState: '22023',
    });
  }
});

test('a caller may set a lower limit of pixels', async () => {
  await assert.rejects(decodeImage(fixture('rgb.png'), { maxPixels: 383 }), {
    sqlState: '54000',
    message: /24×16/,
  });
  assert.equal((await decodeImage(fixture('rgb.png'), { maxPixels: 384 })).width, 24);
});

test('the decoder version names the libraries', () => {
  assert.match(decoderVersion, /^rules-\d+\+napi-image-\d+\.\d+\.\d+\+vips-\d+\.\d+\.\d+\+/);
  assert.doesNotMatch(decoderVersion, /none|unknown/);
});
