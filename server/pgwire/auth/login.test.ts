import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import pg from 'pg';
import { serialize } from 'pg-protocol';
import { eventually, type Harness, startHarness } from '../testing/harness.ts';
import { summary, WireClient } from '../testing/wire-client.ts';
import { scramSecret } from './scram.ts';

const users = new Map([
  ['anna', { role: 'admin', secret: scramSecret('a') }],
  ['bert', { role: 'analyst', secret: scramSecret('b') }],
] as const);
const startup = (user: string): Buffer => serialize.startup({ user, database: 'd' });

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

function client(port: number, user: string, password: string): pg.Client {
  const made = new pg.Client({ host: '127.0.0.1', port, user, database: 'd', password });
  made.on('error', () => undefined);
  return made;
}

/** The error that a login ends with; undefined when it succeeds. */
async function refusal(port: number, user: string, password: string): Promise<pg.DatabaseError | undefined> {
  const made = client(port, user, password);
  try {
    await made.connect();
    await made.end();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof pg.DatabaseError);
    return error;
  }
}

async function login(port: number, user: string, password: string): Promise<string | undefined> {
  return (await refusal(port, user, password))?.code;
}

describe('users', () => {
  test('each begins with a role of their own', () =>
    withHarness({ passwords: users }, async ({ port, backend }) => {
      assert.equal(await login(port, 'anna', 'a'), undefined);
      assert.equal(await login(port, 'bert', 'b'), undefined);
      assert.equal(await login(port, 'bert', 'a'), '28P01');
      assert.equal(await login(port, 'Anna', 'a'), '28P01');
      assert.deepEqual(
        backend.starts.map(({ user, role }) => [user, role]),
        [
          ['anna', 'admin'],
          ['bert', 'analyst'],
        ],
      );
    }));

  test('one password makes admins of everyone, and so does none', async () => {
    for (const passwords of ['x', undefined]) {
      await withHarness({ passwords }, async ({ port, backend }) => {
        assert.equal(await login(port, 'anyone', 'x'), undefined);
        assert.equal(backend.starts[0]?.role, 'admin');
      });
    }
  });

  test('new ones count from the next login on', () =>
    withHarness({ passwords: users }, async ({ port, server }) => {
      const open = client(port, 'bert', 'b');
      await open.connect();
      server.usePasswords(new Map([['carl', { role: 'analyst', secret: scramSecret('c') }]]));
      assert.equal(await login(port, 'bert', 'b'), '28P01');
      assert.equal(await login(port, 'carl', 'c'), undefined);
      server.usePasswords(new Map());
      assert.equal(await login(port, 'carl', 'c'), '28P01');
      assert.deepEqual((await open.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
      await open.end();
    }));

  test('the last places are for admins', () =>
    withHarness(
      { passwords: users, limits: { maxConnections: 3, reservedConnections: 1 } },
      async ({ port }) => {
        const open = [client(port, 'bert', 'b'), client(port, 'bert', 'b')];
        for (const each of open) await each.connect();
        assert.equal(await login(port, 'bert', 'b'), '53300');
        const admin = client(port, 'anna', 'a');
        await admin.connect();
        assert.equal(await login(port, 'anna', 'a'), '53300');
        for (const each of [...open, admin]) await each.end();
      },
    ));
});

describe('guessing', () => {
  test('an address that guesses is sent away after a while', () =>
    withHarness({ passwords: users }, async ({ port }) => {
      const codes: (string | undefined)[] = [];
      // Loopback: twenty are free, and each one after them comes within its quarter of a second or much later.
      for (let time = 0; time < 20; time++) codes.push(await login(port, 'anna', 'wrong'));
      assert.deepEqual(new Set(codes), new Set(['28P01']));
      let last = await refusal(port, 'anna', 'wrong');
      for (let time = 0; time < 100 && last?.code === '28P01'; time++)
        last = await refusal(port, 'anna', 'wrong');
      assert.equal(last?.code, '53300');
      assert.match(last?.hint ?? '', /^Wait \d+ seconds?,/);
    }));

  test('a client that breaks off when it is asked has not guessed', () =>
    withHarness({ passwords: users }, async ({ port, server }) => {
      for (let time = 0; time < 40; time++) {
        const asked = new WireClient(port).read();
        asked.send(startup('anna'));
        await asked.until('authenticationSASL');
        asked.socket.destroy();
      }
      assert.equal(await login(port, 'anna', 'a'), undefined);
      await eventually(() => server.connectionCount === 0, 'the connections are gone');
    }));

  test('a client may choose the mechanism before it says anything', () =>
    withHarness({ passwords: users }, async ({ port }) => {
      const silent = new WireClient(port).read();
      silent.send(startup('anna'));
      await silent.until('authenticationSASL');
      const body = Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), Buffer.from([255, 255, 255, 255])]);
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length + 4);
      silent.send(Buffer.concat([Buffer.from('p'), length, body]));
      const [challenge] = await silent.until('authenticationSASLContinue');
      assert.equal(challenge?.data, '');
      silent.send(serialize.sendSCRAMClientFinalMessage('n,,n=,r=abc'));
      const [second] = await silent.until('authenticationSASLContinue');
      assert.match(String(second?.data), /^r=abc.+,s=.+,i=4096$/);
      silent.socket.destroy();
    }));
});

describe('dawdling', () => {
  const limits = { authentication_timeout_ms: 300 };

  /** Sends bytes one by one for as long as it may. */
  async function drip(made: WireClient, bytes: Buffer): Promise<string[]> {
    let at = 0;
    const timer = setInterval(() => {
      if (at < bytes.length) made.socket.write(bytes.subarray(at, ++at));
    }, 30);
    const messages = await made.rest();
    clearInterval(timer);
    made.socket.destroy();
    return summary(messages);
  }

  test('a startup packet in drops, a password in drops, and silence after the question', () =>
    withHarness({ passwords: users, limits }, async ({ port, server, backend }) => {
      assert.deepEqual(await drip(new WireClient(port).read(), startup('anna')), ['error 08006']);
      for (const bytes of [
        serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', 'n,,n=,r=abc'),
        Buffer.alloc(0),
      ]) {
        const asked = new WireClient(port).read();
        asked.send(startup('anna'));
        await asked.until('authenticationSASL');
        assert.deepEqual(await drip(asked, bytes), ['error 08006']);
      }
      await eventually(() => server.connectionCount === 0, 'the connections are gone');
      assert.equal(backend.starts.length, 0);
    }));
});

test('protocol 3.2: cancel requests with a secret of 32 bytes', () =>
  withHarness({}, async ({ port, backend }) => {
    const made = new WireClient(port);
    const packet = startup('me');
    packet.writeInt32BE(196610, 4);
    made.send(packet);
    // node-postgres' parser knows only secrets of four bytes.
    let received = Buffer.alloc(0);
    const isReady = () => received.subarray(-6).toString('latin1') === 'Z\0\0\0\x05I';
    made.socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    await eventually(isReady, 'the session is ready');
    assert.ok(!received.includes('v\0\0\0'), 'there is nothing to negotiate');
    const at = received.indexOf('K\0\0\0\x28', 0, 'latin1');
    assert.ok(at > 0, 'BackendKeyData has 36 bytes');
    const key = received.subarray(at + 5, at + 5 + 36);
    const request = (bytes: Buffer): Buffer => {
      const head = Buffer.from('0000000004d2162e', 'hex');
      head.writeInt32BE(8 + bytes.length);
      return Buffer.concat([head, bytes]);
    };
    received = Buffer.alloc(0);
    made.send(serialize.query('SELECT count(*) FROM range(100000000000) t(i)'));
    await eventually(() => [...backend.sessions].some(({ calls }) => calls.length > 0), 'it runs');
    const wrong = Buffer.from(key);
    wrong[35] = (wrong[35] ?? 0) ^ 1;
    for (const bytes of [wrong, key.subarray(0, 8), Buffer.concat([key, Buffer.alloc(1)])]) {
      const canceler = new WireClient(port).read();
      canceler.send(request(bytes));
      assert.deepEqual(await canceler.rest(), []);
      canceler.socket.destroy();
    }
    assert.equal(received.length, 0);
    const canceler = new WireClient(port).read();
    canceler.send(request(key));
    await canceler.rest();
    canceler.socket.destroy();
    await eventually(isReady, 'the statement has ended');
    assert.match(received.toString('latin1'), /C57014\0/);
    made.socket.destroy();
  }));
