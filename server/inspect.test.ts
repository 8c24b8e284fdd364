/** `sqlens model inspect`, as a user types it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { childEntry } from '../common/child-entry.ts';
import { bundledModel } from '../models/bundled/index.ts';

const main = childEntry(import.meta.url, './main');
let folder: string;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sqlens-inspect-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function inspect(...files: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const program = [...(main.endsWith('.ts') ? ['--import', 'tsx'] : []), main];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...program, 'model', 'inspect', ...files],
      { env: { ...process.env, NODE_OPTIONS: '' } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

function unpacked(name: string): string {
  const source = fileURLToPath(new URL(`../models/fixtures/${name}.gz`, import.meta.url));
  const file = path.join(folder, name);
  writeFileSync(file, gunzipSync(readFileSync(source)));
  return file;
}

test('a Keras file: layers, totals, what goes in and what comes out', async () => {
  const { code, stdout, stderr } = await inspect(bundledModel.path);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.match(stdout, /^Layer \(type\) +Output Shape +Param # +FLOPs/m);
  assert.match(stdout, /^Total params: [\d,]+ \([\d.]+ [KM]?B\)$/m);
  assert.match(stdout, /^Trainable params: /m);
  assert.match(stdout, /^FLOPs: [\d,]+ for one input/m);
  assert.match(stdout, /^Input: \S+ uint8 \(None, \d+, \d+, 3\), an image$/m);
  assert.match(stdout, /^Preprocessing: none /m);
});

test('an ONNX file: nodes by type, and its opset', async () => {
  const { code, stdout } = await inspect(unpacked('nchw.onnx'));
  assert.equal(code, 0);
  assert.match(stdout, /^nchw\.onnx: onnx, opset \d+/);
  assert.match(stdout, /^\d+ nodes: [A-Z]\w+ \d+/m);
});

test('a bad file: the error with what to do, and 1', async () => {
  const text = path.join(folder, 'notes.h5');
  writeFileSync(text, 'no model');
  for (const file of [text, unpacked('lambda.keras'), path.join(folder, 'nothing.h5')]) {
    const { code, stdout, stderr } = await inspect(file);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /^sqlens: .*(notes\.h5|lambda\.keras|nothing\.h5).*\n {2}\S.*\n$/);
  }
});

test('no file, or two: how it is called, and 2', async () => {
  for (const files of [[], ['a', 'b']]) {
    const { code, stderr } = await inspect(...files);
    assert.equal(code, 2);
    assert.match(stderr, /^Usage: sqlens model inspect FILE/);
  }
});
