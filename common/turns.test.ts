import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Turns } from './turns.ts';

test('so many at a time, in order; who gives up or fails does not keep a turn', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const start = (n: number, signal?: AbortSignal) =>
    turns.run(signal, () => {
      begun.push(n);
      return new Promise<void>((resolve, reject) => {
        ends[n] = n === 1 ? () => reject(new Error('failed')) : resolve;
      });
    });
  const controller = new AbortController();
  const runs = [start(0), start(1), start(2, controller.signal), start(3), start(4)];
  const outcomes = Promise.allSettled(runs);
  await setImmediate();
  assert.deepEqual(begun, [0, 1]);
  controller.abort(new Error('gave up'));
  ends[1]?.();
  await setImmediate();
  assert.deepEqual(begun, [0, 1, 3]);
  ends[0]?.();
  ends[3]?.();
  await setImmediate();
  assert.deepEqual(begun, [0, 1, 3, 4]);
  ends[4]?.();
  const states = (await outcomes).map((outcome) =>
    outcome.status === 'rejected' ? String(outcome.reason) : 'done',
  );
  assert.deepEqual(states, ['done', 'Error: failed', 'Error: gave up', 'done', 'done']);
  await assert.rejects(
    turns.run(controller.signal, async () => 1),
    /gave up/,
  );
  assert.equal(await turns.run(undefined, async () => 1), 1);
});
