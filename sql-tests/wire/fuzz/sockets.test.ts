/**
 * Mistakes over real sockets, against DuckDB and against the whole server: whatever the bytes, the server answers or
 * closes, frees what it held, reports no internal error, and serves the next client. The seed is printed;
 * SQLENS_FUZZ_SEED and SQLENS_FUZZ_SOCKETS repeat and extend.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'pg-protocol';
import { SqlensError } from '../../../common/errors.ts';
import { Framer } from '../../../server/pgwire/codec/framer.ts';
import { decodeFrontendMessage } from '../../../server/pgwire/codec/frontend.ts';
import { decodeStartupPacket } from '../../../server/pgwire/codec/startup-packet.ts';
import { eventually, startHarness } from '../../../server/pgwire/testing/harness.ts';
import { summary, WireClient } from '../../../server/pgwire/testing/wire-client.ts';
import { decodeParameter } from '../../../server/pgwire/types/decode.ts';
import { Oid } from '../../../server/pgwire/types/pg-type.ts';
import { utc } from '../../../server/pgwire/types/time-zone.ts';
import { makeFolders } from '../../slt/sandbox-folder.ts';
import { TestServer } from '../../slt/test-server.ts';
import { hang_timeout_ms } from './memory-connection.ts';
import { dice, mutated as mutatedRecording } from './mutate.ts';
import { recordings } from './recorded.ts';

const seed = Number(process.env.SQLENS_FUZZ_SEED ?? 20_261_122);
const cases = Number(process.env.SQLENS_FUZZ_SOCKETS ?? 1500);
const roll = dice(seed);
const { below } = roll;
const { sync } = serialize;
const pick = <T>(items: readonly T[]): T | undefined => items[below(items.length)];

function mutated(original: Buffer): Buffer {
  const bytes = Buffer.from(original);
  switch (below(6)) {
    case 0: {
      for (let count = below(4); count >= 0; count--) bytes[below(bytes.length)] = below(256);
      return bytes;
    }
    case 1:
      return bytes.subarray(0, below(bytes.length));
    case 2: {
      const at = below(bytes.length);
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([below(256)]), bytes.subarray(at)]);
    }
    case 3: {
      const at = below(bytes.length);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(8))]);
    }
    case 4: {
      // Lengths and counts are where a decoder is most likely to be fooled.
      if (bytes.length >= 5)
        bytes.writeUInt32BE(pick([0, 3, 4, 5, 255, 65_535, 0x7fffffff, 0xffffffff]) ?? 0, 1);
      return bytes;
    }
    default:
      return bytes;
  }
}

const recorded = recordings();

function conversation(): Buffer {
  for (;;) {
    const recording = roll.pick(recorded);
    // Those that are there to be cancelled would be run to their end.
    if (!/^(cancel|statement-timeout)/.test(recording.name))
      return mutatedRecording(recording, recorded, roll);
  }
}

/** Waits until the server has closed. */
async function answered(client: WireClient, what: string): Promise<void> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    client.socket.destroy();
  }, hang_timeout_ms);
  await client.rest();
  clearTimeout(timer);
  client.socket.destroy();
  assert.ok(!late, `${what} hangs`);
}

test(`pure: ${cases * 10} mutated streams decode or throw SqlensErrors (seed ${seed})`, () => {
  for (let count = 0; count < cases * 10; count++) {
    const framer = new Framer({ maxMessage_bytes: 100_000 });
    const bytes = conversation();
    try {
      for (let at = 0; at < bytes.length; ) {
        const step = 1 + below(50);
        framer.push(bytes.subarray(at, at + step));
        at += step;
        for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
          if (framer.phase === 'startup') {
            decodeStartupPacket(frame.body);
            framer.phase = 'session';
          } else decodeFrontendMessage(frame);
        }
      }
    } catch (error) {
      assert.ok(error instanceof SqlensError, `seed ${seed}, case ${count}: ${String(error)}`);
    }
    assert.ok(framer.buffered_bytes <= bytes.length);
  }
});

test(`pure: ${cases * 10} random parameters decode or throw SqlensErrors (seed ${seed})`, () => {
  const oids = [...Object.values(Oid), 1007, 1231, 1009, 1115, 2951, 1001, 4711];
  const texts = [
    '{1,{2}}',
    '1e400',
    '-',
    'P1Y',
    '2024-02-30',
    '12:00 +99',
    '\\x1',
    '{"',
    'infinity',
    '1 fortnight',
    '{}',
    '0x1',
    '24:00:01',
  ];
  for (let count = 0; count < cases * 10; count++) {
    const declaredOid = pick(oids) ?? 0;
    const text = Buffer.from(pick(texts) ?? '');
    const format = pick(['text', 'binary'] as const) ?? 'text';
    const bytes =
      below(2) === 0
        ? mutated(text)
        : Buffer.from(Array.from({ length: below(40) }, () => below(5) * below(60)));
    try {
      decodeParameter({ declaredOid, resolvedType: undefined, format, bytes }, { timeZone: utc });
    } catch (error) {
      assert.ok(
        error instanceof SqlensError,
        `${format} of ${declaredOid}: ${bytes.toString('hex')}: ${String(error)}`,
      );
    }
  }
});

test(`${cases} mutated conversations over a socket (seed ${seed})`, async () => {
  const harness = await startHarness({ limits: { maxMessage_bytes: 100_000 } });
  const canary = await WireClient.start(harness.port);
  for (let count = 0; count < cases; count++) {
    const client = new WireClient(harness.port);
    const bytes = conversation();
    const cut = below(bytes.length);
    client.socket.resume();
    client.socket.write(bytes.subarray(0, cut));
    if (below(3) === 0) await new Promise((resolve) => setImmediate(resolve));
    client.socket.end(Buffer.concat([bytes.subarray(cut), sync(), serialize.end()]));
    await answered(client, `seed ${seed}, case ${count}`);
    if (count % 100 === 0)
      assert.equal(summary(await canary.query('SELECT 7 AS a'))[1], 'row 7', `case ${count}`);
  }
  assert.equal(summary(await canary.query('SELECT 7 AS a'))[1], 'row 7');
  await eventually(() => harness.server.connectionCount === 1, 'only the canary is left');
  await eventually(() => harness.backend.sessions.size === 1, 'only its session is open');
  assert.deepEqual(harness.errors, [], `seed ${seed}`);
  await canary.close();
  await harness.close();
});

test(`${cases} mutated conversations with the whole server (seed ${seed})`, {
  timeout: 300_000,
}, async () => {
  const folders = await makeFolders();
  await folders.reset(undefined);
  const server = new TestServer(folders);
  await server.start();
  try {
    const canary = await server.session('canary');
    // The catalog's first statement starts it, which may take longer than any other.
    await canary.query('SELECT count(*) FROM pg_class');
    for (let count = 0; count < cases; count++) {
      const client = new WireClient(server.port);
      client.socket.resume();
      const bytes = conversation();
      client.socket.end(Buffer.concat([bytes, sync(), serialize.end()]));
      await answered(client, `seed ${seed}, case ${count}: ${bytes.toString('hex')}`);
      if (count % 100 !== 0) continue;
      assert.deepEqual((await canary.query('SELECT 7 AS a')).rows, [['7']], `case ${count}`);
    }
    assert.deepEqual((await canary.query('SELECT 7 AS a')).rows, [['7']]);
  } finally {
    await server.close();
    await folders.remove();
  }
});
