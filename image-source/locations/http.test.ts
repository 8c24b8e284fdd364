import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import type { LocationPolicy } from '../api.ts';
import { isPublicAddress } from './addresses.ts';
import { Locations } from './locations.ts';

const LIMIT = { maxSize_bytes: 10_000 };
const BODY = Buffer.from('an image, as far as a web server can tell');
const MODIFIED = 'Wed, 21 Oct 2026 07:28:00 GMT';
let attempts = 0;
let closedPort = 0;

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://host');
  switch (pathname) {
    case '/etag.jpg':
      response.setHeader('etag', 'W/"abc"');
      break;
    case '/modified.jpg':
      response.setHeader('last-modified', MODIFIED);
      break;
    case '/a%20b.jpg':
    case '/plain.jpg':
      break;
    case '/no-head.jpg':
      if (request.method === 'HEAD') return void response.writeHead(405).end();
      break;
    case '/flaky.jpg':
      if (attempts++ < 2) return void response.writeHead(503).end();
      break;
    case '/broken.jpg':
      return void response.writeHead(500).end();
    case '/forbidden.jpg':
      return void response.writeHead(403).end();
    case '/endless.jpg':
      response.writeHead(200);
      return void setInterval(() => response.write(Buffer.alloc(4_000)), 1).unref();
    case '/redirect':
      return void response.writeHead(302, { location: '/etag.jpg' }).end();
    case '/loop':
      return void response.writeHead(302, { location: '/loop' }).end();
    case '/to-metadata':
      return void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    case '/to-other-port':
      return void response.writeHead(302, { location: `http://127.0.0.1:${closedPort}/x.jpg` }).end();
    case '/to-file':
      return void response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    default:
      return void response.writeHead(404).end();
  }
  response.writeHead(200, { 'content-length': BODY.length, 'content-type': 'image/jpeg' });
  response.end(request.method === 'HEAD' ? undefined : BODY);
});

let base = '';
let locations: Locations;

function policyOf(fields: Partial<LocationPolicy>): LocationPolicy {
  return {
    allowedPaths: [],
    deniedPaths: [],
    allowedBuckets: undefined,
    allowHttp: true,
    s3: { endpoint: undefined, region: 'us-east-1', forcePathStyle: false },
    ...fields,
  };
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  base = `http://127.0.0.1:${address.port}`;
  closedPort = address.port === 65_535 ? 65_534 : address.port + 1;
  locations = new Locations(policyOf({ allowedPrivateHosts: [`127.0.0.1:${address.port}`] }));
});

after(() => {
  locations.close();
  server.closeAllConnections();
  server.close();
});

test('reads an object; its version is the ETag, else the time, else the content', async () => {
  const { bytes, version } = await locations.read(`${base}/etag.jpg`, LIMIT);
  assert.equal(Buffer.compare(bytes, BODY), 0);
  assert.equal(version, 'abc');
  assert.equal((await locations.stat(`${base}/etag.jpg`)).version, 'abc');
  const modified = await locations.stat(`${base}/modified.jpg`);
  assert.equal(modified.lastModified.getTime(), Date.parse(MODIFIED));
  assert.equal((await locations.read(`${base}/modified.jpg`, LIMIT)).version, modified.version);
  const plain = await locations.read(`${base}/plain.jpg`, LIMIT);
  assert.equal(plain.version, createHash('sha256').update(BODY).digest('hex'));
  assert.equal((await locations.stat(`${base}/no-head.jpg`)).size_bytes, BODY.length);
});

test('a listing is the one object', async () => {
  for await (const page of locations.list(`${base}/etag.jpg#part`)) {
    assert.deepEqual(page, [
      {
        uri: `${base}/etag.jpg`,
        version: 'abc',
        size_bytes: BODY.length,
        lastModified: new Date(0),
        contentType: 'image/jpeg',
        partitions: new Map(),
      },
    ]);
  }
  assert.equal(
    locations.canonicalUri('HTTPS://Example.COM:443/a b.jpg?q=1#x'),
    'https://example.com/a%20b.jpg?q=1',
  );
  assert.equal((await locations.read(`${base}/a b.jpg`, LIMIT)).bytes.length, BODY.length);
});

test('overload is tried again, other failures are named', async () => {
  attempts = 0;
  assert.equal((await locations.read(`${base}/flaky.jpg`, LIMIT)).bytes.length, BODY.length);
  await assert.rejects(locations.read(`${base}/broken.jpg`, LIMIT), { sqlState: '08006', detail: /500/ });
  await assert.rejects(locations.read(`${base}/none.jpg`, LIMIT), { sqlState: '58P01' });
  await assert.rejects(locations.read(`${base}/forbidden.jpg`, LIMIT), { sqlState: '42501' });
  await assert.rejects(locations.read(`${base}/etag.jpg`, { ...LIMIT, version: 'old' }), {
    sqlState: '55000',
  });
});

test('a body without end stops at the limit', async () => {
  await assert.rejects(locations.read(`${base}/endless.jpg`, LIMIT), { sqlState: '54000' });
  await assert.rejects(locations.read(`${base}/etag.jpg`, { maxSize_bytes: 10 }), {
    sqlState: '54000',
    message: /41 bytes/,
  });
});

test('redirects are followed, but not round and round and not to places that may not be read', async () => {
  assert.equal((await locations.read(`${base}/redirect`, LIMIT)).version, 'abc');
  await assert.rejects(locations.read(`${base}/loop`, LIMIT), { message: /redirects more than 5 times/ });
  for (const path of ['/to-metadata', '/to-other-port', '/to-file']) {
    await assert.rejects(locations.read(base + path, LIMIT), { sqlState: '42501' }, path);
    await assert.rejects(locations.stat(base + path), { sqlState: '42501' }, path);
  }
});

test('private addresses are refused in every spelling, names after they are resolved', async () => {
  const guarded = new Locations(policyOf({}));
  const urls = [
    base,
    'http://169.254.169.254/latest/meta-data/',
    'http://localhost/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:7f00:1::]/',
    'http://0.0.0.0/',
    'http://10.1.2.3/',
    'http://192.168.0.1/',
    'http://172.31.255.255/',
    'http://100.64.0.1/',
    'https://127.0.0.1/',
  ];
  for (const url of urls) {
    await assert.rejects(guarded.read(url, LIMIT), { sqlState: '42501', message: /private network/ }, url);
    await assert.rejects(guarded.list(url).next(), { sqlState: '42501' }, url);
  }
  guarded.close();
});

test('public addresses are told from special ones', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1']) {
    assert.equal(isPublicAddress(address), true, address);
  }
  for (const address of [
    '::',
    '::ffff:8.8.8.8',
    '2001:db8::1',
    '2001::1',
    'ff02::1',
    '255.255.255.255',
    '224.0.0.1',
    'nonsense',
    '',
  ]) {
    assert.equal(isPublicAddress(address), false, address);
  }
});

test('http is refused unless switched on', async () => {
  const off = new Locations(policyOf({ allowHttp: false, allowedPrivateHosts: [new URL(base).host] }));
  const expected = { sqlState: '42501', hint: /--allow-http/ };
  await assert.rejects(off.read(`${base}/etag.jpg`, LIMIT), expected);
  await assert.rejects(off.stat('https://example.com/x.jpg'), expected);
  off.close();
});

test('URLs with credentials and non-URLs are refused', async () => {
  for (const url of ['http://user:secret@example.com/x.jpg', 'http://', 'https://exa mple/']) {
    await assert.rejects(locations.read(url, LIMIT), { sqlState: '22023' }, url);
  }
});
