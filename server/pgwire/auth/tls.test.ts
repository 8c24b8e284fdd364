import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectPlain, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import pg from 'pg';
import { serialize } from 'pg-protocol';
import { SqlensError } from '../../../common/errors.ts';
import { eventually, type Harness, startHarness } from '../testing/harness.ts';
import { tlsIdentity } from './tls.ts';

const pem = (name: string): string =>
  readFileSync(new URL(`../testing/fixtures/${name}.pem`, import.meta.url), 'utf8');
const tls = { cert: pem('test-cert'), key: pem('test-key') };
const startup = serialize.startup({ user: 'me', database: 'd' });

async function withHarness(
  options: Parameters<typeof startHarness>[0],
  work: (harness: Harness) => Promise<void>,
): Promise<void> {
  const harness = await startHarness(options);
  try {
    await work(harness);
    assert.deepEqual(harness.errors, []);
  } finally {
    await harness.close();
  }
}

/** Everything a socket is sent until it closes, as text; errors count as closing. */
async function heard(socket: TLSSocket | ReturnType<typeof connectPlain>): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => undefined);
  });
  return Buffer.concat(chunks).toString('latin1');
}

function direct(
  port: number,
  options: { ALPNProtocols?: string[]; minVersion?: 'TLSv1'; maxVersion?: 'TLSv1.1' },
) {
  return connectTls({ host: '127.0.0.1', port, ca: tls.cert, servername: 'localhost', ...options });
}

describe('certificates', () => {
  const refusal = (cert: string, key: string): SqlensError => {
    try {
      tlsIdentity({ cert, key });
    } catch (error) {
      assert.ok(error instanceof SqlensError);
      return error;
    }
    throw new Error('it was taken');
  };

  test('a key with a passphrase is refused, whichever way it is written', () => {
    const pair = (type: 'pkcs1' | 'pkcs8') =>
      generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
      }).privateKey;
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const { message, hint } = refusal(tls.cert, pair(type));
      assert.match(message, /has a passphrase/);
      assert.match(hint ?? '', /openssl pkey/);
    }
  });

  test("another certificate's key is refused, of the same type or not", () => {
    const format = { type: 'pkcs8', format: 'pem' } as const;
    for (const { privateKey } of [
      generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
      generateKeyPairSync('ed25519'),
    ]) {
      assert.match(refusal(tls.cert, String(privateKey.export(format))).message, /cannot be used/);
    }
    assert.match(refusal('no certificate', tls.key).message, /cannot be used/);
    assert.match(refusal(tls.cert, 'no key').message, /cannot be used/);
  });

  test('a new one counts from the next connection on, a bad one changes nothing', () =>
    withHarness({ tls }, async ({ port, server }) => {
      const before = server.tls;
      assert.throws(() => server.useTls({ cert: tls.cert, key: 'no key' }), SqlensError);
      assert.equal(server.tls, before);
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: 'me',
        database: 'd',
        ssl: { ca: tls.cert, servername: 'localhost' },
      });
      await client.connect();
      server.useTls(tls);
      assert.notEqual(server.tls, before);
      assert.deepEqual((await client.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
      await client.end();
    }));
});

describe('TLS at once', () => {
  test('with the application protocol named, the session is under it', () =>
    withHarness({ tls, requireTls: true }, async ({ port, backend }) => {
      const socket = direct(port, { ALPNProtocols: ['postgresql'] });
      socket.write(startup);
      const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
      assert.equal(socket.alpnProtocol, 'postgresql');
      assert.equal(answer.subarray(0, 9).toString('hex'), '520000000800000000');
      assert.equal(backend.starts.length, 1);
      socket.destroy();
    }));

  test('in pieces of one byte', () =>
    withHarness({ tls }, async ({ port }) => {
      const proxy = createServer((client) => {
        const server = connectPlain({ host: '127.0.0.1', port, noDelay: true });
        client.on('data', (chunk: Buffer) => {
          for (let at = 0; at < chunk.length; at++) server.write(chunk.subarray(at, at + 1));
        });
        server.pipe(client);
        client.on('error', () => undefined);
        client.on('close', () => server.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const address = proxy.address();
      assert.ok(address !== null && typeof address === 'object');
      const socket = direct(address.port, { ALPNProtocols: ['postgresql'] });
      socket.write(startup);
      const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
      assert.equal(answer.subarray(0, 9).toString('hex'), '520000000800000000');
      socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    }));

  test('without it, with another, or with an old version it ends', () =>
    withHarness({ tls }, async ({ port, backend, server }) => {
      for (const options of [
        {},
        { ALPNProtocols: ['h2'] },
        { ALPNProtocols: ['postgresql'], maxVersion: 'TLSv1.1' as const, minVersion: 'TLSv1' as const },
      ]) {
        const socket = direct(port, options);
        socket.on('error', () => undefined);
        socket.write(startup);
        assert.equal(await heard(socket), '');
      }
      assert.equal(backend.starts.length, 0);
      await eventually(() => server.connectionCount === 0, 'the connections are gone');
    }));

  test('where there is no TLS, the connection is closed without a word', () =>
    withHarness({}, async ({ port, server }) => {
      assert.equal(await heard(direct(port, { ALPNProtocols: ['postgresql'] })), '');
      await eventually(() => server.connectionCount === 0, 'the connection is gone');
    }));
});

describe('encryption required', () => {
  test('sessions in the clear are refused, cancel requests in the clear are not', () =>
    withHarness({ tls, requireTls: true, passwords: 'x' }, async ({ port, server }) => {
      const plain = connectPlain({ host: '127.0.0.1', port });
      plain.write(startup);
      const answer = await heard(plain);
      assert.match(answer, /C28000\0/);
      assert.match(
        answer,
        /Mno pg_hba\.conf entry for host "127\.0\.0\.1", user "me", database "d", no encryption\0/,
      );
      const canceler = connectPlain({ host: '127.0.0.1', port });
      canceler.write(serialize.cancel(1, 1));
      assert.equal(await heard(canceler), '');
      await eventually(() => server.connectionCount === 0, 'the connections are gone');
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: 'me',
        database: 'd',
        password: 'x',
        ssl: { ca: tls.cert, servername: 'localhost' },
      });
      await client.connect();
      await client.end();
    }));

  test('what came in the clear behind a request for encryption is never taken for said under it', () =>
    withHarness({ tls }, async ({ port, backend }) => {
      const gssRequest = Buffer.from('0000000804d21630', 'hex');
      for (const request of [serialize.requestSsl(), gssRequest]) {
        const plain = connectPlain({ host: '127.0.0.1', port });
        plain.write(Buffer.concat([request, startup]));
        assert.match(await heard(plain), /C08P01\0Mreceived unencrypted data after/);
      }
      assert.equal(backend.starts.length, 0);
    }));
});

describe('channel binding', () => {
  test('node-postgres binds to the certificate it sees', () =>
    withHarness({ tls, passwords: 'x' }, async ({ port }) => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: 'me',
        database: 'd',
        password: 'x',
        ssl: { ca: tls.cert, servername: 'localhost' },
        enableChannelBinding: true,
      });
      await client.connect();
      assert.deepEqual((await client.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
      await client.end();
    }));
});
