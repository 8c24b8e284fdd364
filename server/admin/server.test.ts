import assert from 'node:assert/strict';
import { connect } from 'node:net';
import test from 'node:test';
import { SqlensError } from '../../common/errors.ts';
import { createAdminServer } from './server.ts';
import { startServer, until } from './testing/app.ts';

/** Sends bytes as they are and gives all that comes back until the server closes. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}

test('it serves over a socket, with a token if one is set', async (t) => {
  const { base } = await startServer(t, { token: 'open-sesame' });
  assert.equal((await fetch(`${base}/healthz`)).status, 200);
  assert.equal((await fetch(`${base}/v1/models`)).status, 401);
  const headers = { authorization: 'Bearer open-sesame' };
  const response = await fetch(`${base}/v1/models`, { headers });
  assert.equal(response.status, 200);
  assert.match(await response.text(), /^\{"models":\[\{"name":"moderate"/);
  const metrics = await (await fetch(`${base}/metrics`, { headers })).text();
  assert.match(metrics, /^sqlens_queries_finished_total 41$/m);
});

test('the Host rule holds on the socket as well', async (t) => {
  const { port } = await startServer(t);
  const ask = (host: string) =>
    exchange(port, `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  assert.match(await ask(`localhost:${port}`), /^HTTP\/1\.1 200 /);
  assert.match(await ask(`evil.example:${port}`), /^HTTP\/1\.1 403 /);
  const absolute =
    'GET http://evil.example/v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
  assert.match(await exchange(port, absolute), /^HTTP\/1\.1 (403|404) /);
});

test('what is not HTTP, or has too many headers, gets a JSON error', async (t) => {
  const { port } = await startServer(t, { limits: { headers_bytes: 4096 } });
  const garbage = await exchange(port, 'SELECT 1;\r\n\r\n');
  assert.match(garbage, /^HTTP\/1\.1 400 [\s\S]*"sqlstate":"22023"/);
  const large = await exchange(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(8000)}\r\n\r\n`);
  assert.match(large, /^HTTP\/1\.1 431 [\s\S]*"sqlstate":"54000"/);
});

test('headers and bodies that never end are ended', async (t) => {
  const { port } = await startServer(t, { limits: { headers_timeout_ms: 100, body_timeout_ms: 100 } });
  assert.match(await exchange(port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'), /^HTTP\/1\.1 408 /);
  const head = 'POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const answer = await exchange(port, `${head}Content-Length: 100\r\n\r\n{"name":`).catch(() => '');
  assert.doesNotMatch(answer, /^HTTP\/1\.1 2/);
});

test('connections beyond the limit are not served', async (t) => {
  const { port } = await startServer(t, { limits: { maxConnections: 2 } });
  const held = [connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })];
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const answer = await exchange(port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n').catch(() => '');
  assert.equal(answer, '');
  for (const socket of held) socket.destroy();
});

test('a port that is taken is an error that says so', async (t) => {
  const { port, backend, logger, folder } = await startServer(t);
  const second = createAdminServer({
    backend,
    logger,
    host: '127.0.0.1',
    port,
    token: undefined,
    tmpDir: folder,
  });
  await assert.rejects(second.listen(), (error) => {
    assert.ok(error instanceof SqlensError);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE`));
    return true;
  });
  assert.equal(second.address, undefined);
  await second.close();
});

test('an open door is refused before anything listens', async (t) => {
  const { backend, logger, folder } = await startServer(t);
  const options = { backend, logger, port: 0, tmpDir: folder };
  assert.throws(
    () => createAdminServer({ ...options, host: '0.0.0.0', token: undefined }),
    /without a token/,
  );
});

test('closing lets requests finish, aborts those that do not, and serves no more', async (t) => {
  const { server, base, backend } = await startServer(t, { limits: { shutdown_grace_ms: 2_000 } });
  let release = () => {};
  backend.hold = new Promise((resolve) => {
    release = resolve;
  });
  const served = fetch(`${base}/v1/tables`);
  await until(async () => (await fetch(`${base}/metrics`)).ok);
  const closed = server.close();
  release();
  assert.equal((await served).status, 200);
  await closed;
  assert.equal(server.address, undefined);
  await assert.rejects(fetch(`${base}/healthz`));

  const other = await startServer(t, { limits: { shutdown_grace_ms: 50 } });
  other.backend.hold = new Promise(() => undefined);
  const hanging = fetch(`${other.base}/v1/tables`);
  await until(() => other.logger.lines.length === 0 && other.server.address !== undefined);
  await until(async () => (await (await fetch(`${other.base}/metrics`)).text()).length > 0);
  await other.server.close();
  const response = await hanging;
  assert.equal(response.status, 503);
  assert.match(await response.text(), /"sqlstate":"57P01"/);
});
