import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { SqlState } from '../common/errors.ts';
import { compileInChild, compileModel, ModelError, type Preprocess } from './index.ts';

/** Files that fixtures/make_hostile.py wrote. */
function fixture(name: string): { name: string; bytes: Uint8Array } {
  return { name, bytes: gunzipSync(readFileSync(new URL(`./fixtures/${name}.gz`, import.meta.url))) };
}

const OPTIONS = { preprocess: 'none', output: undefined } as const;

function isRefusal(state: SqlState, ...parts: readonly RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ModelError, `not a ModelError: ${error}`);
    assert.equal(error.sqlState, state, error.message);
    for (const part of parts) assert.match(error.message, part);
    assert.ok(error.hint, 'no hint');
    return true;
  };
}

const { dataException, featureNotSupported, programLimitExceeded } = SqlState;
const CONV = /layer "conv" \(Conv2D\)/;

const REFUSED: readonly (readonly [file: string, state: SqlState, ...parts: RegExp[]])[] = [
  ['external-storage.h5', dataException, CONV, /outside of the file/],
  ['device-storage.h5', dataException, CONV, /outside of the file/],
  ['external-link.h5', dataException, CONV, /external link to \/etc\/other\.h5/],
  ['external-group.h5', dataException, /model_weights is an external link to other\.h5/],
  ['soft-link.h5', dataException, CONV, /soft link/],
  ['virtual.h5', dataException, CONV, /virtual dataset/],
  [
    'missing-weight.h5',
    dataException,
    CONV,
    /kernel should have shape \(3, 3, 3, 4\), in the file it is missing/,
  ],
  ['missing-layer.h5', dataException, CONV, /weights \(kernel, bias\) are missing/],
  [
    'wrong-shape.h5',
    dataException,
    CONV,
    /kernel should have shape \(3, 3, 3, 4\), in the file it is \(2, 3, 3, 4\)/,
  ],
  ['int8-weight.h5', dataException, CONV, /does not hold float/],
  ['corrupt-chunk.h5', dataException, CONV, /conv\/kernel cannot be read/],
  ['huge-unallocated.h5', programLimitExceeded, CONV, /more than 500000000 weights/],
  ['keras1.h5', featureNotSupported, /Keras 1\.2\.2/],
  ['no-config.h5', dataException, /no Keras model/],
  ['bad-json.h5', dataException, /model_config is not JSON/],
  ['lambda.keras', featureNotSupported, /layer "doubling" \(Lambda\): it holds Python code/],
  ['operation.keras', featureNotSupported, /operations of class SVD are not supported/],
  ['subclassed.keras', featureNotSupported, /subclassed model/],
  ['no-size.keras', dataException, /layer "any_size" .*declares no input size/],
  ['custom.keras', featureNotSupported, /layer "conv" \(MyConv\): my_package>MyConv is a custom object/],
  ['unknown-class.keras', featureNotSupported, /layer "conv" \(Conv9D\): layers of class Conv9D/],
  [
    'channels-first.keras',
    dataException,
    CONV,
    /kernel should have shape \(3, 3, 6, 4\), in the file it is \(3, 3, 3, 4\)/,
  ],
  ['causal.keras', featureNotSupported, CONV, /padding = "causal"/],
  ['new-option.keras', featureNotSupported, CONV, /spectral_norm = true is not known/],
  ['mixed-precision.keras', featureNotSupported, CONV, /dtype = "mixed_float16"/],
  ['unknown-activation.keras', featureNotSupported, CONV, /activation "swizzle"/],
  ['huge-filters.keras', dataException, CONV, /kernel should have shape \(3, 3, 3, 2000000000\)/],
  ['huge-input.keras', programLimitExceeded, /layer "pixels" .*3000000000000 numbers/],
  ['negative-filters.keras', dataException, CONV, /filters = -4/],
  ['zero-strides.keras', dataException, CONV, /strides = \[0,1\]/],
  ['more-units.keras', dataException, /layer "head" \(Dense\): its kernel should have shape \(64, 3\)/],
  ['cycle.keras', dataException, /layer "flat" .*cycle/],
  ['dangling.keras', dataException, /layer "nowhere"/],
  ['explosive.keras', programLimitExceeded, /calls more than 20000 layers/],
  ['deep.keras', programLimitExceeded, /nested too deeply/],
  ['no-weights.keras', dataException, /no model\.weights\.h5/],
  ['bad-weights.keras', dataException, /HDF5 structure is damaged/],
  ['path-names.keras', dataException, /\.\.\/\.\.\/etc\/cron, which points outside/],
  [
    'bomb.keras',
    programLimitExceeded,
    /model\.weights\.h5 in the archive inflates from \d+ to 500000000 bytes/,
  ],
  ['lying-size.keras', dataException, /model\.weights\.h5 cannot be inflated/],
  ['wrong-checksum.keras', dataException, /model\.weights\.h5 does not match its checksum/],
  ['external-initializer.onnx', dataException, /tensor "weights" has its data in another file \(.*passwd\)/],
  ['external-attribute.onnx', dataException, /tensor "inner" has its data in another file/],
  ['external-subgraph.onnx', dataException, /tensor "hidden" has its data in another file/],
  [
    'custom-domain.onnx',
    featureNotSupported,
    /node "evil_node" \(Evil\): its operator belongs to "com\.evil"/,
  ],
  ['recursive-function.onnx', dataException, /function.*Twice/],
  ['explosive-functions.onnx', programLimitExceeded, /function|nodes/],
  ['string-input.onnx', featureNotSupported, /"s".* (string|STRING)/],
  ['free-size.onnx', featureNotSupported, /input "image": the model declares no input size/],
];

describe('hostile and unsupported files are refused, saying what and where', () => {
  for (const [name, state, ...parts] of REFUSED) {
    it(name, async () => {
      const start = new RegExp(`^${name.replace('.', '\\.')}: `);
      await assert.rejects(compileModel(fixture(name), OPTIONS), isRefusal(state, start, ...parts));
    });
  }

  it('a sound file compiles after all of these', async () => {
    const compiled = await compileModel(fixture('compressed.h5'), OPTIONS);
    assert.deepEqual(compiled.manifest.outputs[0]?.shape, [2]);
  });

  it('files cut off anywhere', async () => {
    for (const name of ['compressed.h5', 'float16-weight.h5', 'lambda.keras', 'nchw.onnx']) {
      const { bytes } = fixture(name);
      for (const share of [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        await assert.rejects(
          compileModel({ name, bytes: cut }, OPTIONS),
          (error) => error instanceof ModelError && error.sqlState === dataException,
          `${name} cut to ${cut.length} of ${bytes.length} bytes`,
        );
      }
    }
  });

  // Garbled HDF5 is for the child process alone: the library can loop for ever on it, which the deadline ends.
  it('archives and graphs with garbled bytes end in a model or a ModelError', async () => {
    // A linear congruential generator with a fixed seed: 20261122.
    let state = 20261122;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    let refused = 0;
    for (const name of ['upsampling.keras', 'endless-loop.onnx', 'lambda.keras']) {
      const { bytes } = fixture(name);
      for (let round = 0; round < 40; round++) {
        const garbled = Uint8Array.from(bytes);
        for (let i = 0; i < 8; i++) garbled[random(garbled.length)] = random(256);
        try {
          await compileModel({ name, bytes: garbled }, OPTIONS);
        } catch (error) {
          assert.ok(error instanceof ModelError, `${name}, round ${round}: ${error}`);
          assert.notEqual(error.sqlState, SqlState.internalError, error.message);
          refused++;
        }
      }
    }
    assert.ok(refused > 20, `only ${refused} refused`);
  });

  for (const [what, bytes, message] of [
    ['an empty file', new Uint8Array(), /is empty/],
    ['text', Buffer.from('classes: a, b, c\n'.repeat(50)), /it is text \("classes: a, b, c/],
    ['zeros', new Uint8Array(1_000_000), /it holds zeros/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), /compressed with gzip/],
    ['a TensorFlow Lite model', Buffer.from('\x1c\0\0\0TFL3\0\0\0\0', 'latin1'), /TensorFlow Lite/],
    ['a pickle', Buffer.from([0x80, 0x02, 0x8a, 0x0a]), /pickle/],
  ] as const) {
    it(`${what} named .h5`, async () => {
      await assert.rejects(
        compileModel({ name: 'a.h5', bytes }, OPTIONS),
        isRefusal(dataException, /^a\.h5: /, message),
      );
    });
  }

  it('preprocess modes that do not fit', async () => {
    const compile = (name: string, preprocess: Preprocess) =>
      compileModel(fixture(name), { preprocess, output: undefined });
    const { invalidParameterValue } = SqlState;
    await assert.rejects(
      compile('float16.onnx', 'caffe'),
      isRefusal(invalidParameterValue, /three channels/),
    );
    await assert.rejects(
      compile('uint8.onnx', 'unit'),
      isRefusal(invalidParameterValue, /input "image" takes pixels/),
    );
    await assert.rejects(
      compile('vector.onnx', 'unit'),
      isRefusal(invalidParameterValue, /does not take one/),
    );
  });

  it('outputs that do not exist', async () => {
    const compile = (name: string, output: string) =>
      compileModel(fixture(name), { preprocess: 'none', output });
    await assert.rejects(compile('compressed.h5', 'nope'), isRefusal(featureNotSupported, /output "nope"/));
    await assert.rejects(
      compile('two-outputs.onnx', 'nope'),
      isRefusal(featureNotSupported, /output "nope"/),
    );
  });
});

// Two children run at a time; most of what they take is waiting for deadlines, and starting.
describe('in a child process', { concurrency: true }, () => {
  const limits = { memory_bytes: 512 * 2 ** 20, timeout_ms: 60_000 };

  it('gives the same artifact as in this one', async () => {
    const file = fixture('compressed.h5');
    const here = await compileModel(file, OPTIONS);
    const there = await compileInChild(file, OPTIONS, limits);
    assert.deepEqual(there.manifest, here.manifest);
    assert.deepEqual(Buffer.from(there.onnx), Buffer.from(here.onnx));
  });

  it('passes errors on', async () => {
    await assert.rejects(
      compileInChild(fixture('wrong-shape.h5'), OPTIONS, limits),
      isRefusal(dataException, /^wrong-shape\.h5: layer "conv"/),
    );
  });

  it('kills a graph that never ends', async () => {
    await assert.rejects(
      compileInChild(fixture('endless-loop.onnx'), OPTIONS, { ...limits, phase_ms: 4_000 }),
      isRefusal(
        programLimitExceeded,
        /^endless-loop\.onnx: running the model once, on zeros, did not end within \d+ s/,
      ),
    );
  });

  it('kills a damaged file on which the HDF5 library never ends', async () => {
    // Eight bytes of compressed.h5 overwritten at random; found by trying.
    await assert.rejects(
      compileInChild(fixture('endless-hdf5.h5'), OPTIONS, { ...limits, timeout_ms: 5_000 }),
      isRefusal(programLimitExceeded, /^endless-hdf5\.h5: .* did not end within 5 s/),
    );
  });

  it('ends at its deadline', async () => {
    await assert.rejects(
      compileInChild(fixture('endless-loop.onnx'), OPTIONS, { ...limits, timeout_ms: 100 }),
      isRefusal(programLimitExceeded, /did not end within 0\.1 s/),
    );
  });

  for (const name of ['memory-bomb.onnx', 'large-unallocated.h5']) {
    it(`survives a file that exhausts memory: ${name}`, async () => {
      await assert.rejects(
        compileInChild(fixture(name), OPTIONS, limits),
        isRefusal(SqlState.outOfMemory, /run out of memory/),
      );
    });
  }

  it('refuses graphs that ONNX Runtime does not load', async () => {
    await assert.rejects(
      compileInChild(fixture('unknown-operator.onnx'), OPTIONS, limits),
      isRefusal(dataException, /does not load the model: .*NoSuchOperator/),
    );
  });

  it('refuses graphs whose outputs have no row for each input', async () => {
    await assert.rejects(
      compileInChild(fixture('no-rows.onnx'), OPTIONS, limits),
      isRefusal(dataException, /output "y" has shape \(5\) for a batch of 2/),
    );
  });

  it('refuses 2 GB of zeros without a child', async () => {
    const bytes = new Uint8Array(2 ** 31 - 1);
    await assert.rejects(
      compileInChild({ name: 'zeros.h5', bytes }, OPTIONS, limits),
      isRefusal(dataException, /zeros/),
    );
  });
});
