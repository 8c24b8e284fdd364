import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ImageObject, LocationPolicy } from '../api.ts';
import { Locations } from './locations.ts';
import { S3_TEST_KEY, type S3Server, startS3Server } from './s3-server.testing.ts';

process.env.AWS_ACCESS_KEY_ID = S3_TEST_KEY;
process.env.AWS_SECRET_ACCESS_KEY = S3_TEST_KEY;

const LIMIT = { maxSize_bytes: 1_000_000 };
const opened: Locations[] = [];
let server: S3Server;
let endpoint = '';

function policyFor(url: string, allowedBuckets?: readonly string[]): LocationPolicy {
  return {
    allowedPaths: [],
    deniedPaths: [],
    allowedBuckets,
    allowHttp: false,
    s3: { endpoint: url, region: 'us-east-1', forcePathStyle: true },
  };
}

function open(url: string, allowedBuckets?: readonly string[]): Locations {
  const locations = new Locations(policyFor(url, allowedBuckets));
  opened.push(locations);
  return locations;
}

const ODD_KEYS = [
  'odd/plain.jpg',
  'odd/with space.jpg',
  'odd/plus+and&.jpg',
  'odd/percent%20%.jpg',
  'odd/hash#question?.jpg',
  'odd/ünï😀.jpg',
  'odd/quote\'"<>.jpg',
  'odd/brackets[1]{a,b}.jpg',
  'odd/star*.jpg',
  'odd/back\\slash.jpg',
  'odd/label=a%2Fb/00123.png',
  'odd/readme.txt',
  'odd/.hidden.jpg',
];

before(async () => {
  server = await startS3Server(['photos', 'many', 'empty']);
  endpoint = server.endpoint;
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  for (const key of ODD_KEYS) {
    await client.send(
      new PutObjectCommand({ Bucket: 'photos', Key: key, Body: key, ContentType: 'image/x-test' }),
    );
  }
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'odd-sibling/x.jpg', Body: 'x' }));
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'folder-marker/', Body: '' }));
  client.destroy();
  // Thousands of objects in the form in which the test server stores them: putting each over HTTP takes a minute.
  for (let index = 0; index < 2_500; index++) {
    const key = `set/label=${index % 3}/${String(index).padStart(5, '0')}.jpg`;
    mkdirSync(path.join(server.folder, 'many', path.dirname(key)), { recursive: true });
    writeFileSync(path.join(server.folder, 'many', `${key}._S3rver_object`), `object ${index}`);
    writeFileSync(path.join(server.folder, 'many', `${key}._S3rver_metadata.json`), '{}');
  }
});

after(async () => {
  for (const locations of opened) locations.close();
  await server.close();
});

async function listed(locations: Locations, pattern: string, options = {}): Promise<ImageObject[]> {
  const objects: ImageObject[] = [];
  for await (const page of locations.list(pattern, options)) objects.push(...page);
  return objects;
}

async function keys(locations: Locations, pattern: string): Promise<string[]> {
  return (await listed(locations, pattern)).map(({ uri }) => uri.replace(/^s3:\/\/[^/]*\//, ''));
}

test('lists 2,500 objects across the service page size, in pages, in order, with partitions', async () => {
  const locations = open(endpoint);
  const sizes: number[] = [];
  const objects: ImageObject[] = [];
  for await (const page of locations.list('s3://many/set/', { pageSize: 700 })) {
    sizes.push(page.length);
    objects.push(...page);
  }
  assert.deepEqual(sizes, [700, 700, 700, 400]);
  assert.equal(new Set(objects.map(({ uri }) => uri)).size, 2_500);
  const uris = objects.map(({ uri }) => uri);
  assert.deepEqual(uris, [...uris].sort());
  const [object] = objects;
  assert.equal(object?.uri, 's3://many/set/label=0/00000.jpg');
  assert.equal(object?.size_bytes, 'object 0'.length);
  assert.equal(object?.contentType, 'image/jpeg');
  assert.ok(object?.lastModified.getTime() > 1_600_000_000_000);
  assert.deepEqual(Object.fromEntries(object?.partitions ?? []), { label: '0' });
  const { bytes, version } = await locations.read('s3://many/set/label=1/00100.jpg', LIMIT);
  assert.equal(Buffer.from(bytes).toString(), 'object 100');
  assert.equal(version, objects.find(({ uri }) => uri.endsWith('/00100.jpg'))?.version);
  await assert.rejects(listed(locations, 's3://many/', { maxObjects: 2_499 }), { sqlState: '54000' });
});

test('globs list by prefix and match below it', async () => {
  const locations = open(endpoint);
  assert.equal((await keys(locations, 's3://many/set/label=1/*.jpg')).length, 833);
  assert.equal((await keys(locations, 's3://many/**/*0.{jpg,png}')).length, 250);
  assert.deepEqual(await keys(locations, 's3://many/set/label=[12]/0000?.jpg'), [
    ...['00001', '00004', '00007'].map((name) => `set/label=1/${name}.jpg`),
    ...['00002', '00005', '00008'].map((name) => `set/label=2/${name}.jpg`),
  ]);
  assert.deepEqual(await keys(locations, 's3://many/nothing*/x'), []);
});

test('odd keys are listed and read letter for letter', async () => {
  const locations = open(endpoint);
  const expected = ODD_KEYS.filter((key) => !/hidden|readme/.test(key));
  assert.deepEqual((await keys(locations, 's3://photos/odd')).sort(), [...expected].sort());
  assert.deepEqual((await keys(locations, 's3://photos/odd/')).sort(), [...expected].sort());
  for (const object of await listed(locations, 's3://photos/odd')) {
    const { bytes, version } = await locations.read(object.uri, { ...LIMIT, version: object.version });
    assert.equal(`s3://photos/${Buffer.from(bytes).toString()}`, object.uri);
    assert.equal(version, object.version);
    assert.equal(locations.canonicalUri(object.uri), object.uri);
    assert.deepEqual(
      (await listed(locations, object.uri)).map(({ uri }) => uri),
      [object.uri],
    );
    const stat = await locations.stat(object.uri);
    assert.deepEqual(
      [stat.version, stat.size_bytes, stat.contentType],
      [version, object.size_bytes, 'image/x-test'],
    );
  }
  const [partitioned] = await listed(locations, 's3://photos/odd/label=*/*');
  assert.deepEqual(Object.fromEntries(partitioned?.partitions ?? []), { label: 'a/b' });
  assert.deepEqual(await keys(locations, 's3://photos/odd/readme.txt'), ['odd/readme.txt']);
});

test('s3a and s3n name the same objects', () => {
  const locations = open(endpoint);
  assert.equal(locations.canonicalUri('s3a://photos/a b.jpg'), 's3://photos/a b.jpg');
  assert.equal(locations.canonicalUri('S3N://photos/x'), 's3://photos/x');
});

test('what is not there is named', async () => {
  const locations = open(endpoint);
  await assert.rejects(locations.read('s3://photos/none.jpg', LIMIT), {
    sqlState: '58P01',
    message: /none\.jpg" does not exist/,
  });
  await assert.rejects(locations.stat('s3://photos/none.jpg'), { sqlState: '58P01' });
  await assert.rejects(locations.read('s3://no-such-bucket/x.jpg', LIMIT), {
    sqlState: '58P01',
    message: /the bucket "no-such-bucket" does not exist/,
  });
  await assert.rejects(listed(locations, 's3://no-such-bucket/'), { sqlState: '58P01', message: /bucket/ });
  await assert.rejects(listed(locations, 's3://photos/none/'), { sqlState: '58P01' });
  assert.deepEqual(await listed(locations, 's3://empty/'), []);
  assert.deepEqual(await listed(locations, 's3://photos/folder-marker/'), []);
});

test('an object of another version or above the limit is refused', async () => {
  const locations = open(endpoint);
  await assert.rejects(locations.read('s3://photos/odd/plain.jpg', { ...LIMIT, version: 'old' }), {
    sqlState: '55000',
  });
  await assert.rejects(locations.read('s3://photos/odd/plain.jpg', { maxSize_bytes: 5 }), {
    sqlState: '54000',
  });
});

test('only allowed buckets and prefixes are read, and keys that fold into others are refused', async () => {
  const locations = open(endpoint, ['s3://photos/odd', 's3://many']);
  assert.equal((await locations.read('s3://photos/odd/plain.jpg', LIMIT)).bytes.length, 13);
  assert.equal((await keys(locations, 's3://many/set/label=0/')).length, 834);
  for (const text of [
    's3://photos/odd-sibling/x.jpg',
    's3://empty/x.jpg',
    's3://photos/',
    's3://photos/o*',
    's3://photos/**',
  ]) {
    await assert.rejects(listed(locations, text), { sqlState: '42501' }, text);
    await assert.rejects(locations.read(text, LIMIT), { sqlState: '42501' }, text);
  }
  for (const text of [
    's3://photos/odd/../odd-sibling/x.jpg',
    's3://photos/./x',
    's3://*/x',
    's3:///x',
    's3://a',
    's3://photos/\0',
  ]) {
    await assert.rejects(locations.read(text, LIMIT), { sqlState: '22023' }, text);
    await assert.rejects(listed(locations, text), { sqlState: '22023' }, text);
  }
});

test('refused access says what to set', async () => {
  const denying = http.createServer((_, response) => {
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>');
  });
  const locations = open(await listen(denying));
  const expected = { sqlState: '42501', message: /AccessDenied/, hint: /AWS_ACCESS_KEY_ID/ };
  await assert.rejects(locations.read('s3://photos/x.jpg', LIMIT), expected);
  await assert.rejects(listed(locations, 's3://photos/'), expected);
  denying.close();
});

test('without any credentials requests go unsigned, so public buckets work', async () => {
  let authorization: string | undefined = 'none came';
  const publicServer = http.createServer((request, response) => {
    authorization = request.headers.authorization;
    response.writeHead(200, { etag: '"v"', 'content-length': 2 });
    response.end('ok');
  });
  const url = await listen(publicServer);
  const saved = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_CONFIG_FILE: '/nonexistent',
  });
  try {
    await open(url).read('s3://photos/x.jpg', LIMIT);
    assert.equal(authorization, undefined);
  } finally {
    process.env = saved;
    publicServer.close();
  }
  await open(endpoint).read('s3://photos/odd/plain.jpg', LIMIT);
});

test('a service that is not there is named', async () => {
  const probe = http.createServer();
  const url = await listen(probe);
  await new Promise((resolve) => probe.close(resolve));
  await assert.rejects(open(url).read('s3://photos/x.jpg', LIMIT), {
    sqlState: '08006',
    message: new RegExp(url),
    hint: /AWS_ENDPOINT_URL/,
  });
});

/** Serves one object, badly: each request is handled by the next of the given behaviours, the last one for good. */
async function faulty(
  behaviours: readonly ((response: http.ServerResponse) => void)[],
): Promise<{ url: string; requests: () => number; close: () => void }> {
  let requests = 0;
  const bad = http.createServer((_, response) => {
    const behaviour = behaviours[Math.min(requests++, behaviours.length - 1)];
    behaviour?.(response);
  });
  const url = await listen(bad);
  return { url, requests: () => requests, close: () => bad.close() };
}

async function listen(instance: net.Server): Promise<string> {
  await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
  const address = instance.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

const BODY = Buffer.alloc(100_000, 'x');

function serveWhole(response: http.ServerResponse): void {
  response.writeHead(200, { 'content-length': BODY.length, etag: '"v1"' });
  response.end(BODY);
}

function resetInBody(response: http.ServerResponse): void {
  response.writeHead(200, { 'content-length': BODY.length, etag: '"v1"' });
  response.write(BODY.subarray(0, 60_000), () => response.socket?.resetAndDestroy());
}

function endTooEarly(response: http.ServerResponse): void {
  response.writeHead(200, { 'content-length': BODY.length, etag: '"v1"' });
  response.write(BODY.subarray(0, 60_000), () => response.socket?.end());
}

function fail500(response: http.ServerResponse): void {
  response.writeHead(500);
  response.end();
}

function resetAtOnce(response: http.ServerResponse): void {
  response.socket?.resetAndDestroy();
}

test('broken transfers are tried again: resets before and in the body, short bodies, 500s', async () => {
  for (const behaviours of [
    [resetInBody, serveWhole],
    [resetInBody, endTooEarly, serveWhole],
    [fail500, resetInBody, serveWhole],
    [resetAtOnce, fail500, serveWhole],
  ]) {
    const bad = await faulty(behaviours);
    const { bytes, version } = await open(bad.url).read('s3://photos/x.jpg', LIMIT);
    assert.equal(Buffer.compare(bytes, BODY), 0);
    assert.equal(version, 'v1');
    assert.equal(bad.requests(), behaviours.length);
    bad.close();
  }
});

test('a transfer that breaks every time is an error, never a short image', async () => {
  for (const behaviour of [resetInBody, endTooEarly]) {
    const bad = await faulty([behaviour]);
    await assert.rejects(open(bad.url).read('s3://photos/x.jpg', LIMIT), { sqlState: '08006' });
    bad.close();
  }
});

test('a slow transfer ends when the caller gives up', async () => {
  const bad = await faulty([
    (response) => {
      response.writeHead(200, { 'content-length': BODY.length });
      response.write(BODY.subarray(0, 1_000));
    },
  ]);
  const controller = new AbortController();
  const reading = open(bad.url).read('s3://photos/x.jpg', { ...LIMIT, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('the user cancelled')), 200);
  await assert.rejects(reading, { message: 'the user cancelled' });
  bad.close();
});
