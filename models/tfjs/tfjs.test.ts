/** What TensorFlow.js answers to its own models: fixtures/make_fixtures.mjs wrote both. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { compileModel } from '../compile.ts';
import { type ModelFile, withParts } from '../model-parts.ts';

interface Encoded {
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int32';
  readonly data: string;
}

interface Case {
  readonly name: string;
  /** Fed as pixels, with preprocess tf. */
  readonly image: boolean;
  readonly parameters: number;
  readonly inputs: readonly Encoded[];
  readonly outputs: readonly Encoded[];
}

const FIXTURES = new URL('./fixtures/', import.meta.url);
const CASES: readonly Case[] = JSON.parse(readFileSync(new URL('cases.json', FIXTURES), 'utf8'));

function open(name: string): Promise<ModelFile> {
  const folder = new URL(`${name}/`, FIXTURES);
  return withParts({ name: 'model.json', bytes: readFileSync(new URL('model.json', folder)) }, async (part) =>
    readFileSync(new URL(part.name, folder)),
  );
}

function numbers({ data }: Encoded): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
}

describe('models of TensorFlow.js answer as it does', () => {
  for (const item of CASES) {
    it(item.name, async () => {
      const preprocess = item.image ? 'tf' : 'none';
      const { manifest, onnx } = await compileModel(await open(item.name), { preprocess, output: undefined });
      assert.equal(manifest.format, 'tfjs');
      assert.equal(manifest.parameterCount, item.parameters);
      const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
      const feeds = manifest.inputs.map((input, i) => {
        const given = item.inputs[i];
        assert.ok(given, `input ${i}`);
        return [input.name, tensor(given, input.type)] as const;
      });
      const results = await session.run(Object.fromEntries(feeds));
      assert.equal(manifest.outputs.length, item.outputs.length);
      manifest.outputs.forEach(({ name }, i) => {
        const expected = item.outputs[i];
        const result = results[name];
        assert.ok(expected && result, `output ${name}`);
        assert.deepEqual([...result.dims], expected.shape);
        assert.ok(result.data instanceof Float32Array);
        assertClose(result.data, numbers(expected), name);
      });
      await session.release();
    });
  }
});

function tensor(given: Encoded, type: string): Tensor {
  const bytes = Uint8Array.from(Buffer.from(given.data, 'base64'));
  const dims = [...given.shape];
  const values = given.type === 'int32' ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
  // TensorFlow.js' own files say float32 of ids of words, too.
  if (type === 'int32') return new Tensor('int32', Int32Array.from(values), dims);
  return type === 'uint8'
    ? new Tensor('uint8', Uint8Array.from(values), dims)
    : new Tensor('float32', Float32Array.from(values), dims);
}

/** Within 1e-5 of the expected numbers, relative to how far these spread. */
function assertClose(actual: Float32Array, expected: Float32Array, name: string): void {
  assert.equal(actual.length, expected.length);
  const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  actual.forEach((value, i) => {
    const off = Math.abs(value - (expected[i] ?? Number.NaN));
    assert.ok(
      off <= 1e-5 * most,
      `${name}[${i}] is ${value}, TensorFlow.js says ${expected[i]} (off by ${off})`,
    );
  });
}
