/** Connections: startup, authentication, cancel, limits, and how they end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { serialize } from 'pg-protocol';
import { SqlensError } from '../../common/errors.ts';
import { isLoopback } from '../../common/loopback.ts';
import { createWireServer, type WireServerOptions } from './server.ts';
import { eventually, type Harness, startHarness } from './testing/harness.ts';
import { summary, WireClient } from './testing/wire-client.ts';

async function withHarness(
  options: Partial<WireServerOptions>,
  use: (harness: Harness) => Promise<void>,
): Promise<void> {
  const harness = await startHarness(options);
  try {
    await use(harness);
    assert.deepEqual(harness.errors, []);
  } finally {
    await harness.close();
  }
}

function startupPacket(version: number, parameters: Record<string, string>): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [`${name}\0`, `${value}\0`]);
  const body = Buffer.from(`${pairs.join('')}\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.writeUInt32BE(version, 4);
  return Buffer.concat([head, body]);
}

const gssEncRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);

describe('startup', () => {
  test('SSL and GSS are declined, then the session begins with 13 parameters', () =>
    withHarness({}, async ({ port, backend }) => {
      const client = new WireClient(port);
      client.send(serialize.requestSsl());
      assert.equal(await client.byte(), 'N');
      client.send(gssEncRequest);
      assert.equal(await client.byte(), 'N');
      client.read().send(
        startupPacket(196608, {
          user: 'me',
          application_name: 'test',
          options: '-c TimeZone=Asia/Tokyo --a-b=c\\ d',
        }),
      );
      const messages = await client.until('readyForQuery');
      assert.deepEqual(summary(messages), [
        'authenticationOk',
        ...Array.from({ length: 13 }, () => 'parameterStatus'),
        'backendKeyData',
        'ready I',
      ]);
      assert.deepEqual(
        messages.slice(1, 14).map((message) => message.parameterName),
        [
          'application_name',
          'client_encoding',
          'DateStyle',
          'default_transaction_read_only',
          'in_hot_standby',
          'integer_datetimes',
          'IntervalStyle',
          'is_superuser',
          'server_encoding',
          'server_version',
          'session_authorization',
          'standard_conforming_strings',
          'TimeZone',
        ],
      );
      const [start] = backend.starts;
      assert.deepEqual([start?.user, start?.database, start?.applicationName], ['me', 'me', 'test']);
      assert.deepEqual(
        [...(start?.settings ?? [])],
        [
          ['timezone', 'Asia/Tokyo'],
          ['a_b', 'c d'],
        ],
      );
      await client.close();
    }));

  test('a newer minor version and unknown options are negotiated', () =>
    withHarness({}, async ({ port }) => {
      const client = new WireClient(port);
      client.send(startupPacket(196618, { user: 'me', '_pq_.later': 'x' }));
      const answer = await new Promise<Buffer>((resolve) => client.socket.once('data', resolve));
      const option = Buffer.from('_pq_.later\0').toString('hex');
      assert.equal(answer.subarray(0, 24).toString('hex'), `7600000017${'00030002'}00000001${option}`);
      client.socket.destroy();
    }));

  const refused: readonly (readonly [string, Buffer, string])[] = [
    ['an old version', startupPacket(131072, { user: 'me' }), '0A000'],
    ['a future version', startupPacket(262144, { user: 'me' }), '0A000'],
    ['no user', startupPacket(196608, { database: 'd' }), '28000'],
    ['replication', startupPacket(196608, { user: 'me', replication: 'database' }), '0A000'],
    ['another encoding', startupPacket(196608, { user: 'me', client_encoding: 'LATIN1' }), '0A000'],
    ['an unknown database', startupPacket(196608, { user: 'me', database: 'nowhere' }), '3D000'],
    ['unknown switches', startupPacket(196608, { user: 'me', options: '-x' }), '42601'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), '08P01'],
    ['SSL twice', serialize.requestSsl(), '08P01'],
  ];
  for (const [name, bytes, code] of refused) {
    test(`${name} is refused`, () =>
      withHarness({}, async ({ port, server }) => {
        const client = new WireClient(port);
        client.send(bytes);
        if (name === 'SSL twice') {
          assert.equal(await client.byte(), 'N');
          client.send(bytes);
        }
        const error = (await client.read().rest()).at(-1);
        assert.deepEqual([error?.severity, error?.code], ['FATAL', code]);
        client.socket.destroy();
        await eventually(() => server.connectionCount === 0, 'the connection is gone');
      }));
  }

  test('a client that says nothing is sent away', () =>
    withHarness({ limits: { authentication_timeout_ms: 50 } }, async ({ port, server }) => {
      const client = new WireClient(port).read();
      assert.deepEqual(summary(await client.rest()), ['error 08006']);
      client.socket.destroy();
      await eventually(() => server.connectionCount === 0, 'the connection is gone');
    }));
});

describe('passwords', () => {
  test('what is not SCRAM is refused, and no query is taken before', () =>
    withHarness({ passwords: 'secret' }, async ({ port }) => {
      for (const bytes of [
        serialize.query('SELECT 1'),
        serialize.password('secret'),
        serialize.sendSASLInitialResponseMessage('PLAIN', 'x'),
        serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', 'nonsense'),
      ]) {
        const client = new WireClient(port).read();
        client.send(startupPacket(196608, { user: 'me' }));
        assert.deepEqual(
          summary([(await client.next()) ?? (await client.rest())[0]].flatMap((m) => m ?? [])),
          ['authenticationSASL'],
        );
        client.send(bytes);
        assert.deepEqual(summary(await client.rest()), ['error 08P01']);
        client.socket.destroy();
      }
    }));

  test('an open door is refused', () => {
    const backend = { openSession: () => Promise.reject(new Error('unused')) };
    const open = (host: string, passwords?: WireServerOptions['passwords']) =>
      createWireServer({ backend, host, port: 0, passwords });
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.com']) {
      assert.throws(() => open(host), SqlensError, host);
      assert.throws(() => open(host, ''), SqlensError, host);
      assert.throws(() => open(host, new Map()), SqlensError, host);
      open(host, 'secret');
    }
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) open(host);
    assert.deepEqual(['1.127.0.0', '::ffff:10.0.0.1', '127.evil.com'].map(isLoopback), [false, false, false]);
  });
});

describe('TLS', () => {
  const pem = (name: string): Buffer =>
    readFileSync(new URL(`testing/fixtures/${name}.pem`, import.meta.url));
  const tls = { cert: pem('test-cert'), key: pem('test-key') };

  test('what is sent in the clear behind the request is refused', () =>
    withHarness({ tls }, async ({ port }) => {
      const client = new WireClient(port).read();
      client.send(Buffer.concat([serialize.requestSsl(), serialize.startup({ user: 'me' })]));
      assert.deepEqual(summary(await client.rest()), ['error 08P01']);
      client.socket.destroy();
    }));

  test('a handshake that fails or never comes ends the connection', () =>
    withHarness({ tls, limits: { authentication_timeout_ms: 100 } }, async ({ port, server, summaries }) => {
      for (const bytes of [Buffer.from('no handshake at all'), Buffer.alloc(0)]) {
        const client = new WireClient(port);
        client.send(serialize.requestSsl());
        assert.equal(await client.byte(), 'S');
        client.read().send(bytes);
        await client.rest();
        client.socket.destroy();
        await eventually(() => server.connectionCount === 0, 'the connection is gone');
      }
      assert.equal(summaries.length, 2);
    }));
});

describe('cancel', () => {
  const endless = 'SELECT count(*) FROM range(100000000000) t(i)';

  test('ends the running statement with 57014, and only with the right secret', () =>
    withHarness({}, async ({ port, backend }) => {
      const client = new WireClient(port).read();
      client.send(startupPacket(196608, { user: 'me' }));
      const key = (await client.until('readyForQuery')).find(({ name }) => name === 'backendKeyData');
      const processId = Number(key?.processID);
      const secret = Number(key?.secretKey);
      client.send(serialize.query(endless));
      await eventually(
        () => [...backend.sessions].some(({ calls }) => calls.length > 0),
        'the statement runs',
      );
      for (const [wrongId, wrongSecret] of [
        [processId, secret ^ 1],
        [processId + 1, secret],
      ] as const) {
        const canceler = new WireClient(port).read();
        canceler.send(serialize.cancel(wrongId, wrongSecret));
        assert.deepEqual(await canceler.rest(), []);
        canceler.socket.destroy();
      }
      const canceler = new WireClient(port).read();
      canceler.send(serialize.cancel(processId, secret));
      assert.deepEqual(await canceler.rest(), []);
      canceler.socket.destroy();
      assert.deepEqual(summary(await client.until('readyForQuery')).slice(-2), ['error 57014', 'ready I']);
      assert.deepEqual(summary(await client.query('SELECT 1 AS a'))[1], 'row 1');
      await client.close();
    }));

  test('a client that goes away takes its statement with it', () =>
    withHarness({}, async ({ port, backend, server }) => {
      for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
        const client = await WireClient.start(port);
        client.send(serialize.query(endless));
        await eventually(
          () => [...backend.sessions].some(({ calls }) => calls.length > 0),
          'the statement runs',
        );
        client.socket[leave]();
        await eventually(
          () => backend.sessions.size === 0 && server.connectionCount === 0,
          `${leave} ends the session`,
        );
        client.socket.destroy();
      }
    }));

  test('last words are heard', () =>
    withHarness({}, async ({ port }) => {
      const client = await WireClient.start(port);
      await client.query('CREATE TABLE kept (i int)');
      client.socket.end(
        Buffer.concat([serialize.query('INSERT INTO kept SELECT * FROM range(100000)'), serialize.end()]),
      );
      await client.rest();
      const witness = await WireClient.start(port);
      assert.equal(summary(await witness.query('SELECT count(*)::int AS n FROM kept'))[1], 'row 100000');
      await witness.close();
    }));
});

describe('limits', () => {
  test('too many connections are told so at once, and a place is given back', () =>
    withHarness({ limits: { maxConnections: 2 } }, async ({ port, server }) => {
      const clients = [await WireClient.start(port), await WireClient.start(port)];
      const third = new WireClient(port).read();
      third.send(startupPacket(196608, { user: 'me' }));
      assert.deepEqual(summary(await third.rest()), ['error 53300']);
      third.socket.destroy();
      await clients[0]?.close();
      await eventually(() => server.connectionCount === 1, 'a place is free');
      const fourth = await WireClient.start(port);
      await fourth.close();
      await clients[1]?.close();
    }));

  test('idle sessions end, in a transaction by a limit of their own', () =>
    withHarness(
      { limits: { idle_timeout_ms: 100, idleInTransaction_timeout_ms: 50 } },
      async ({ port, backend }) => {
        const idle = await WireClient.start(port);
        const open = await WireClient.start(port);
        await open.query('BEGIN');
        assert.deepEqual(summary(await open.rest()), ['error 25P03']);
        assert.deepEqual(summary(await idle.rest()), ['error 57P05']);
        await eventually(() => backend.sessions.size === 0, 'the sessions are closed');
        idle.socket.destroy();
        open.socket.destroy();
      },
    ));

  test('a message that is too long ends the connection before it is sent', () =>
    withHarness({ limits: { maxMessage_bytes: 1000 } }, async ({ port }) => {
      const client = await WireClient.start(port);
      client.send(Buffer.from('5100100000', 'hex'));
      assert.deepEqual(summary(await client.rest()), ['error 54000']);
      client.socket.destroy();
    }));
});

describe('shutting down', () => {
  test('idle sessions are told, running statements finish', async () => {
    const harness = await startHarness();
    const idle = await WireClient.start(harness.port);
    const busy = await WireClient.start(harness.port);
    busy.send(serialize.query('SELECT count(*)::int AS n FROM range(30000000) t(i) WHERE i % 3 = 0'));
    await eventually(() => [...harness.backend.sessions].some(({ calls }) => calls.length > 0), 'it runs');
    const closed = harness.close();
    assert.deepEqual(summary(await idle.rest()), ['error 57P01']);
    assert.deepEqual(summary(await busy.rest()).slice(1), [
      'row 10000000',
      'complete SELECT 1',
      'ready I',
      'error 57P01',
    ]);
    await closed;
    assert.equal(harness.server.connectionCount, 0);
    idle.socket.destroy();
    busy.socket.destroy();
  });

  test('after the grace period they are cancelled', async () => {
    const harness = await startHarness({ limits: { shutdown_grace_ms: 20 } });
    const busy = await WireClient.start(harness.port);
    busy.send(serialize.query('SELECT count(*) FROM range(100000000000) t(i)'));
    await eventually(() => [...harness.backend.sessions].some(({ calls }) => calls.length > 0), 'it runs');
    const closed = harness.close();
    assert.deepEqual(summary(await busy.rest()).slice(-3), ['error 57014', 'ready I', 'error 57P01']);
    await closed;
    busy.socket.destroy();
  });
});

test('a client that does not read makes the server wait, not buffer', () =>
  withHarness({}, async ({ port, backend }) => {
    const client = await WireClient.start(port);
    const neighbour = await WireClient.start(port);
    client.socket.pause();
    // 2 GB, if it were all sent: a million rows of two kilobytes.
    client.send(serialize.query("SELECT repeat('x', 2000) AS x FROM range(1000000)"));
    let before = -1;
    await eventually(() => {
      const still = before === backend.fetchedBatches && before > 0;
      before = backend.fetchedBatches;
      return still;
    }, 'the server stops fetching');
    for (let n = 0; n < 20; n++) await neighbour.query('SELECT 1 AS a');
    // The neighbour's twenty are the only batches since; what the sockets hold is a few megabytes of the 488 batches.
    assert.ok(backend.fetchedBatches - before <= 20, `${backend.fetchedBatches - before} batches`);
    assert.ok(before < 50, `${before} batches were fetched for a client that reads nothing`);
    client.socket.destroy();
    await eventually(() => backend.sessions.size === 1, 'the session is closed');
    await neighbour.close();
  }));
