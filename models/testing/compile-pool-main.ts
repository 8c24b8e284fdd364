/**
 * Compiles one file after another, as the compiler's child process does with its one. Only for tests: a file that breaks
 * the process would be met by the next one.
 */
import { dieWithParent } from '../../common/die-with-parent.ts';
import { SqlensError } from '../../common/errors.ts';
import { compileModel } from '../compile.ts';
import { inFile, ModelError } from '../model-error.ts';
import { validate } from '../validate.ts';
import type { PoolOrder, PoolReport } from './compile-pool.ts';

async function compile({ file, options }: PoolOrder): Promise<PoolReport> {
  try {
    const compiled = await compileModel(file, options);
    await validate(compiled, async () => undefined).catch((error: unknown) => {
      throw error instanceof SqlensError ? inFile(file.name, error) : error;
    });
    return { kind: 'compiled', shapes: compiled.manifest.outputs.map(({ shape }) => shape) };
  } catch (error) {
    if (error instanceof ModelError) {
      const { sqlState, message, hint } = error;
      return { kind: 'refused', sqlState, message, hint: hint ?? '' };
    }
    return { kind: 'defect', what: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

void dieWithParent();
process.on('message', (order: PoolOrder) => {
  void compile(order).then((report) => process.send?.(report));
});
