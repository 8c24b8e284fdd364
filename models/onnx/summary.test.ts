/** ONNX files are shown with what can be told of them: compared with the Keras models that ours were compiled from. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { compileModel } from '../compile.ts';
import { summaryText } from '../describe.ts';

const KERAS = new URL('../keras/fixtures/', import.meta.url);
const SUMMARIES: readonly { file: string; flops: number | null }[] = JSON.parse(
  readFileSync(new URL('summaries.json', KERAS), 'utf8'),
);
const options = { preprocess: 'none', output: undefined } as const;

async function registered(name: string) {
  const bytes = gunzipSync(readFileSync(new URL(`../fixtures/${name}.gz`, import.meta.url)));
  return (await compileModel({ name, bytes }, options)).manifest;
}

describe('FLOPs of ONNX files are those of the Keras models in them', () => {
  const counted = SUMMARIES.filter(({ flops }) => flops !== null && flops > 0);
  it('of enough models', () => assert.ok(counted.length >= 30));

  for (const { file, flops } of counted) {
    it(file, async () => {
      const bytes = readFileSync(new URL(file, KERAS));
      const model = { name: file, bytes: file.endsWith('.gz') ? gunzipSync(bytes) : bytes };
      const { onnx } = await compileModel(model, options);
      const { manifest } = await compileModel({ name: 'artifact.onnx', bytes: onnx }, options);
      assert.equal(manifest.flops, flops);
      assert.equal(
        manifest.layers.reduce((sum, layer) => sum + layer.parameterCount, 0),
        manifest.parameterCount,
      );
    });
  }
});

describe('nodes of ONNX files', () => {
  it('have shapes, parameters and what feeds them', async () => {
    const manifest = await registered('two-outputs.onnx');
    assert.match(manifest.producer ?? '', /^opset \d+/);
    assert.ok(manifest.layers.every(({ className }) => className !== ''));
    assert.match(summaryText('two-outputs.onnx', manifest), /^\d+ nodes: \w+ \d+/m);
  });

  it('of a loop may compute anything, so nobody counts', async () => {
    const manifest = await registered('endless-loop.onnx');
    assert.equal(manifest.flops, undefined);
    assert.doesNotMatch(summaryText('loop', manifest), /^FLOPs/m);
  });
});
