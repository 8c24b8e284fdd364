import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { SqlensError } from '../../common/errors.ts';
import { type NamedModel, namedModel } from '../../models/zoo/catalog.ts';
import { pullCommand } from './pull-command.ts';
import { servedAs, WeightsServer } from './weights-server.testing.ts';
import { weightsFolder } from './weights-store.ts';

const content = Buffer.concat([Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), Buffer.alloc(100_000, 3)]);

let server: WeightsServer;
let model: NamedModel;
let folder: string;
let dataDir: string;

before(async () => {
  server = await WeightsServer.start(content);
  model = servedAs(namedModel('Xception'), server.origin, content);
});
after(() => server.close());

beforeEach(async (t) => {
  server.requests.length = 0;
  folder = await mkdtemp(path.join(tmpdir(), 'sqlens-pull-'));
  dataDir = path.join(folder, 'not', 'yet', 'there');
  if ('after' in t) t.after(() => rm(folder, { recursive: true, force: true }));
});

/** @returns what was printed, and noted beside it */
async function pull(
  ...args: readonly string[]
): Promise<{ readonly printed: string; readonly noted: string }> {
  let printed = '';
  let noted = '';
  const code = await pullCommand(
    [...args, '--data-dir', dataDir],
    {},
    {
      print: (text) => {
        printed += text;
      },
      note: (text) => {
        noted += `${text}\n`;
      },
      signal: new AbortController().signal,
      findModel: (name) => (name.toLowerCase() === 'xception' ? model : namedModel(name)),
    },
  );
  assert.equal(code, 0);
  return { printed, noted };
}

const refused = (message: RegExp, hint: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SqlensError);
  assert.match(error.message, message);
  assert.match(error.hint ?? '', hint);
  return true;
};

async function assertHere(): Promise<void> {
  const file = path.join(weightsFolder(dataDir), model.weights.top.file);
  assert.ok((await readFile(file)).equals(content));
  assert.deepEqual(await readdir(weightsFolder(dataDir)), [model.weights.top.file]);
}

test('from Keras’ own place, with progress', async () => {
  const { printed, noted } = await pull('XCEPTION');
  await assertHere();
  assert.equal(printed, `Xception: ${path.join(weightsFolder(dataDir), model.weights.top.file)}\n`);
  assert.match(noted, /^fetching xception_.*\.h5 from 127\.0\.0\.1:\d+: [\d.]+ of 0\.1 MB\n/);
  assert.match((await pull('Xception')).printed, /was there already\n$/);
  assert.equal(server.requests.length, 1);
});

test('from another web server, by folder or by file', async () => {
  await pull('Xception', '--from', `${server.origin}/mirror`);
  await assertHere();
  await rm(dataDir, { recursive: true });
  await pull('Xception', '--from', `${server.origin}/mirror/`);
  await rm(dataDir, { recursive: true });
  await pull('Xception', '--from', `${server.origin}/files/mine.h5?token=1`);
  await assertHere();
  const { file } = model.weights.top;
  assert.deepEqual(
    server.requests.map((request) => request.path),
    [`/mirror/${file}`, `/mirror/${file}`, '/files/mine.h5?token=1'],
  );
});

test('from a folder or a file, without asking the network', async () => {
  const bundle = path.join(folder, 'bundle');
  await mkdir(bundle);
  await writeFile(path.join(bundle, model.weights.top.file), content);
  await writeFile(path.join(folder, 'renamed'), content);
  for (const from of [bundle, path.join(folder, 'renamed')]) {
    await pull('Xception', '--from', from);
    await assertHere();
    await rm(dataDir, { recursive: true });
  }
  assert.equal(server.requests.length, 0);
});

test('what cannot be is refused, and says what to do', async () => {
  const wrong = path.join(folder, 'wrong.h5');
  await writeFile(wrong, Buffer.concat([content, Buffer.from('x')]));
  await assert.rejects(
    pull('Xception', '--from', wrong),
    refused(/is not the file that Keras published/, /not kept/),
  );
  assert.ok((await readFile(wrong)).length > 0);
  assert.deepEqual(await readdir(weightsFolder(dataDir)), []);
  await assert.rejects(
    pull('Xception', '--from', '/no/such/folder'),
    refused(/\/no\/such\/folder is not there/, /--from/),
  );
  await assert.rejects(
    pull('Xception', '--from', folder),
    refused(/cannot be read/, /It must be Keras' own file, xception/),
  );
  await assert.rejects(pull('Exception'), refused(/there is no model named "Exception"/, /Xception/));
  await assert.rejects(pull(), refused(/which model\?/, /sqlens model pull/));
  await assert.rejects(pull('Xception', '--form', 'x'), refused(/--form/, /--help/));
  await assert.rejects(pull('Xception', '--from', 'http://['), refused(/is not a valid URL/, /https/));
});
