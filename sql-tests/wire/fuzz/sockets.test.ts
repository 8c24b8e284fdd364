/**
 * Conversations with mutations: whatever the bytes, the server answers or closes, frees what it held, reports no
 * internal error, and serves the next client. The seed is printed; WIRE_FUZZ_SEED and WIRE_FUZZ_CASES repeat and extend.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'pg-protocol';
import { SqlensError } from '../../common/errors.ts';
import { Framer } from './codec/framer.ts';
import { decodeFrontendMessage } from './codec/frontend.ts';
import { decodeStartupPacket } from './codec/startup-packet.ts';
import { eventually, startHarness } from './testing/harness.ts';
import { summary, WireClient } from './testing/wire-client.ts';
import { decodeParameter } from './types/decode.ts';
import { mulberry32 } from './types/fixtures/postgres-cases.ts';
import { Oid } from './types/pg-type.ts';
import { utc } from './types/time-zone.ts';

const seed = Number(process.env.WIRE_FUZZ_SEED ?? 20_261_122);
const cases = Number(process.env.WIRE_FUZZ_CASES ?? 1500);
const random = mulberry32(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(items: readonly T[]): T | undefined => items[below(items.length)];

const { parse, bind, describe, execute, close, sync, flush, query } = serialize;
const messages: readonly Buffer[] = [
  query('SELECT 1'),
  query("SELECT 'grün'; SELECT * FROM nope; SELECT 2"),
  query('BEGIN'),
  query('ROLLBACK'),
  query(''),
  parse({ text: 'SELECT $1 AS a, $2 AS b', types: [23, 1184] }),
  parse({ name: 's', text: 'SELECT i FROM range(5000) t(i)' }),
  bind({ values: ['1', '2024-02-29'] }),
  bind({ values: [Buffer.from([0, 0, 0, 1]), Buffer.alloc(8)], binary: true }),
  bind({ statement: 's', portal: 'p' }),
  describe({ type: 'S' }),
  describe({ type: 'P', name: 'p' }),
  execute(),
  execute({ portal: 'p', rows: 10 }),
  close({ type: 'S', name: 's' }),
  flush(),
  sync(),
  serialize.copyData(Buffer.from('1\n')),
  serialize.copyFail('x'),
];

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

const startup = serialize.startup({ user: 'me', database: 'd' });

function conversation(): Buffer {
  const parts = [below(10) === 0 ? mutated(startup) : startup];
  for (let count = 1 + below(12); count > 0; count--) {
    const original = pick(messages) ?? sync();
    parts.push(below(4) === 0 ? mutated(original) : original);
  }
  return Buffer.concat(parts);
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
    await client.rest();
    client.socket.destroy();
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
