import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Breather } from './breather.ts';

test('a long loop lets others have their turn', async () => {
  const breather = new Breather();
  let turns = 0;
  let running = true;
  const other = () => {
    turns++;
    if (running) setImmediate(other);
  };
  setImmediate(other);
  let rests = 0;
  while (rests < 3) {
    if (breather.isDue()) {
      await breather.rest();
      rests++;
    }
  }
  running = false;
  assert.ok(turns >= 3, `${turns} turns`);
});
