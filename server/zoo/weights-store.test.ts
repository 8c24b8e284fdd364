import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { childEntry } from '../../common/child-entry.ts';
import { SqlensError } from '../../common/errors.ts';
import { type NamedModel, namedModel } from '../../models/zoo/catalog.ts';
import { servedAs, TEST_LIMITS, WeightsServer } from './weights-server.testing.ts';
import { WeightsStore, weightsFolder } from './weights-store.ts';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** The beginning of an HDF5 file, and numbers of a fixed sequence. */
const content = Buffer.from([
  ...SIGNATURE,
  ...Array.from({ length: 300_000 }, (_, i) => (i * 131 + (i >> 7)) & 255),
]);

let server: WeightsServer;
let folder: string;
let model: NamedModel;
let store: WeightsStore;

before(async () => {
  server = await WeightsServer.start(content);
  model = servedAs(namedModel('VGG16'), server.origin, content);
});
after(() => server.close());

beforeEach(async (t) => {
  server.requests.length = 0;
  server.script.length = 0;
  folder = await mkdtemp(path.join(tmpdir(), 'sqlens-weights-'));
  store = new WeightsStore(folder, TEST_LIMITS);
  if ('after' in t) t.after(() => rm(folder, { recursive: true, force: true }));
});

const waiter = (told: string[] = [], signal = new AbortController().signal) => ({
  signal,
  onProgress: (message: string) => told.push(message),
});

const ensure = (told?: string[]) => store.ensure(model, model.weights.top, waiter(told));

/** What lies in the folder. */
const files = async () => readdir(weightsFolder(folder)).catch(() => []);

async function assertHere(): Promise<void> {
  assert.deepEqual(await files(), [model.weights.top.file]);
  assert.ok((await readFile(store.pathOf(model.weights.top))).equals(content));
}

async function failure(work: Promise<unknown>): Promise<SqlensError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof SqlensError, String(error));
    return error;
  }
  assert.fail('it did not fail');
}

test('weights are fetched once, told about, and kept', async () => {
  const told: string[] = [];
  assert.equal(await ensure(told), store.pathOf(model.weights.top));
  await assertHere();
  assert.match(told[0] ?? '', /^fetching vgg16_.*\.h5 from 127\.0\.0\.1:\d+: 0\.\d of 0\.3 MB$/);
  await ensure();
  await new WeightsStore(folder, TEST_LIMITS).ensure(model, model.weights.top, waiter());
  assert.equal(server.requests.length, 1);
});

test('redirects are followed, but not for ever and not to other protocols', async () => {
  server.script.push(
    server.redirectsTo('/elsewhere', 301),
    server.redirectsTo(`${server.origin}/there`, 307),
  );
  await ensure();
  await assertHere();
  assert.deepEqual(
    server.requests.map((request) => request.path),
    [`/${model.weights.top.file}`, '/elsewhere', '/there'],
  );
  await rm(store.pathOf(model.weights.top));
  server.script.push(...Array.from({ length: 10 }, () => server.redirectsTo('/round')));
  assert.match((await failure(ensure())).message, /redirects more than 3 times/);
  server.script.length = 0;
  server.script.push(server.redirectsTo('file:///etc/passwd'));
  assert.match(
    (await failure(ensure())).message,
    /redirects to file:\/\/\/etc\/passwd, which is not followed/,
  );
});

test('a transfer that breaks goes on where it broke', async () => {
  server.script.push(server.breaksAfter(100_000), server.breaksAfter(50_000), server.answers(503));
  await ensure();
  await assertHere();
  const ranges = server.requests.map((request) => request.range);
  assert.equal(ranges[0], undefined);
  // What had arrived when the connection broke is up to the network; that nothing is asked for twice is not.
  const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));
  assert.equal(starts.length, 3);
  assert.ok(
    starts.every((start, at) => start > 0 && start >= (starts[at - 1] ?? 0)),
    ranges.join(),
  );
});

test('a server that cannot send parts sends the whole again', async () => {
  server.script.push(server.breaksAfter(100_000), server.answers(200, content));
  await ensure();
  await assertHere();
});

test('a transfer that breaks again and again is given up, and goes on with the next query', async () => {
  server.script.push(
    server.breaksAfter(200_000),
    server.breaksAfter(0),
    server.breaksAfter(0),
    server.breaksAfter(0),
  );
  const error = await failure(ensure());
  assert.equal(error.sqlState, '08006');
  assert.match(
    error.message,
    /^the weights of VGG16 are not here, and could not be fetched: the transfer from .* broke off/,
  );
  assert.match(error.hint ?? '', /sqlens model pull VGG16 --from DIR/);
  assert.match((await files()).join(), /^vgg16.*\.part$/);
  const told: string[] = [];
  await ensure(told);
  await assertHere();
  assert.match(told[0] ?? '', /^going on to fetch/);
  assert.match(server.requests.at(-1)?.range ?? '', /^bytes=[1-9]\d*-$/);
});

test('what was left of another file is not taken for the beginning of this one', async () => {
  server.script.push(
    server.breaksAfter(200_000),
    server.breaksAfter(0),
    server.breaksAfter(0),
    server.breaksAfter(0),
  );
  await failure(ensure());
  const [left = ''] = await files();
  await writeFile(path.join(weightsFolder(folder), left), Buffer.alloc(1000, 7));
  await ensure();
  await assertHere();
  // A part that is longer than the file.
  await rm(store.pathOf(model.weights.top));
  await writeFile(path.join(weightsFolder(folder), left), Buffer.alloc(content.length + 5, 7));
  server.script.push(server.answers(416));
  await ensure();
  await assertHere();
});

test('a wrong content is an error, and thrown away', async () => {
  const other = Buffer.from(content);
  other[1000] = (other[1000] ?? 0) ^ 1;
  server.script.push(server.answers(200, other));
  const error = await failure(ensure());
  assert.equal(error.sqlState, 'XX001');
  assert.match(
    error.message,
    /is not the file that Keras published: its sha256 is [0-9a-f]{64}, not [0-9a-f]{64}/,
  );
  assert.deepEqual(await files(), []);
  server.script.push(server.answers(200, '<html>Please log in</html>'));
  assert.match((await failure(ensure())).message, /is not an HDF5 file/);
  assert.deepEqual(await files(), []);
});

test('an MD5 is checked as well as a SHA-256', async () => {
  const md5 = servedAs(model, server.origin, content, 'md5');
  await store.ensure(md5, md5.weights.top, waiter());
  const wrong = { ...md5.weights.top, hash: { algorithm: 'md5' as const, digest: '0'.repeat(32) } };
  // The file that is there is not trusted for its name alone.
  const fresh = new WeightsStore(folder, TEST_LIMITS);
  const error = await failure(fresh.ensure(model, wrong, waiter()));
  assert.match(error.message, new RegExp(`its md5 is ${createHash('md5').update(content).digest('hex')}`));
});

test('a file that is damaged on disk is fetched anew', async () => {
  await ensure();
  await writeFile(store.pathOf(model.weights.top), content.subarray(0, 1000));
  store = new WeightsStore(folder, TEST_LIMITS);
  const told: string[] = [];
  await ensure(told);
  await assertHere();
  assert.match(told[0] ?? '', /it is replaced/);
});

test('a server that sends nothing more is given up and asked again', async () => {
  server.script.push(server.stallsAfter(1000));
  store = new WeightsStore(folder, { ...TEST_LIMITS, idle_ms: 200 });
  await ensure();
  await assertHere();
  assert.equal(server.requests.length, 2);
});

test('a slow server may take its time, but not for ever', async () => {
  server.script.push(server.trickles, server.trickles);
  store = new WeightsStore(folder, { ...TEST_LIMITS, total_ms: 300 });
  assert.match((await failure(ensure())).message, /was not fetched within 0 s/);
});

test('what is larger than any file of weights is refused', async () => {
  store = new WeightsStore(folder, { ...TEST_LIMITS, size_bytes: 100_000 });
  const error = await failure(ensure());
  assert.equal(error.sqlState, '54000');
  server.script.push((_request, response) => {
    // Without a length.
    response.write(content);
    response.end();
  });
  assert.equal((await failure(ensure())).sqlState, '54000');
  assert.deepEqual(await files(), []);
});

test('two who ask at once share one transfer', async () => {
  const told: string[][] = [[], []];
  await Promise.all(told.map((lines) => ensure(lines)));
  await assertHere();
  assert.equal(server.requests.length, 1);
  assert.ok(told.every((lines) => lines.length > 0));
});

test('a transfer goes on for the others when one who waits goes away, and ends when all do', async () => {
  server.script.push(server.trickles);
  const first = new AbortController();
  const second = new AbortController();
  const told: string[] = [];
  const waits = [first, second].map((stop) =>
    store.ensure(model, model.weights.top, waiter(told, stop.signal)).catch((error: unknown) => error),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.abort(new Error('one has gone'));
  assert.match(String(await waits[0]), /one has gone/);
  assert.equal(server.requests.length, 1);
  second.abort(new Error('the other has gone too'));
  assert.match(String(await waits[1]), /the other has gone too/);
  // The next one goes on, alone, from what had come.
  await ensure();
  await assertHere();
});

test('without a network the error says so, and what to do', async () => {
  const closed = await WeightsServer.start(content);
  const { origin } = closed;
  await closed.close();
  const away = servedAs(model, origin, content);
  const error = await failure(store.ensure(away, away.weights.top, waiter()));
  assert.equal(error.sqlState, '08006');
  assert.match(
    error.message,
    /^the weights of VGG16 are not here, and could not be fetched: there is no network connection to 127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/,
  );
  assert.match(
    error.hint ?? '',
    /^Bring vgg16_.*\.h5 to this machine.*: sqlens model pull VGG16 --from DIR$/,
  );
  const nowhere = servedAs(model, 'https://no-such-host.invalid', content);
  const unknown = await failure(store.ensure(nowhere, nowhere.weights.top, waiter()));
  assert.match(unknown.message, /there is no network connection to no-such-host\.invalid \(E\w+\)/);
});

test('a process that is killed in the middle leaves what the next one goes on with', async () => {
  server.script.push(server.stallsAfter(150_000));
  const child = fork(childEntry(import.meta.url, './fetch-child.testing'), [folder, JSON.stringify(model)]);
  for (;;) {
    const [part] = await files();
    const size_bytes =
      part === undefined ? 0 : (await readFile(path.join(weightsFolder(folder), part))).length;
    if (size_bytes === 150_000) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await ensure();
  await assertHere();
  assert.deepEqual(
    server.requests.map((request) => request.range),
    [undefined, 'bytes=150000-'],
  );
});

test('two processes never write into the same part', async () => {
  server.script.push(server.stallsAfter(1000));
  const child = fork(childEntry(import.meta.url, './fetch-child.testing'), [folder, JSON.stringify(model)]);
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await ensure();
  assert.ok((await readFile(store.pathOf(model.weights.top))).equals(content));
  assert.equal(server.requests[1]?.range, undefined);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
});
