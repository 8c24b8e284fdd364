/**
 * `npm run check:zoo [name …]`: every model of keras.applications, compiled with seeded weights, against the logits that
 * Keras gave for the same weights and images. Fails when a model differs by more than LARGEST_DIFFERENCE.
 */
import { messageOf } from '../../../common/errors.ts';
import { NAMED_MODELS, namedModel } from '../catalog.ts';
import { compareWithKeras } from './compare.ts';
import { LARGEST_DIFFERENCE, LEAST_SWAP } from './tolerance.ts';

const names = process.argv.slice(2).map((name) => namedModel(name).name);
let failed = 0;
const begin = performance.now();
console.log(`${'model'.padEnd(20)} difference   swap  compile s  infer s`);
for (const name of names.length > 0 ? names : NAMED_MODELS.map((model) => model.name)) {
  try {
    const { difference, swap, compile_ms, infer_ms } = await compareWithKeras(name);
    const good = difference <= LARGEST_DIFFERENCE && swap >= LEAST_SWAP;
    if (!good) failed++;
    const times = [compile_ms, infer_ms].map((time_ms) => (time_ms / 1000).toFixed(1).padStart(8)).join(' ');
    console.log(
      `${name.padEnd(20)} ${difference.toExponential(2).padStart(10)} ${swap.toFixed(3).padStart(6)}  ${times}${good ? '' : '  FAILED'}`,
    );
  } catch (error) {
    failed++;
    console.log(`${name.padEnd(20)} FAILED: ${messageOf(error)}`);
  }
}
console.log(`${failed} failed, ${((performance.now() - begin) / 1000).toFixed(0)} s`);
process.exitCode = failed === 0 ? 0 : 1;
