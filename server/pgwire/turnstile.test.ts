import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Turnstile } from './turnstile.ts';

test('work beyond a slice waits for later turns, in order, and nothing is forgotten', async () => {
  let now_ms = 0;
  let turns = 0;
  const turnstile = new Turnstile(() => now_ms);
  const begun: { readonly name: number; readonly at: number }[] = [];
  const work = async (name: number): Promise<void> => {
    await turnstile.enter();
    begun.push({ name, at: turns });
    now_ms += 2;
  };
  const names = Array.from({ length: 50 }, (_, name) => name);
  // As sockets call back: each from the event loop, one after the other.
  for (const name of names) setImmediate(() => void work(name));
  while (begun.length < 50) {
    await turn();
    turns++;
    assert.ok(turns < 1000);
  }
  assert.deepEqual(
    begun.map(({ name }) => name),
    names,
  );
  for (const at of new Set(begun.map((entry) => entry.at))) {
    // Three pieces of two milliseconds fill a slice of five, and a turn has two slices at most.
    assert.ok(begun.filter((entry) => entry.at === at).length <= 6, `turn ${at}`);
  }
});

test('work that fits does not wait', () => {
  const turnstile = new Turnstile(() => 0);
  for (let time = 0; time < 1000; time++) assert.equal(turnstile.enter(), undefined);
});
