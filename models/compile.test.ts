import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { Preprocess } from './artifact.ts';
import { compileModel } from './compile.ts';

const FIXTURES = new URL('./keras/fixtures/', import.meta.url);

function compile(name: string, preprocess: Preprocess, output?: string) {
  const bytes = readFileSync(new URL(name, FIXTURES));
  return compileModel(
    { name, bytes: name.endsWith('.gz') ? gunzipSync(bytes) : bytes },
    { preprocess, output },
  );
}

describe('the manifest', () => {
  it('says what goes in and out, and what the layers are', async () => {
    const { manifest, onnx } = await compile('nesting/transfer-keras2.h5.gz', 'tf');
    assert.equal(manifest.digest, createHash('sha256').update(onnx).digest('hex'));
    assert.equal(manifest.size_bytes, onnx.byteLength);
    assert.equal(manifest.format, 'keras-h5');
    assert.deepEqual(manifest.outputs, [{ name: 'head', type: 'float32', shape: [3] }]);
    assert.deepEqual(manifest.inputs[0]?.shape, [8, 8, 3]);
    assert.equal(manifest.image?.type, 'uint8');
    const layers = manifest.layers.map(
      ({ name, className, parameterCount }) => `${name} ${className} ${parameterCount}`,
    );
    for (const expected of [
      'backbone/conv Conv2D 112',
      'backbone/bn BatchNormalization 16',
      'backbone Model 144',
      'head Dense 15',
    ]) {
      assert.ok(layers.includes(expected), `${expected} is not among ${layers.join(', ')}`);
    }
    assert.equal(manifest.layers.find(({ name }) => name === 'backbone/sum')?.outputShape.join(), '8,8,4');
  });

  it('is the same each time, and another for another preprocess or output', async () => {
    const digest = async (preprocess: Preprocess, output?: string) =>
      (await compile('nesting/transfer.keras', preprocess, output)).manifest.digest;
    const digests = [
      await digest('tf'),
      await digest('unit'),
      await digest('caffe'),
      await digest('tf', 'backbone'),
      await digest('tf', 'backbone/conv'),
    ];
    assert.equal(new Set(digests).size, digests.length);
    assert.equal(await digest('tf'), digests[0]);
  });
});

describe('the graph that is served', () => {
  const opTypes = async (name: string, preprocess: Preprocess): Promise<string[]> => {
    const { onnx } = await compile(name, preprocess);
    return fromBinary(ModelProtoSchema, onnx).graph?.node.map(({ opType }) => opType) ?? [];
  };

  it('has everything folded: one transpose, no normalization, no padding, no preprocessing', async () => {
    assert.deepEqual(await opTypes('shaping/padding-conv.keras', 'unit'), [
      'Transpose',
      'Cast',
      'Conv',
      'Transpose',
      'Identity',
    ]);
    const counts = new Map<string, number>();
    for (const type of await opTypes('merging/mobile-blocks.keras', 'tf'))
      counts.set(type, (counts.get(type) ?? 0) + 1);
    counts.delete('Identity');
    assert.deepEqual(Object.fromEntries(counts), {
      Transpose: 1,
      Cast: 1,
      // The first convolution is padded: its offset cannot become part of it.
      Add: 2,
      Conv: 7,
      Clip: 5,
      GlobalAveragePool: 1,
      Reshape: 1,
      Gemm: 1,
      Softmax: 1,
    });
  });

  it('flattens without a transpose back', async () => {
    assert.deepEqual(
      (await opTypes('shaping/flatten-dense.keras', 'tf')).filter((type) => type !== 'Identity'),
      ['Transpose', 'Cast', 'Conv', 'Relu', 'Reshape', 'Gemm', 'Relu', 'Gemm', 'Softmax'],
    );
  });
});
