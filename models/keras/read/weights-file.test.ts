import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { File, type Group, ready } from 'h5wasm';
import type { CompileOptions } from '../../artifact.ts';
import { compileKeras, compileModel } from '../../compile.ts';
import { ModelError } from '../../model-error.ts';
import { architectureJson } from '../../zoo/architectures/index.ts';
import { type WeightedLayer, weightedLayers } from '../../zoo/architectures/weighted-layers.ts';
import { seededWeight } from '../../zoo/check/seeded.ts';
import { FEATURES_OUTPUT } from '../../zoo/features-output.ts';
import { type ModelConfig, parseArchitecture } from '../config/architecture.ts';

const NAME = 'MobileNetV3Small';
const SIZE = [64, 64] as const;
const CLASSES = 7;
const SCALE = { gain: 2 };
const OPTIONS: CompileOptions = {
  preprocess: 'none',
  output: undefined,
  architecture: 'mobilenetv3small',
  inputShape: [...SIZE, 3],
};

const whole = architectureJson(NAME, SIZE, { classes: CLASSES });
const headless = architectureJson(NAME, SIZE, { includeTop: false, pooling: 'avg' });

let filesWritten = 0;

/** An HDF5 file made in memory. */
async function h5File(fill: (file: File) => void): Promise<Uint8Array> {
  const { FS } = await ready;
  const path = `/weights-${++filesWritten}.h5`;
  const file = new File(path, 'w');
  fill(file);
  file.flush();
  file.close();
  const bytes = FS.readFile(path);
  FS.unlink(path);
  return bytes;
}

function groupAt(file: File, path: readonly string[]): Group {
  let group: Group = file;
  for (const name of path) {
    const next = group.keys().includes(name) ? group.get(name) : group.create_group(name);
    assert.ok(next !== null && 'create_group' in next);
    group = next;
  }
  return group;
}

/** Keras' older layout. @param rename what the file calls the i-th layer */
function legacyFile(model: unknown, rename: (name: string, i: number) => string): Promise<Uint8Array> {
  return h5File((file) => {
    const names = weightedLayers(model).map((layer, i) => {
      const name = rename(layer.path.join('/'), i);
      const group = groupAt(file, [name]);
      group.create_attribute(
        'weight_names',
        layer.weights.map(({ role }) => `${name}/${role}:0`),
      );
      layer.weights.forEach(({ role, shape }, w) => {
        groupAt(file, [name, name]).create_dataset({
          name: `${role}:0`,
          data: seededWeight(layer, w, SCALE),
          shape: [...shape],
        });
      });
      return name;
    });
    groupAt(file, ['input_1']).create_attribute('weight_names', []);
    file.create_attribute('layer_names', ['input_1', ...names]);
  });
}

/** That of Keras 3. */
function keras3File(model: unknown): Promise<Uint8Array> {
  const storage = new Map(
    parseArchitecture(model).layers.map((layer) => [layer.name, layer.storageName] as const),
  );
  return h5File((file) => {
    for (const layer of weightedLayers(model)) {
      const group = groupAt(file, ['layers', storage.get(layer.path[0] ?? '') ?? '', 'vars']);
      layer.weights.forEach(({ shape }, w) => {
        group.create_dataset({ name: String(w), data: seededWeight(layer, w, SCALE), shape: [...shape] });
      });
    }
  });
}

/** The digest of what the same weights give when nothing has to be found. */
function digestOf(json: unknown): string {
  const layers = new Map(
    weightedLayers(json).map((layer): [string, WeightedLayer] => [layer.path.join('/'), layer]),
  );
  const model: ModelConfig = parseArchitecture(json);
  const weights = {
    weightsOf: ({ names }: { readonly names: readonly string[] }) => {
      const layer = layers.get(names.join('/'));
      return (layer?.weights ?? []).map(({ role, shape }, i) => ({
        path: role,
        role,
        shape,
        read: () => (layer === undefined ? new Float32Array() : seededWeight(layer, i, SCALE)),
      }));
    },
  };
  return compileKeras({ model, weights, keras: 3 }, 'keras-h5', OPTIONS).manifest.digest;
}

function compile(bytes: Uint8Array, options: Partial<CompileOptions> = {}) {
  return compileModel({ name: 'w.h5', bytes }, { ...OPTIONS, ...options });
}

function refused(message: RegExp, hint: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ModelError || error instanceof Error);
    assert.match(error.message, message);
    assert.match('hint' in error ? String(error.hint) : '', hint);
    return true;
  };
}

describe('files of weights alone', () => {
  let wholeDigest = '';
  let headlessDigest = '';
  before(() => {
    wholeDigest = digestOf(whole);
    headlessDigest = digestOf(headless);
  });

  it('are read by the names of their layers', async () => {
    const { manifest } = await compile(await legacyFile(whole, (name) => name));
    assert.equal(manifest.digest, wholeDigest);
    assert.deepEqual(manifest.outputs[0]?.shape, [CLASSES]);
  });

  it('are read in order where the names are others, as Keras counts them on', async () => {
    const bytes = await legacyFile(whole, (_, i) => `layer_${i + 1}`);
    assert.equal((await compile(bytes)).manifest.digest, wholeDigest);
    const features = await compile(bytes, { output: FEATURES_OUTPUT });
    assert.equal(features.manifest.digest, headlessDigest);
  });

  it('may be without a classifier: then they give features', async () => {
    const bytes = await legacyFile(headless, (_, i) => `layer_${i + 1}`);
    assert.equal((await compile(bytes)).manifest.digest, headlessDigest);
    assert.equal((await compile(bytes, { output: FEATURES_OUTPUT })).manifest.digest, headlessDigest);
  });

  it('are read in the layout of Keras 3, with and without a classifier', async () => {
    const bytes = await keras3File(whole);
    assert.equal((await compile(bytes)).manifest.digest, wholeDigest);
    assert.equal((await compile(bytes, { output: FEATURES_OUTPUT })).manifest.digest, headlessDigest);
    assert.equal((await compile(await keras3File(headless))).manifest.digest, headlessDigest);
  });

  it('give inner layers too', async () => {
    const { manifest } = await compile(await keras3File(whole), { output: 'conv_1' });
    assert.deepEqual(manifest.outputs[0]?.shape, [2, 2, 576]);
  });

  it('are refused without an architecture, with an unknown one and with another', async () => {
    const bytes = await legacyFile(headless, (name) => name);
    await assert.rejects(
      compile(bytes, { architecture: undefined }),
      refused(/weights only, no architecture/, /OPTIONS \(architecture = 'MobileNetV2'\)/),
    );
    await assert.rejects(
      compile(bytes, { architecture: 'MobileNetV4' }),
      refused(/no model named "MobileNetV4"/, /MobileNetV2/),
    );
    await assert.rejects(
      compile(bytes, { architecture: 'VGG16' }),
      refused(/weights for \d+ layers; VGG16 has 16, and 13 without its classifier/, /VGG16/),
    );
    await assert.rejects(
      compile(await keras3File(headless), { architecture: 'ResNet50' }),
      refused(/conv1_conv|shape|holds/, /./),
    );
  });

  it('are refused with a size that is no image, and with one class', async () => {
    const bytes = await keras3File(headless);
    await assert.rejects(compile(bytes, { inputShape: [64, 64] }), refused(/height, width, 3/, /Leave/));
    const single = architectureJson(NAME, SIZE, { classes: 1 });
    await assert.rejects(compile(await keras3File(single)), refused(/single output/, /whole model/));
  });

  it('of another shape are refused by the layer that they do not fit', async () => {
    // As many layers with weights, but other filters.
    const { layers } = { layers: weightedLayers(whole) };
    const bytes = await h5File((file) => {
      layers.forEach((layer, i) => {
        groupAt(file, [`l${i}`]).create_attribute(
          'weight_names',
          layer.weights.map((_, w) => `w${w}:0`),
        );
        layer.weights.forEach((_, w) => {
          groupAt(file, [`l${i}`]).create_dataset({ name: `w${w}:0`, data: new Float32Array(3), shape: [3] });
        });
      });
      file.create_attribute(
        'layer_names',
        layers.map((_, i) => `l${i}`),
      );
    });
    await assert.rejects(compile(bytes), refused(/layer "conv".*kernel should have shape/, /./));
  });
});
