/**
 * Mutations of good model files for as long as one likes:
 *
 *   npx tsx models/testing/hostile-main.ts --cases 20000 --seed 7
 *   npx tsx models/testing/hostile-main.ts --seed 7 --case 1234     one case of such a run
 */
import { parseArgs } from 'node:util';
import { runHostile } from './hostile-run.ts';
import { Mutants } from './mutants.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    case: { type: 'string' },
    children: { type: 'string', default: '2' },
    timeout_ms: { type: 'string', default: '10000' },
  },
});
const seed = Number(values.seed);
console.log(`seed ${seed}`);
const started_ms = performance.now();
const mutants = await Mutants.open(seed);
const { compiled, refused, ended, endings, failures } = await runHostile(mutants, {
  first: Number(values.case ?? 0),
  cases: values.case === undefined ? Number(values.cases) : 1,
  children: Number(values.children),
  timeout_ms: Number(values.timeout_ms),
  memory_bytes: 1024 * 2 ** 20,
});
for (const line of [...endings, ...failures.map((failure) => `FAILED ${failure}`)]) console.log(line);
const took_s = ((performance.now() - started_ms) / 1000).toFixed(1);
console.log(
  `${compiled} compiled, ${refused} refused, ${ended} ended, ${failures.length} failed in ${took_s} s`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
