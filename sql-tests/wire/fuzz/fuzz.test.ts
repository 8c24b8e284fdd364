/**
 * More than 200,000 conversations through the server's whole connection code, over memory: cut in two at every byte,
 * byte by byte, and with mistakes. SQLENS_FUZZ_SEED and SQLENS_FUZZ_CASES repeat and extend; `main.ts` is for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Fuzzer } from './fuzz.ts';

const seed = Number(process.env.SQLENS_FUZZ_SEED ?? 20_261_122);
const atLeast = Number(process.env.SQLENS_FUZZ_CASES ?? 200_000);
/** What may be left of all of them: caches and compiled code, and not one connection's worth for each. */
const maxGrowth_bytes = 32 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

function heap_bytes(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}

test(`conversations with mistakes (seed ${seed})`, { timeout: 600_000 }, async (context) => {
  const fuzzer = new Fuzzer(seed);
  const split = await fuzzer.split();
  const drip = await fuzzer.drip();
  const before_bytes = heap_bytes();
  const mutated = await fuzzer.mutate(Math.max(1000, atLeast - split.cases - drip.cases));
  const growth_bytes = heap_bytes() - before_bytes;
  for (const [what, { cases, duration_ms }] of Object.entries({ split, drip, mutated })) {
    context.diagnostic(`${what}: ${cases} cases in ${(duration_ms / 1000).toFixed(1)} s`);
  }
  assert.ok(growth_bytes < maxGrowth_bytes, `the heap has grown by ${growth_bytes} bytes`);
});
