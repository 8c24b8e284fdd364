/**
 * Models exported from PyTorch answer as PyTorch does, and one that Keras exported as Keras does: fixtures/make_torch_models.py
 * and make_keras_models.py wrote them and the answers.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { compileModel } from '../compile.ts';
import { validate } from '../validate.ts';
import { answersOf, difference, type PlainArray } from './cases.testing.ts';

interface TorchCase {
  readonly file: string;
  readonly options: { readonly inputShape?: readonly number[] };
  readonly tolerance: number;
  readonly feeds: readonly ({ readonly name: string } & PlainArray)[];
  readonly outputs: readonly ({ readonly name: string } & Omit<PlainArray, 'type'>)[];
}

const FIXTURES = new URL('./fixtures/', import.meta.url);
const CASES = ['torch', 'keras-export'].flatMap((name): readonly TorchCase[] =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, FIXTURES))).toString()),
);

/** Quantized as a batch, or fixed at one. */
const ROW_BY_ROW = new Set(['bert-dynamic.onnx', 'unet-batch1.onnx']);

describe('models exported from PyTorch and Keras', () => {
  for (const { file, options, tolerance, feeds, outputs } of CASES) {
    it(file, async () => {
      const bytes = gunzipSync(readFileSync(new URL(`${file}.gz`, FIXTURES)));
      const given = { preprocess: 'none', output: undefined, ...options } as const;
      const compiled = await validate(await compileModel({ name: file, bytes }, given), async () => {});
      const { manifest } = compiled;
      assert.deepEqual(
        manifest.inputs.map(({ name, type }) => [name, type]),
        feeds.map(({ name, type }) => [name, type]),
      );
      assert.equal(manifest.outputs.length, outputs.length);
      const answers = await answersOf(compiled, Object.fromEntries(feeds.map((feed) => [feed.name, feed])));
      for (const [at, { name, shape, values }] of outputs.entries()) {
        const spec = manifest.outputs[at];
        assert.equal(spec?.name, name);
        // Free where the length of the input is, and of the size that PyTorch gives where it is not.
        assert.equal(spec.shape.length, shape.length - 1);
        spec.shape.forEach((size, axis) => {
          const isFree = manifest.inputs.some((input) => input.shape.includes(null)) && name === 'hidden';
          assert.equal(size, isFree && axis === 0 ? null : shape[axis + 1]);
        });
        const off = difference(answers[name], values);
        assert.ok(off <= tolerance, `${name} is off by ${off}`);
      }
      if (manifest.image !== undefined) assert.equal(manifest.image.dynamicBatch, !/batch\d/.test(file));
      if (ROW_BY_ROW.has(file)) assert.match(await batchOf(compiled.onnx), /^1/);
    });
  }

  it('are of both exporters and many opsets', () => {
    assert.ok(CASES.length >= 20);
    assert.ok(CASES.filter(({ file }) => file.includes('dynamo')).length >= 7);
  });
});

async function batchOf(onnx: Uint8Array): Promise<string> {
  const { InferenceSession } = await import('onnxruntime-node');
  const session = await InferenceSession.create(onnx);
  const batches = session.inputMetadata.map((input) => (input.isTensor ? input.shape[0] : ''));
  await session.release();
  return batches.join(' ');
}
