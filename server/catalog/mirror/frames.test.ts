import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameKind, FrameReader, frame, orderFrame } from './frames.ts';

test('frames come out whole, however they are cut', () => {
  const bodies = [Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(300, 7), Buffer.from('end')];
  const bytes = Buffer.concat(bodies.map((body, index) => frame(index + 1, body)));
  for (let size = 1; size <= 40; size++) {
    const reader = new FrameReader();
    const found: { kind: number; body: string }[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      reader.push(bytes.subarray(at, at + size));
      for (let next = reader.next(); next !== undefined; next = reader.next()) {
        found.push({ kind: next.kind, body: next.body.toString('hex') });
      }
    }
    assert.deepEqual(
      found,
      bodies.map((body, index) => ({ kind: index + 1, body: body.toString('hex') })),
      `in pieces of ${size}`,
    );
  }
});

test('an order carries its bytes behind its JSON', () => {
  const order = { before: "BEGIN; SELECT 'ä'", after: 'ROLLBACK', maxAnswer_bytes: 5 };
  const reader = new FrameReader();
  reader.push(orderFrame(order, Buffer.from([0, 1, 255])));
  const found = reader.next();
  assert.equal(found?.kind, FrameKind.order);
  const body = found?.body ?? Buffer.alloc(0);
  const end = 4 + body.readUInt32BE(0);
  assert.deepEqual(JSON.parse(body.toString('utf8', 4, end)), order);
  assert.deepEqual([...body.subarray(end)], [0, 1, 255]);
});
