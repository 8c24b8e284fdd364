import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Preprocess } from '../artifact.ts';
import { compileModel } from '../compile.ts';

/** What fixtures/make_fixtures.py wrote: real Keras' answers to small models. */
interface EncodedTensor {
  readonly shape: readonly number[];
  readonly type: 'uint8' | 'float32' | 'int32';
  readonly data: string;
}

interface Case {
  readonly name: string;
  readonly file: string;
  readonly preprocess: Preprocess;
  readonly output: string | null;
  readonly parameters: number;
  readonly inputs: readonly EncodedTensor[];
  readonly outputs: readonly EncodedTensor[];
}

const FIXTURES = new URL('./fixtures/', import.meta.url);
const FAMILIES = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/cases.json`, FIXTURES)))
  .map(({ name }) => name);

function casesOf(family: string): readonly Case[] {
  return JSON.parse(readFileSync(new URL(`${family}/cases.json`, FIXTURES), 'utf8'));
}

function readFixture(family: string, file: string): Uint8Array {
  const bytes = readFileSync(new URL(`${family}/${file}`, FIXTURES));
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

function numbers({ data }: EncodedTensor): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
}

function tensor(encoded: EncodedTensor): Tensor {
  const bytes = Uint8Array.from(Buffer.from(encoded.data, 'base64'));
  switch (encoded.type) {
    case 'float32':
      return new Tensor('float32', numbers(encoded), encoded.shape);
    case 'int32':
      return new Tensor('int32', new Int32Array(bytes.buffer), encoded.shape);
    case 'uint8':
      return new Tensor('uint8', bytes, encoded.shape);
  }
}

describe('there is enough to compare', () => {
  it('has at least 40 models', () => {
    const names = FAMILIES.flatMap((family) => casesOf(family).map(({ name }) => name.split(' ')[0]));
    assert.ok(new Set(names).size >= 40);
  });
});

for (const family of FAMILIES) {
  describe(`${family}: compiled models answer as Keras does`, () => compareAll(family));
}

function compareAll(family: string): void {
  for (const item of casesOf(family)) {
    it(item.name, async () => {
      const compiled = await compileModel(
        { name: item.file, bytes: readFixture(family, item.file) },
        { preprocess: item.preprocess, output: item.output ?? undefined },
      );
      const { manifest } = compiled;
      // With an inner output, layers after it are not compiled, so their parameters are not counted.
      if (item.output === null) assert.equal(manifest.parameterCount, item.parameters);
      const session = await InferenceSession.create(compiled.onnx, { intraOpNumThreads: 1 });
      const feeds = Object.fromEntries(
        manifest.inputs.map((input, i) => {
          const given = item.inputs[i];
          assert.ok(given, `input ${i}`);
          // A Sequential of Keras 2 has no input layer: ids of words are numbers of its first layer's type there.
          const floats = input.type === 'float32' && given.type === 'int32';
          assert.deepEqual(
            [input.type, ...input.shape],
            [floats ? 'float32' : given.type, ...given.shape.slice(1)],
          );
          const fed = tensor(given);
          const numbers = floats
            ? new Tensor('float32', Float32Array.from(fed.data, Number), given.shape)
            : fed;
          return [input.name, numbers];
        }),
      );
      const results = await session.run(feeds);
      assert.equal(manifest.outputs.length, item.outputs.length);
      manifest.outputs.forEach((output, i) => {
        const expected = item.outputs[i];
        const result = results[output.name];
        assert.ok(expected && result, `output ${output.name}`);
        assert.deepEqual([...result.dims], expected.shape);
        assert.deepEqual([...output.shape], expected.shape.slice(1));
        assert.ok(result.data instanceof Float32Array);
        assertClose(result.data, numbers(expected), output.name);
      });
      await session.release();
    });
  }
}

/** Within 1e-5 of the expected numbers, relative to how far these spread. */
function assertClose(actual: Float32Array, expected: Float32Array, name: string): void {
  assert.equal(actual.length, expected.length);
  const low = expected.reduce((a, b) => Math.min(a, b));
  const high = expected.reduce((a, b) => Math.max(a, b));
  const allowed = 1e-5 * Math.max(high - low, Math.abs(high), Math.abs(low));
  actual.forEach((value, i) => {
    const off = Math.abs(value - (expected[i] ?? Number.NaN));
    assert.ok(off <= allowed, `${name}[${i}] is ${value}, Keras says ${expected[i]} (off by ${off})`);
  });
}
