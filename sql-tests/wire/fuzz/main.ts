/**
 * The fuzzer for as long as one likes:
 *
 *   npx tsx sql-tests/wire/fuzz/main.ts --cases 5000000 --seed 7
 *   npx tsx sql-tests/wire/fuzz/main.ts --seed 7 --case 12345     one case of such a run
 */
import { parseArgs } from 'node:util';
import { Fuzzer, type FuzzResult } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '2000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    case: { type: 'string' },
  },
});
const fuzzer = new Fuzzer(Number(values.seed));
const told = (what: string, { cases, duration_ms }: FuzzResult): void =>
  console.log(`${what}: ${cases} cases in ${(duration_ms / 1000).toFixed(1)} s`);
console.log(`seed ${fuzzer.seed}`);
if (values.case === undefined) {
  told('split at every byte', await fuzzer.split());
  told('byte by byte', await fuzzer.drip());
  told('mutated', await fuzzer.mutate(Number(values.cases)));
} else told('mutated', await fuzzer.mutate(1, Number(values.case)));
