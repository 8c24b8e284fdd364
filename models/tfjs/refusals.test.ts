/** What is wrong with a TensorFlow.js model, said in words; and that nothing beside its folder is asked for. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compileInChild, compileModel, ModelError, type ModelFile, withParts } from '../index.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { partsNeeded } from '../model-parts.ts';

const FOLDER = new URL('./fixtures/shards/', import.meta.url);
const OPTIONS = { preprocess: 'none', output: undefined } as const;

type Json = Record<string, unknown>;

interface Manifest extends Json {
  modelTopology: Json;
  weightsManifest: { paths: string[]; weights: (Json & { name: string; shape: number[] })[] }[];
}

function original(): Manifest {
  return JSON.parse(readFileSync(new URL('model.json', FOLDER), 'utf8'));
}

function encode(manifest: unknown): ModelFile {
  return { name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(manifest)) };
}

function changed(change: (manifest: Manifest) => void): ModelFile {
  const manifest = original();
  change(manifest);
  return encode(manifest);
}

function load(file: ModelFile): Promise<ModelFile> {
  return withParts(file, async ({ name }) => readFileSync(new URL(name, FOLDER)));
}

async function refusal(file: ModelFile): Promise<ModelError> {
  try {
    await compileModel(await load(file), OPTIONS);
  } catch (error) {
    assert.ok(error instanceof ModelError, String(error));
    return error;
  }
  return assert.fail('it was compiled');
}

describe('names of parts', () => {
  const names = [
    '../secret.bin',
    '/etc/passwd',
    '..',
    '.',
    '',
    'a/b.bin',
    'a\\b.bin',
    'http://host/x.bin',
    'a\u0000',
    7,
  ];
  for (const name of names) {
    it(JSON.stringify(name), async () => {
      const file = changed(({ weightsManifest: [group] }) => {
        assert.ok(group);
        Object.assign(group, { paths: [name] });
      });
      let asked = 0;
      await assert.rejects(
        withParts(file, async () => {
          asked++;
          return new Uint8Array();
        }),
        /as a file of weights/,
      );
      assert.equal(asked, 0);
    });
  }

  it('are asked for in order, each no larger than its group', () => {
    const { weightsManifest } = original();
    const parts = partsNeeded(encode(original()).bytes);
    assert.deepEqual(
      parts.map(({ name }) => name),
      weightsManifest.flatMap(({ paths }) => paths),
    );
    const size = weightsManifest
      .flatMap(({ weights }) => weights)
      .reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    assert.ok(parts.every(({ maxSize_bytes }) => maxSize_bytes === size));
  });

  it('that come twice', async () => {
    const error = await refusal(
      changed(({ weightsManifest: [group] }) => group?.paths.push(group.paths[0] ?? '')),
    );
    assert.match(error.message, /twice/);
  });

  it('are too many', async () => {
    const error = await refusal(
      changed(({ weightsManifest: [group] }) => {
        assert.ok(group);
        group.paths = Array.from({ length: MODEL_LIMITS.parts + 1 }, (_, i) => `${i}.bin`);
      }),
    );
    assert.equal(error.sqlState, '54000');
  });
});

describe('TensorFlow.js models that cannot be read', () => {
  const cases: readonly (readonly [string, (manifest: Manifest) => void, RegExp])[] = [
    [
      'a graph model',
      (m) => Object.assign(m, { format: 'graph-model' }),
      /graph model: only layers models are read/,
    ],
    [
      'a graph',
      (m) => Object.assign(m, { format: undefined, modelTopology: { node: [], library: {} } }),
      /graph model/,
    ],
    ['no topology', (m) => Object.assign(m, { modelTopology: null }), /no modelTopology/],
    ['no weights', (m) => Object.assign(m, { weightsManifest: undefined }), /lists no weights/],
    [
      'a group without weights',
      (m) => Object.assign(m, { weightsManifest: [{ paths: [] }] }),
      /weightsManifest holds/,
    ],
    [
      'a weight of no type',
      (m) => Object.assign(first(m), { dtype: 'string' }),
      /numbers of type "string" are not read/,
    ],
    ['integers', (m) => Object.assign(first(m), { dtype: 'int32' }), /its numbers are int32/],
    ['a shape below zero', (m) => Object.assign(first(m), { shape: [-1, 4] }), /has shape \[-1,4\]/],
    ['a shape of no numbers', (m) => Object.assign(first(m), { shape: ['a'] }), /has shape/],
    ['a huge weight', (m) => Object.assign(first(m), { shape: [2 ** 40] }), /takes \d+ bytes/],
    ['too many axes', (m) => Object.assign(first(m), { shape: new Array(99).fill(1) }), /99 axes/],
    [
      'an unknown quantization',
      (m) => Object.assign(first(m), { quantization: { dtype: 'int4' } }),
      /its quantization is/,
    ],
    [
      'a scale that is no number',
      (m) => Object.assign(first(m), { quantization: { dtype: 'uint8', scale: 'x', min: 0 } }),
      /its quantization is/,
    ],
    [
      'weights of another size',
      (m) => Object.assign(first(m), { shape: [3, 3, 3, 7] }),
      /hold \d+ bytes where the weights take/,
    ],
    [
      'two weights of one name',
      (m) => Object.assign(m.weightsManifest[0]?.weights[1] ?? {}, { name: first(m).name }),
      /two weights are named/,
    ],
    [
      'a weight under another name',
      (m) => Object.assign(first(m), { name: 'elsewhere/kernel' }),
      /layer "first" \(Conv2D\)/,
    ],
    ['a custom class', (m) => renamed(m, 'Conv2D', 'MyLayer'), /MyLayer are not supported/],
    ['code', (m) => renamed(m, 'Conv2D', 'Lambda'), /never run/],
  ];
  for (const [what, change, message] of cases) {
    it(what, async () => assert.match((await refusal(changed(change))).message, message));
  }

  it('says which file is missing', async () => {
    await assert.rejects(compileModel(encode(original()), OPTIONS), (error) => {
      assert.ok(error instanceof ModelError);
      assert.match(error.message, /group1-shard1of\d+\.bin is missing/);
      assert.match(error.hint ?? '', /one zip/);
      return true;
    });
  });

  it('refuses a part that is too large', async () => {
    await assert.rejects(
      withParts(encode(original()), async ({ maxSize_bytes }) => new Uint8Array(maxSize_bytes + 1)),
      /its weights take/,
    );
  });

  it('refuses JSON that is cut off', async () => {
    const { bytes } = encode(original());
    const cut = { name: 'model.json', bytes: bytes.subarray(0, bytes.length - 5) };
    await assert.rejects(load(cut), /model\.json is not JSON/);
  });
});

/** One layer over images, as TensorFlow.js would save it. */
function oneLayer(className: string, config: Json): ModelFile {
  const input = {
    class_name: 'InputLayer',
    config: { batch_input_shape: [null, 4, 4, 2], dtype: 'float32', name: 'in' },
  };
  const layer = { class_name: className, config: { name: 'it', trainable: true, ...config } };
  const topology = {
    class_name: 'Sequential',
    config: { name: 'm', layers: [input, layer] },
    keras_version: 'tfjs-layers 4.22.0',
  };
  return encode({ format: 'layers-model', modelTopology: topology, weightsManifest: [] });
}

describe('layers of another meaning than in Keras are refused', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['UpSampling2D', { size: [2, 2], interpolation: 'bilinear', data_format: 'channels_last' }],
    ['Resizing', { height: 3, width: 3, interpolation: 'bilinear' }],
    ['BatchNormalization', { axis: 1, epsilon: 0.001 }],
    ['BatchNormalization', { axis: [2], epsilon: 0.001 }],
  ];
  for (const [className, config] of cases) {
    it(`${className} ${JSON.stringify(config)}`, async () => {
      const error = await refusal(oneLayer(className, config));
      assert.match(error.message, /layer "it" .*TensorFlow\.js/);
      assert.match(error.hint ?? '', /Keras file/);
    });
  }

  it('but not those that agree', async () => {
    const file = oneLayer('UpSampling2D', {
      size: [2, 2],
      interpolation: 'nearest',
      data_format: 'channels_last',
    });
    await compileModel(file, OPTIONS);
  });
});

describe('the child process', () => {
  it('gets the parts too', async () => {
    const file = await load(encode(original()));
    const limits = { memory_bytes: 1024 * 2 ** 20, timeout_ms: 60_000 };
    const there = await compileInChild(file, OPTIONS, limits);
    const here = await compileModel(file, OPTIONS);
    assert.equal(there.manifest.digest, here.manifest.digest);
  });
});

function first(manifest: Manifest): Manifest['weightsManifest'][0]['weights'][0] {
  const weight = manifest.weightsManifest[0]?.weights[0];
  assert.ok(weight);
  return weight;
}

function renamed(manifest: Manifest, from: string, to: string): void {
  const text = JSON.stringify(manifest.modelTopology).replace(
    `"class_name":"${from}"`,
    `"class_name":"${to}"`,
  );
  manifest.modelTopology = JSON.parse(text);
}
