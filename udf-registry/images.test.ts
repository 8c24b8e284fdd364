import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import type { ImageInput } from '../models/artifact.ts';
import type { Input } from './api.ts';
import { ask, fixtureTask, openPolicy, tensorSpec, valuesOf } from './inference.testing.ts';
import { createInference, type RunningInference } from './inference.ts';

const SIDE = 8;

const nhwc: ImageInput = {
  tensor: 'image',
  type: 'uint8',
  layout: 'nhwc',
  channels: 3,
  channelOrder: 'rgb',
  height: SIDE,
  width: SIDE,
  scale: [1, 1, 1],
  offset: [0, 0, 0],
  dynamicBatch: true,
};
const means = { outputs: [tensorSpec('mean', [3])], batchSize: 4 };

/** Left half one colour, right half another: its means are known. */
function halves(left: readonly number[], right: readonly number[]): Uint8Array {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let at = 0; at < SIDE * SIDE; at++) pixels.set(at % SIDE < SIDE / 2 ? left : right, at * 3);
  return pixels;
}

const pixels = halves([10, 20, 30], [110, 60, 40]);
const MEANS = [60, 40, 35];

describe('images', { timeout: 120_000 }, () => {
  let folder: string;
  let inference: RunningInference;
  let png: Buffer;

  function stored(name: string, version?: string): Input {
    return { kind: 'stored', uri: pathToFileURL(join(folder, name)).href, version };
  }

  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'workers-')));
    png = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(join(folder, 'a.png'), png);
    writeFileSync(join(folder, 'cut.png'), png.subarray(0, 60));
    writeFileSync(join(folder, 'text.jpg'), 'not an image at all');
    inference = createInference({ workers: 1, policy: { ...openPolicy, allowedPaths: [folder] } });
  });
  after(async () => {
    await inference.close();
    rmSync(folder, { recursive: true });
  });

  const swapped = new Uint8Array(pixels.length);
  for (let at = 0; at < pixels.length; at += 3) {
    swapped.set([pixels[at + 2] ?? 0, pixels[at + 1] ?? 0, pixels[at] ?? 0], at);
  }
  const schema: Input = {
    kind: 'schema',
    image: { origin: '', height: SIDE, width: SIDE, nChannels: 3, mode: 16, data: swapped },
  };

  test('a stored file, its bytes and its pixels give the same answer', async () => {
    const task = fixtureTask('mean-nhwc', { ...means, image: nhwc });
    const answers = await ask(inference, task, [stored('a.png'), { kind: 'bytes', bytes: png }, schema]);
    for (const answer of answers) assert.deepEqual(valuesOf(answer), [MEANS]);
  });

  test('floats, planes, BGR, scale and offset as the graph wants them', async () => {
    const image: ImageInput = {
      ...nhwc,
      type: 'float32',
      layout: 'nchw',
      channelOrder: 'bgr',
      scale: [1, 0.5, 0.1],
      offset: [-35, 1, 2],
    };
    const task = fixtureTask('mean-nchw', { ...means, image });
    const [answer] = await ask(inference, task, [stored('a.png')]);
    const [mean] = answer?.kind === 'tensors' ? answer.tensors : [];
    [0, 21, 8].forEach((expected, c) => {
      assert.ok(Math.abs((mean?.[c] ?? Number.NaN) - expected) < 1e-4, `${mean}`);
    });
  });

  test('bad images fail one by one; the good ones beside them are answered', async () => {
    const task = fixtureTask('mean-nhwc', { ...means, image: nhwc });
    const answers = await ask(inference, task, [
      stored('a.png'),
      stored('cut.png'),
      stored('text.jpg'),
      stored('missing.png'),
      { kind: 'stored', uri: 'file:///etc/passwd', version: undefined },
      stored('a.png', 'another version'),
      { kind: 'tensor', values: new Float32Array(3) },
      { kind: 'bytes', bytes: new Uint8Array() },
      stored('a.png'),
    ]);
    const states = answers.map((answer) => (answer.kind === 'failed' ? answer.error.sqlState : answer.kind));
    assert.deepEqual(states, [
      'tensors',
      '22000',
      '22000',
      '58P01',
      '42501',
      '55000',
      '42804',
      '22000',
      'tensors',
    ]);
    assert.deepEqual(valuesOf(answers[0]), [MEANS]);
    assert.deepEqual(valuesOf(answers[8]), [MEANS]);
  });

  test('image_decode gives BGR pixels from a file and from pixels', async () => {
    const answers = await ask(inference, { kind: 'image_decode' }, [stored('a.png'), schema]);
    const [fromFile, fromPixels] = answers.map((answer) =>
      answer.kind === 'image' ? answer.image : undefined,
    );
    assert.deepEqual(fromFile?.data, swapped);
    assert.equal(fromFile?.origin, pathToFileURL(join(folder, 'a.png')).href);
    assert.deepEqual({ ...fromPixels, origin: '' }, { ...fromFile, origin: '' });
  });

  test('image_info and image_thumbnail', async () => {
    const [info] = await ask(inference, { kind: 'image_info' }, [stored('a.png')]);
    assert.deepEqual(info, { kind: 'info', format: 'png', width: SIDE, height: SIDE, channels: 3 });
    for (const input of [stored('a.png'), schema]) {
      const [thumbnail] = await ask(inference, { kind: 'image_thumbnail', size_px: 4 }, [input]);
      assert.equal(thumbnail?.kind, 'bytes');
      const meta = thumbnail.kind === 'bytes' ? await sharp(thumbnail.bytes).metadata() : undefined;
      assert.deepEqual([meta?.format, meta?.width, meta?.height], ['jpeg', 4, 4]);
    }
  });

  test('decoded images that are large come in parts, each once', async () => {
    const side = 1_500;
    const large = await sharp({ create: { width: side, height: side, channels: 3, background: '#102030' } })
      .png()
      .toBuffer();
    writeFileSync(join(folder, 'large.png'), large);
    const answers = await ask(
      inference,
      { kind: 'image_decode' },
      Array.from({ length: 6 }, () => stored('large.png')),
    );
    for (const answer of answers) {
      assert.equal(answer.kind === 'image' ? answer.image.data.length : answer.kind, side * side * 3);
    }
  });
});
