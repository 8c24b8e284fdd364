import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeImage } from './decode.ts';
import { expectedImages, fixture } from './fixtures.testing.ts';
import { imageInfo } from './info.ts';
import { thumbnail } from './thumbnail.ts';

const FORMATS: Readonly<Record<string, string>> = {
  jpg: 'jpeg',
  png: 'png',
  gif: 'gif',
  webp: 'webp',
  avif: 'avif',
  tif: 'tiff',
  bmp: 'bmp',
};

test('image_info gives format and upright size of every fixture', async () => {
  for (const [name, expected] of expectedImages) {
    const format = name === 'png-named.jpg' ? 'png' : FORMATS[name.slice(name.lastIndexOf('.') + 1)];
    const { width, height } = expected;
    const info = await imageInfo(fixture(name));
    assert.deepEqual({ ...info, channels: 0 }, { format, width, height, channels: 0 }, name);
  }
});

test('channels are those of the file', async () => {
  const channels = {
    'grey.jpg': 1,
    'grey.png': 1,
    'grey-alpha.png': 2,
    'rgb.png': 3,
    'palette.png': 3,
    'rgba.png': 4,
    'cmyk.jpg': 4,
    'rgb.gif': 3,
  };
  for (const [name, count] of Object.entries(channels)) {
    assert.equal((await imageInfo(fixture(name))).channels, count, name);
  }
});

test('a thumbnail is a JPEG, in proportion, upright, never enlarged', async () => {
  const cases = [
    ['resize.png', 30, 30, 23],
    ['resize.png', 4_096, 61, 47],
    ['orientation-6.jpg', 12, 8, 12],
    ['one.png', 1, 1, 1],
    ['rgba.png', 1, 1, 1],
  ] as const;
  for (const [name, size_px, width, height] of cases) {
    const small = await thumbnail(fixture(name), size_px);
    assert.deepEqual(await imageInfo(small), { format: 'jpeg', width, height, channels: 3 }, name);
  }
});

test('a thumbnail shows the picture', async () => {
  const { data } = await decodeImage(await thumbnail(fixture('orientation-6.jpg'), 24));
  const { data: original } = await decodeImage(fixture('orientation-6.jpg'));
  let off = 0;
  for (let at = 0; at < data.length; at++) off += Math.abs((data[at] ?? 0) - (original[at] ?? 0));
  assert.equal(data.length, original.length);
  assert.ok(off / data.length < 12, `${off / data.length} grey levels off`);
});

test('thumbnail sizes out of range are refused', async () => {
  for (const size_px of [0, -1, 1.5, 4_097, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(thumbnail(fixture('rgb.png'), size_px), { sqlState: '22023' });
  }
});
