/** repeatable samples: USING SAMPLE and TABLESAMPLE without a seed get one, so that every pass draws the same rows. */
import { LosslessNumber } from 'lossless-json';
import { isObject, type JsonObject, visit } from './ast.ts';

const SEEDS = 2 ** 31;

/** How DuckDB writes "no seed". */
const NO_SEED = '-1';

/** @param seed in [0, 1) */
export function seedSamples(tree: JsonObject, seed: number): boolean {
  let changed = false;
  visit(tree, (node) => {
    const { sample } = node;
    if (!isObject(sample) || String(sample.seed) !== NO_SEED) return;
    sample.seed = new LosslessNumber(String(Math.floor(seed * SEEDS)));
    changed = true;
  });
  return changed;
}
