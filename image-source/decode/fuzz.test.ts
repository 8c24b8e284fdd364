import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { SqlensError } from '../../common/errors.ts';
import type { RgbImage } from '../api.ts';
import { decodeImage, decodeResized } from './decode.ts';
import { difference, fixture } from './fixtures.testing.ts';
import { imageInfo } from './info.ts';

/** SQLENS_FUZZ_CASES and SQLENS_FUZZ_SEED run more, or repeat a failure. */
const cases = Number(process.env.SQLENS_FUZZ_CASES ?? 400);
const seed = Number(process.env.SQLENS_FUZZ_SEED ?? 20261122);
/** Mutations make large headers all the time; how those are met is tested with the bombs. */
const MAX_PIXELS = 1_000_000;
const AT_ONCE = 4;

function generator(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0;
    return Math.floor(((mixed ^ (mixed >>> 15)) >>> 0) / (2 ** 32 / below)) % below;
  };
}

const sources = readdirSync(new URL('../fixtures/', import.meta.url))
  .filter((name) => !/\.(?:py|json)$/.test(name) && name !== 'bomb.avif')
  .sort()
  .map(fixture);

const EXTREMES = [0x00, 0x01, 0x7f, 0x80, 0xff];

function mutate(source: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(source);
  for (let change = 0; change <= random(4); change++) {
    const at = random(Math.max(1, bytes.length));
    switch (random(7)) {
      case 0:
        if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        if (bytes.length > 0) bytes[at] = EXTREMES[random(EXTREMES.length)] ?? 0;
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(16))]);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([random(256), random(256)]),
          bytes.subarray(at),
        ]);
        break;
      case 5: {
        const other = sources[random(sources.length)] ?? bytes;
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random(Math.max(1, other.length)))]);
        break;
      }
      default:
        // The header is where the interesting numbers are.
        if (bytes.length > 0)
          bytes[random(Math.min(bytes.length, 64))] = EXTREMES[random(EXTREMES.length)] ?? 0;
    }
  }
  return bytes;
}

function assertDeclared(error: unknown, label: string): void {
  assert.ok(error instanceof SqlensError, `${label}: ${error}`);
  assert.ok(
    error.sqlState === '22000' || error.sqlState === '54000',
    `${label}: ${error.sqlState} ${error.message}`,
  );
}

async function decodeOrError(bytes: Buffer, width: number, height: number, label: string): Promise<boolean> {
  await imageInfo(bytes).catch((error: unknown) => assertDeclared(error, label));
  let image: RgbImage;
  try {
    image = await decodeResized(bytes, width, height, { maxPixels: MAX_PIXELS });
  } catch (error) {
    assertDeclared(error, label);
    return false;
  }
  assert.deepEqual(
    [image.width, image.height, image.data.length],
    [width, height, width * height * 3],
    label,
  );
  return true;
}

test(`${cases} mutated images give pixels or a declared error, seed ${seed}`, async () => {
  const random = generator(seed);
  const good = await decodeImage(fixture('rgb.png'));
  let decoded = 0;
  for (let first = 0; first < cases; first += AT_ONCE) {
    const round = Array.from({ length: AT_ONCE }, async (_, index) => {
      const bytes = mutate(sources[random(sources.length)] ?? Buffer.alloc(0), random);
      return decodeOrError(bytes, 1 + random(40), 1 + random(40), `seed ${seed}, case ${first + index}`);
    });
    // A sound image beside the damaged ones must not notice them.
    const beside = decodeImage(fixture('rgb.png')).then((image) =>
      assert.equal(difference(image, good).max, 0),
    );
    decoded += (await Promise.all(round)).filter(Boolean).length;
    await beside;
  }
  assert.ok(decoded > cases / 20 && decoded < cases, `${decoded} of ${cases} decoded`);
});
