/** Feeds mutants to children and says which of them did not end as they should. */
import { SqlState } from '../../common/errors.ts';
import { compileInChild } from '../compile-in-child.ts';
import { isMemoryFailure } from '../compile-messages.ts';
import { ModelError } from '../model-error.ts';
import { CompileChild, type PoolResult } from './compile-pool.ts';
import { MUTANT_OPTIONS, type Mutant, type Mutants } from './mutants.ts';

/** Of a file that the compiler only passes on, this is the file's fault. */
const UNSOUND = /ONNX Runtime does not load the model|does not run on a batch/;

export interface HostileRun {
  compiled: number;
  refused: number;
  /** Ended by the limits on time and memory, or crashed: each tried again as the product does it, which must say so. */
  ended: number;
  readonly endings: string[];
  readonly failures: string[];
}

export interface HostileOptions {
  readonly first: number;
  readonly cases: number;
  readonly children: number;
  /** For each file; in a child of its own it has more. */
  readonly timeout_ms: number;
  readonly memory_bytes: number;
}

export async function runHostile(mutants: Mutants, options: HostileOptions): Promise<HostileRun> {
  const { first, cases, timeout_ms, memory_bytes } = options;
  const run: HostileRun = { compiled: 0, refused: 0, ended: 0, endings: [], failures: [] };
  let next = first;
  const work = async (): Promise<void> => {
    const child = new CompileChild({ memory_bytes, timeout_ms });
    try {
      while (next < first + cases) {
        const number = next++;
        const mutant = mutants.make(number);
        const result = await child.compile({ file: mutant.file, options: MUTANT_OPTIONS });
        const problem = await judge(run, mutant, result, options);
        if (problem !== undefined) run.failures.push(`case ${number} (${mutant.what}): ${problem}`);
      }
    } finally {
      child.end();
    }
  };
  await Promise.all(Array.from({ length: options.children }, work));
  return run;
}

async function judge(
  run: HostileRun,
  { file, what }: Mutant,
  result: PoolResult,
  { timeout_ms, memory_bytes }: HostileOptions,
): Promise<string | undefined> {
  switch (result.kind) {
    case 'compiled':
      run.compiled++;
      return result.shapes.flat().every((size) => size === null || (Number.isSafeInteger(size) && size >= 0))
        ? undefined
        : `its outputs have shapes ${JSON.stringify(result.shapes)}`;
    case 'refused':
      run.refused++;
      if (!file.name.endsWith('.onnx') && UNSOUND.test(result.message) && !isMemoryFailure(result.message)) {
        return `the compiler wrote a graph that does not run: ${result.message}`;
      }
      return problemOf(file.name, new ModelError(result));
    case 'defect':
      return result.what;
    case 'died':
    case 'late': {
      run.ended++;
      const limits = { memory_bytes, timeout_ms: 6 * timeout_ms, phase_ms: 2 * timeout_ms };
      try {
        await compileInChild(file, MUTANT_OPTIONS, limits);
        run.endings.push(`${what}: ${result.kind}, compiled by itself`);
        return undefined;
      } catch (error) {
        run.endings.push(`${what}: ${result.kind}, ${error instanceof Error ? error.message : error}`);
        if (!(error instanceof ModelError)) return `not a ModelError: ${error}`;
        return problemOf(file.name, error);
      }
    }
  }
}

function problemOf(name: string, { sqlState, message, hint }: ModelError): string | undefined {
  if (sqlState === SqlState.internalError) return `called a defect: ${message}`;
  if (!message.startsWith(`${name}: `)) return `does not begin with the file's name: ${message}`;
  if (message.length > 2000) return `a message of ${message.length} characters`;
  return hint === undefined || hint === '' ? `no hint: ${message}` : undefined;
}
