/**
 * A thousand mutations of good model files. Longer runs: `npm run fuzz:models -- --cases 20000 --seed 7`; one case of a
 * run: `--seed 7 --case 1234`.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runHostile } from './testing/hostile-run.ts';
import { Mutants } from './testing/mutants.ts';

const SEED = 20261123;
const CASES = 1000;

it(`${CASES} mutations end in a model that runs or in a ModelError (seed ${SEED})`, async () => {
  const run = await runHostile(await Mutants.open(SEED), {
    first: 0,
    cases: CASES,
    children: 2,
    timeout_ms: 5_000,
    memory_bytes: 1024 * 2 ** 20,
  });
  console.log(
    `seed ${SEED}: ${run.compiled} compiled, ${run.refused} refused, ${run.ended} ended by limits\n${run.endings.join('\n')}`,
  );
  assert.deepEqual(run.failures, []);
  assert.equal(run.compiled + run.refused + run.ended, CASES);
  // Mutations that are all refused at the door, or all harmless, would test nothing.
  assert.ok(run.compiled > CASES / 10 && run.refused > CASES / 3, 'the mutations are too weak or too strong');
  assert.ok(run.ended < CASES / 50, `${run.ended} had to be ended`);
});
