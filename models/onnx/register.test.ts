import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Preprocess } from '../artifact.ts';
import { compileModel } from '../compile.ts';

function compile(name: string, preprocess: Preprocess = 'none', output?: string) {
  const bytes = gunzipSync(readFileSync(new URL(`../fixtures/${name}.gz`, import.meta.url)));
  return compileModel({ name, bytes }, { preprocess, output });
}

describe('ONNX files are registered as they are', () => {
  it('finds the image by its shape', async () => {
    const describeImage = async (name: string) => {
      const image = (await compile(name)).manifest.image;
      return (
        image && [image.type, image.layout, image.channels, image.height, image.width, image.dynamicBatch]
      );
    };
    assert.deepEqual(await describeImage('nchw.onnx'), ['float32', 'nchw', 3, 4, 4, true]);
    assert.deepEqual(await describeImage('nhwc.onnx'), ['float32', 'nhwc', 3, 4, 5, true]);
    assert.deepEqual(await describeImage('uint8.onnx'), ['uint8', 'nhwc', 3, 4, 5, true]);
    assert.deepEqual(await describeImage('float16.onnx'), ['float16', 'nchw', 1, 4, 5, true]);
    assert.deepEqual(await describeImage('batch1.onnx'), ['float32', 'nchw', 3, 4, 4, false]);
    assert.equal(await describeImage('vector.onnx'), undefined);
  });

  it('says how pixels are scaled, in the order of the channels', async () => {
    const scaling = async (preprocess: Preprocess) => {
      const image = (await compile('nchw.onnx', preprocess)).manifest.image;
      assert.ok(image);
      // What each mode makes of the pixel (255, 128, 0), rounded.
      const rgb = image.channelOrder === 'rgb' ? [255, 128, 0] : [0, 128, 255];
      return rgb.map((pixel, c) => {
        const value = pixel * (image.scale[c] ?? Number.NaN) + (image.offset[c] ?? Number.NaN);
        return Number(value.toFixed(3));
      });
    };
    assert.deepEqual(await scaling('none'), [255, 128, 0]);
    assert.deepEqual(await scaling('unit'), [1, 0.502, 0]);
    assert.deepEqual(await scaling('tf'), [1, 0.004, -1]);
    // (1 - 0.485) / 0.229 and so on.
    assert.deepEqual(await scaling('torch'), [2.249, 0.205, -1.804]);
    assert.deepEqual(await scaling('caffe'), [-103.939, 11.221, 131.32]);
  });

  it('keeps the graph byte for byte, but gives each preprocess and output a digest of its own', async () => {
    const one = await compile('two-outputs.onnx');
    const other = await compile('two-outputs.onnx', 'none', 'z');
    assert.notEqual(one.manifest.digest, other.manifest.digest);
    assert.deepEqual(
      [one, other].map(({ manifest }) => manifest.outputs.map(({ name }) => name)),
      [['y', 'z'], ['z']],
    );
    const [was, is] = [one, other].map(({ onnx }) => fromBinary(ModelProtoSchema, onnx));
    assert.deepEqual(was?.graph, is?.graph);
    assert.equal(is?.metadataProps.find(({ key }) => key === 'sqlens.output')?.value, 'z');
  });

  it('still runs with the note at its end', async () => {
    const { onnx } = await compile('vector.onnx');
    const session = await InferenceSession.create(onnx);
    const { y } = await session.run({ x: new Tensor('float32', [-1, 2, -3, 4, 5], [1, 5]) });
    assert.deepEqual([...((await y?.getData()) ?? [])], [0, 2, 0, 4, 5]);
    await session.release();
  });
});
