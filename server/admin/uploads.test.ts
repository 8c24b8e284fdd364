import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { createAdminServer } from './server.ts';
import { startServer, until } from './testing/app.ts';

const MIB = 2 ** 20;

function formOf(fields: Readonly<Record<string, string>>, file?: Buffer, fileName = 'model.h5'): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (file !== undefined) form.set('file', new Blob([file]), fileName);
  return form;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

async function post(base: string, body: FormData) {
  const response = await fetch(`${base}/v1/models`, { method: 'POST', body });
  const { error } = fields(await response.json());
  return { status: response.status, error: fields(error) };
}

test('an uploaded file reaches the backend byte for byte, private, and is deleted afterwards', async (t) => {
  const { base, backend, folder, uploadNames } = await startServer(t);
  const bytes = randomBytes(5 * MIB + 17);
  let release = () => {};
  backend.hold = new Promise((resolve) => {
    release = resolve;
  });
  const options = '{"preprocess":"tf","labels":["a","b"],"top_k":2}';
  const sent = post(
    base,
    formOf({ name: 'up', replace: 'true', returns: 'VARCHAR', options }, bytes, '../../ü x.KERAS'),
  );
  await until(() => backend.uploaded.length === 1);
  const [created] = backend.created;
  assert.ok(created?.source.kind === 'upload');
  assert.equal(path.dirname(created.source.path), folder);
  assert.match(path.basename(created.source.path), /^upload-[0-9a-f-]{36}\.keras$/);
  assert.equal(created.source.fileName, 'ü x.KERAS');
  const { source: _, ...rest } = created;
  assert.deepEqual(rest, {
    name: 'up',
    functionName: undefined,
    returns: 'VARCHAR',
    options: { preprocess: 'tf', labels: ['a', 'b'], top_k: 2 },
    replace: true,
    user: 'http',
  });
  assert.equal((await stat(created.source.path)).mode & 0o777, 0o600);
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.deepEqual(backend.uploaded, [bytes]);
  release();
  assert.equal((await sent).status, 201);
  assert.deepEqual(await uploadNames(), []);
});

test('labels may come as a file, before or after the model', async (t) => {
  const { base, backend } = await startServer(t);
  for (const order of ['before', 'after']) {
    const form = new FormData();
    const labels = new Blob(['\ufeffstop\r\n', 'give way\n', 'straße\n\n']);
    if (order === 'before') form.set('labels', labels, 'labels.txt');
    form.set('file', new Blob(['x']), 'm.onnx');
    form.set('options', '{"top_k":1}');
    if (order === 'after') form.set('labels', labels, 'labels.txt');
    form.set('name', order);
    assert.equal((await post(base, form)).status, 201);
  }
  assert.deepEqual(
    backend.created.map(({ name, options }) => [name, options]),
    [
      ['before', { top_k: 1, labels: ['stop', 'give way', 'straße'] }],
      ['after', { top_k: 1, labels: ['stop', 'give way', 'straße'] }],
    ],
  );
});

test('a form that is wrong says what, reaches no backend and leaves no file', async (t) => {
  const { base, backend, uploadNames } = await startServer(t);
  const file = Buffer.alloc(200_000);
  const twice = formOf({ name: 'm' }, file);
  twice.append('file', new Blob(['y']), 'second.h5');
  const twoNames = formOf({ name: 'm' }, file);
  twoNames.append('name', 'n');
  const otherFile = formOf({ name: 'm' });
  otherFile.set('weights', new Blob(['y']), 'w.bin');
  const twoLabels = formOf({ name: 'm', options: '{"labels":["a"]}' }, file);
  twoLabels.set('labels', new Blob(['a']), 'labels.txt');
  const asText = formOf({ name: 'm', file: 'not a file' });
  const manyFields = formOf(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, 'x'])), file);
  const wrong: [string, FormData, number, RegExp][] = [
    ['no file', formOf({ name: 'm' }), 400, /"file" .* missing/],
    ['file as text', asText, 400, /"file" .* missing/],
    ['no name', formOf({}, file), 400, /must have name/],
    ['unknown field', formOf({ name: 'm', nome: 'x' }, file), 400, /nome is not known/],
    ['uri beside a file', formOf({ name: 'm', uri: 's3://b/x' }, file), 400, /uri is not known/],
    [
      'options that are no JSON',
      formOf({ name: 'm', options: '{' }, file),
      400,
      /"options" is not valid JSON/,
    ],
    [
      'options of the wrong type',
      formOf({ name: 'm', options: '{"top_k":"5"}' }, file),
      400,
      /options.top_k/,
    ],
    ['replace that is no boolean', formOf({ name: 'm', replace: '1' }, file), 400, /replace must be boolean/],
    ['two files', twice, 400, /"file" came twice/],
    ['two names', twoNames, 400, /"name" came twice/],
    ['a file that nobody asked for', otherFile, 400, /"weights"/],
    ['labels twice', twoLabels, 400, /labels are given twice/],
    ['too many fields', manyFields, 413, /limit/],
    ['a huge field', formOf({ name: 'm', options: `"${'x'.repeat(2 * MIB)}"` }, file), 413, /limited/],
  ];
  for (const [what, form, status, message] of wrong) {
    const response = await post(base, form);
    assert.equal(response.status, status, what);
    assert.match(String(response.error.message), message, what);
  }
  assert.equal(backend.created.length, 0);
  await until(async () => (await uploadNames()).length === 0);
});

test('a file beyond the limit is refused, announced or not, and leaves nothing', async (t) => {
  const { base, port, backend, uploadNames } = await startServer(t, { limits: { upload_bytes: MIB } });
  const response = await post(base, formOf({ name: 'm' }, Buffer.alloc(MIB + 1)));
  assert.equal(response.status, 413);
  assert.equal(response.error.sqlstate, '54000');
  assert.equal((await post(base, formOf({ name: 'fits' }, Buffer.alloc(MIB)))).status, 201);
  // Ten times the limit, and only the header has been sent when the answer comes.
  const announced = request({
    port,
    method: 'POST',
    path: '/v1/models',
    headers: multipartHeaders(10 * MIB),
  });
  announced.on('error', () => {});
  announced.flushHeaders();
  const status = await new Promise((resolve) =>
    announced.once('response', (answer) => resolve(answer.statusCode)),
  );
  assert.equal(status, 413);
  announced.destroy();
  // Sent in chunks, without a length: the server counts.
  const endless = request({ port, method: 'POST', path: '/v1/models', headers: multipartHeaders(undefined) });
  endless.on('error', () => {});
  endless.write(FILE_PART);
  const pump = setInterval(() => endless.write(Buffer.alloc(MIB / 4)), 5);
  const counted = await new Promise((resolve) =>
    endless.once('response', (answer) => resolve(answer.statusCode)),
  );
  assert.equal(counted, 413);
  // A client that goes on is cut off.
  await new Promise((resolve) => endless.once('close', resolve));
  clearInterval(pump);
  assert.deepEqual(
    backend.created.map(({ name }) => name),
    ['fits'],
  );
  await until(async () => (await uploadNames()).length === 0);
});

const BOUNDARY = 'xxBOUNDARYxx';
const FILE_PART = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="m.h5"\r\n\r\n`;

function multipartHeaders(length: number | undefined): Record<string, string | number> {
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  return { 'content-type': type, ...(length !== undefined && { 'content-length': length }) };
}

test('an upload that its client breaks off leaves nothing, and is logged as such', async (t) => {
  const { port, backend, logger, uploadNames } = await startServer(t);
  const broken = request({ port, method: 'POST', path: '/v1/models', headers: multipartHeaders(MIB) });
  broken.on('error', () => {});
  broken.write(FILE_PART + 'x'.repeat(100_000));
  await until(async () => (await uploadNames()).length === 1);
  broken.destroy();
  await until(async () => (await uploadNames()).length === 0);
  await until(() => logger.lines.length > 0);
  assert.deepEqual(
    logger.lines.map(({ fields }) => fields.status),
    [499],
  );
  assert.equal(backend.created.length, 0);
});

test('a truncated form is refused and leaves nothing', async (t) => {
  const { port, backend, uploadNames } = await startServer(t);
  const headers = multipartHeaders(undefined);
  const cut = request({ port, method: 'POST', path: '/v1/models', headers });
  cut.end(FILE_PART + 'x'.repeat(100_000));
  const status = await new Promise((resolve) => cut.once('response', (answer) => resolve(answer.statusCode)));
  assert.equal(status, 400);
  assert.equal(backend.created.length, 0);
  await until(async () => (await uploadNames()).length === 0);
});

test('an upload that stops is ended', async (t) => {
  const { port, uploadNames } = await startServer(t, { limits: { body_timeout_ms: 150 } });
  const stalled = request({ port, method: 'POST', path: '/v1/models', headers: multipartHeaders(MIB) });
  stalled.on('error', () => {});
  stalled.write(FILE_PART + 'x'.repeat(100_000));
  const status = await new Promise((resolve) =>
    stalled.once('response', (answer) => resolve(answer.statusCode)),
  );
  assert.equal(status, 408);
  await until(async () => (await uploadNames()).length === 0);
  stalled.destroy();
});

test('a client that leaves while its model is made stops the work', async (t) => {
  const { base, backend, uploadNames } = await startServer(t);
  backend.hold = new Promise(() => undefined);
  const controller = new AbortController();
  const body = formOf({ name: 'm' }, Buffer.alloc(1000));
  const sent = fetch(`${base}/v1/models`, { method: 'POST', body, signal: controller.signal });
  await until(() => backend.uploaded.length === 1);
  controller.abort();
  await assert.rejects(sent);
  await until(() => backend.aborted.length === 1);
  await until(async () => (await uploadNames()).length === 0);
});

test('so many uploads at a time, and no more', async (t) => {
  const { base, backend } = await startServer(t, { limits: { maxUploads: 1 } });
  let release = () => {};
  backend.hold = new Promise((resolve) => {
    release = resolve;
  });
  const first = post(base, formOf({ name: 'one' }, Buffer.alloc(10)));
  await until(() => backend.uploaded.length === 1);
  const second = await post(base, formOf({ name: 'two' }, Buffer.alloc(10)));
  assert.equal(second.status, 503);
  assert.equal(second.error.sqlstate, '53300');
  release();
  assert.equal((await first).status, 201);
  assert.equal((await post(base, formOf({ name: 'three' }, Buffer.alloc(10)))).status, 201);
});

test('an error of the backend deletes the upload too', async (t) => {
  const { base, backend, uploadNames } = await startServer(t);
  backend.failure = new SqlensError({
    sqlState: SqlState.dataException,
    message: 'm.h5 is not an HDF5 file',
  });
  const response = await post(base, formOf({ name: 'm' }, Buffer.alloc(10)));
  assert.deepEqual([response.status, response.error.message], [400, 'm.h5 is not an HDF5 file']);
  assert.deepEqual(await uploadNames(), []);
});

test('what a killed server left is deleted at the next start, and nothing else', async (t) => {
  const { folder, uploadNames, logger, backend } = await startServer(t);
  await writeFile(path.join(folder, 'upload-0815.h5'), 'left behind');
  await writeFile(path.join(folder, 'note.txt'), 'not ours');
  const next = createAdminServer({
    backend,
    logger,
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    tmpDir: folder,
  });
  t.after(() => next.close());
  await next.listen();
  assert.deepEqual(await uploadNames(), ['note.txt']);
});
