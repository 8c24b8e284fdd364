/**
 * Writes a set of traffic sign images from the command line:
 * `npx tsx models/bundled/traffic-signs/generate.ts --split train --per-class 500 --seed 1 --out DIR`
 */

import { parseArgs } from 'node:util';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import { writeTrafficImages } from './generator.ts';
import { isSplit, SPLITS } from './random.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      split: { type: 'string', default: 'train' },
      'per-class': { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
    },
  });
  const { split, out } = values;
  if (out === undefined || !isSplit(split)) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: out === undefined ? '--out is missing' : `--split is "${split}"`,
      hint: `Give --out DIR and --split ${SPLITS.join('|')}; --per-class N and --seed N are optional.`,
    });
  }
  const written = await writeTrafficImages(out, {
    split,
    perClass: Number(values['per-class']),
    seed: Number(values.seed),
  });
  if (!written.created) {
    throw new SqlensError({
      sqlState: SqlState.duplicateObject,
      message: `${out} already holds ${written.images} images`,
      hint: 'Choose another folder, or remove it first.',
    });
  }
  console.log(`${written.images} images in ${out}`);
}

main().catch((error: unknown) => {
  const hint = error instanceof SqlensError && error.hint ? `\n${error.hint}` : '';
  console.error(`${messageOf(error)}${hint}`);
  process.exitCode = 1;
});
