import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { SqlensError } from '../common/errors.ts';
import type { CompiledModel } from '../models/artifact.ts';
import { ArtifactStore } from './artifacts.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sqlens-artifacts-'));
});
after(() => rm(folder, { recursive: true, force: true }));

function model(content: string): CompiledModel {
  const onnx = Buffer.from(content);
  return {
    onnx,
    manifest: {
      digest: createHash('sha256').update(onnx).digest('hex'),
      format: 'onnx',
      preprocess: 'none',
      compilerVersion: 1,
      inputs: [],
      image: undefined,
      outputs: [],
      layers: [],
      parameterCount: 0,
      size_bytes: onnx.length,
    },
  };
}

test('an artifact is whole or not there', async () => {
  const store = new ArtifactStore(folder);
  await store.open();
  const good = model('one graph');
  const { digest } = good.manifest;
  await store.put(good);
  await store.put(good);
  assert.equal((await store.manifest(digest)).size_bytes, 9);
  assert.equal(await store.verify(digest), true);
  assert.equal((await readdir(folder)).length, 2);
  await truncate(store.pathOf(digest), 3);
  const damaged = (error: unknown) => error instanceof SqlensError && error.sqlState === 'XX001';
  await assert.rejects(store.manifest(digest), damaged);
  assert.equal(await store.verify(digest), false);
  await assert.rejects(store.manifest('0'.repeat(64)), damaged);
});

test('what a newer compiler says of an artifact replaces what an older one said', async () => {
  const store = new ArtifactStore(folder);
  const old = model('told more of');
  await store.put(old);
  await store.put({ ...old, manifest: { ...old.manifest, producer: 'Keras 3.15.0', flops: 12 } });
  const { producer, flops } = await store.manifest(old.manifest.digest);
  assert.deepEqual([producer, flops], ['Keras 3.15.0', 12]);
  assert.equal(await store.verify(old.manifest.digest), true);
});

test('collecting deletes drafts and what no model refers to', async () => {
  const store = new ArtifactStore(folder);
  const kept = model('kept');
  await store.put(kept);
  await store.put(model('unused'));
  await writeFile(`${store.pathOf('a'.repeat(64))}.123.part`, 'half');
  await store.collect(new Set([kept.manifest.digest]));
  assert.deepEqual((await readdir(folder)).sort(), [
    `${kept.manifest.digest}.json`,
    `${kept.manifest.digest}.onnx`,
  ]);
});
