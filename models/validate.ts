/** Loads an artifact into ONNX Runtime and tries it: what cannot run is refused before anyone asks it. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../common/errors.ts';
import type { CompiledModel, Manifest } from './artifact.ts';
import { isMemoryFailure } from './compile-messages.ts';
import { invalidFile } from './model-error.ts';
import { observedOutputs } from './onnx/observe.ts';
import { pinToOneRow } from './onnx/register.ts';
import { type Sample, sampleFeeds } from './sample-rows.ts';

export type ValidationPhase = 'loading' | 'running';

/** Sizes for free axes, the first with which the graph runs: a window may be wider than a single place. */
const FREE_SIZES = [1, 16, 128];

/** Two rows count as the same answer when they differ by no more than this, relative to the largest number. */
const TOLERANCE = 1e-3;

/**
 * Runs zeros in a batch of one and, where the batch is free, of two. A foreign graph is also tried on rows of numbers:
 * the answer to one must not depend on the others.
 *
 * Blocks the thread; a graph that never ends blocks it for ever, so this belongs in a child process with a deadline.
 *
 * @param onPhase called before each phase begins
 * @returns the model with what was found out: sizes of outputs that the file leaves open; one row at a time for a graph
 * that takes any batch only in name
 */
export async function validate(
  compiled: CompiledModel,
  onPhase: (phase: ValidationPhase) => Promise<void>,
): Promise<CompiledModel> {
  await onPhase('loading');
  const session = await load(compiled.onnx);
  try {
    await onPhase('running');
    const trial = new Trial(compiled.manifest, session);
    const alone = await trial.firstRun();
    if (trial.fixedRows === undefined) {
      const two = await trial.tryRun({ ...alone.sample, batch: 2, seeds: [0, 0] });
      if (two instanceof Error) {
        if (compiled.manifest.format !== 'onnx' || isMemoryFailure(two.message)) throw two;
        // Exporters that trace a single row write its count into the graph, and declare the batch free all the same.
        return await validate(pinToOneRow(compiled), onPhase);
      }
      trial.refuseNoRows(two);
    } else if (trial.fixedRows > 1) trial.refuseNoRows(alone);
    if (compiled.manifest.format !== 'onnx') return compiled;
    const other = await trial.refuseMixedRows(alone.sample);
    const outputs = observedOutputs(compiled.manifest, session, [alone, ...other]);
    return { onnx: compiled.onnx, manifest: { ...compiled.manifest, outputs } };
  } finally {
    await session.release();
  }
}

async function load(onnx: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(onnx, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      enableCpuMemArena: false,
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw invalidFile(`ONNX Runtime does not load the model: ${messageOf(error)}`, undefined, error);
  }
}

export interface Run {
  readonly sample: Sample;
  /** In the manifest's order. */
  readonly results: readonly Tensor[];
}

class Trial {
  readonly #manifest: Manifest;
  readonly #session: InferenceSession;
  readonly #names: readonly string[];
  /** Rows in every batch of the graph; undefined where it takes any number. */
  fixedRows: number | undefined;

  constructor(manifest: Manifest, session: InferenceSession) {
    this.#manifest = manifest;
    this.#session = session;
    this.#names = manifest.outputs.map(({ name }) => name);
    for (const input of session.inputMetadata) {
      const rows = input.isTensor ? input.shape[0] : undefined;
      if (typeof rows === 'number' && rows > 0) this.fixedRows ??= rows;
    }
  }

  /** On zeros, with the first sizes of free axes that the graph runs with. */
  async firstRun(): Promise<Run> {
    const batch = this.fixedRows ?? 1;
    const isFree = this.#manifest.inputs.some(({ shape }) => shape.includes(null));
    let failed: Error | undefined;
    for (const size of isFree ? FREE_SIZES : FREE_SIZES.slice(0, 1)) {
      const run = await this.tryRun({ batch, size, seeds: new Array<number>(batch).fill(0) });
      if (!(run instanceof Error)) return run;
      failed ??= run;
    }
    throw failed ?? invalidFile('the model was not run');
  }

  async tryRun(sample: Sample): Promise<Run | Error> {
    let given: InferenceSession.OnnxValueMapType;
    try {
      given = await this.#session.run(sampleFeeds(this.#manifest.inputs, sample), this.#names);
    } catch (error) {
      return invalidFile(
        `the model does not run on a batch of ${sample.batch}: ${messageOf(error)}`,
        this.#manifest.inputs.some(({ shape }) => shape.includes(null))
          ? 'If it needs inputs of certain sizes, say them: OPTIONS (input_shape = [ … ]).'
          : undefined,
        error,
      );
    }
    const results: Tensor[] = [];
    for (const name of this.#names) {
      const result = given[name];
      if (!(result instanceof Tensor) || Array.isArray(result.data)) {
        return invalidFile(
          `output "${name}" is not a tensor of numbers`,
          "Choose another with OPTIONS (output = 'name').",
        );
      }
      results.push(result);
    }
    return { sample, results };
  }

  /** Throws when an output has no row for each input. */
  refuseNoRows({ sample: { batch }, results }: Run): void {
    results.forEach(({ size, dims }, at) => {
      if (size % batch === 0 && dims[0] === batch) return;
      const others = this.#names.length > 1 ? " or choose other outputs with OPTIONS (output = 'name')" : '';
      throw invalidFile(
        `output "${this.#names[at]}" has shape (${dims.join(', ')}) for a batch of ${batch}: it has no row for each input`,
        `Export the model with the batch as the first axis of its outputs, or fixed at 1${others}.`,
      );
    });
  }

  /**
   * Throws when another second row changes the answer to the first: then the first axis is none of rows. Graphs that
   * draw at random, or that fail on such numbers, tell nothing.
   */
  async refuseMixedRows(sample: Sample): Promise<readonly Run[]> {
    const batch = this.fixedRows ?? 2;
    const seeds = (others: number): number[] =>
      Array.from({ length: batch }, (_, row) => (row === 0 ? 1 : row + others));
    const run = (others: number): Promise<Run | Error> =>
      this.tryRun({ ...sample, batch, seeds: seeds(others) });
    const first = await run(1);
    if (first instanceof Error) return [];
    if (batch === 1) return [first];
    const again = await run(1);
    const other = await run(40);
    if (again instanceof Error || other instanceof Error) return [first];
    first.results.forEach((result, at) => {
      const row = firstRow(result, batch);
      if (differ(row, firstRow(again.results[at], batch))) return;
      if (!differ(row, firstRow(other.results[at], batch))) return;
      throw invalidFile(
        `output "${this.#names[at]}" of one row depends on the other rows of its batch: the first axis of the inputs is not the batch`,
        'Export the model with a free batch as the first axis, or with a batch of 1.',
      );
    });
    return [first, other];
  }
}

function firstRow(tensor: Tensor | undefined, batch: number): Float64Array {
  const { data } = tensor ?? {};
  if (data === undefined || Array.isArray(data)) return new Float64Array();
  const row = new Float64Array(data.length / batch);
  for (let i = 0; i < row.length; i++) row[i] = Number(data[i]);
  return row;
}

function differ(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return true;
  const largest = a.reduce(
    (max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max),
    0,
  );
  return a.some((value, i) => {
    const other = b[i] ?? Number.NaN;
    return !Object.is(value, other) && !(Math.abs(value - other) <= TOLERANCE * largest);
  });
}
