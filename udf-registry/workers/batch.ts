import { SqlensError, SqlState } from '../../common/errors.ts';
import type { Answer, Input } from '../api.ts';
import type { Gate } from './gate.ts';
import { type Part, packTensors, toFailure, type WorkerTask } from './messages.ts';
import { type ImageTools, type Prepared, prepare } from './prepare.ts';

/** Answers that hold this much are sent before their batch is finished. */
const PART_BYTES = 4 * 1024 * 1024;

/** Called before each input is prepared; tests make workers crash or hang here. */
export type BeforeInput = (input: Input) => void | Promise<void>;

export interface PrepareTools {
  readonly images: ImageTools;
  readonly gate: Gate;
  readonly beforeInput: BeforeInput | undefined;
}

/** A batch inside the worker: its inputs are prepared from the moment it arrives, whatever else runs. */
export class WorkerBatch {
  readonly id: number;
  readonly task: WorkerTask;
  /** Inputs that were given up on while they were still being fetched or decoded. */
  abandoned = 0;
  private readonly rows: (Prepared | undefined)[];
  private readonly preparing: Promise<void>;
  private isCancelled = false;
  /** Ends fetches that nobody waits for any more. */
  private readonly over = new AbortController();
  private stopWaiting: () => void = () => undefined;

  /** @param onPrepared the next input begins once it resolves: a large answer is sent before another is made */
  constructor(
    message: { readonly batch: number; readonly task: WorkerTask; readonly inputs: readonly Input[] },
    tools: PrepareTools,
    onPrepared: (row: number, prepared: Prepared) => Promise<void>,
  ) {
    this.id = message.batch;
    this.task = message.task;
    this.rows = new Array(message.inputs.length).fill(undefined);
    const work = message.inputs.map((input, row) =>
      tools.gate.through(async () => {
        if (this.over.signal.aborted) return;
        await tools.beforeInput?.(input);
        const prepared = await prepare(message.task, input, tools.images, this.over.signal);
        if (this.over.signal.aborted) return;
        this.rows[row] = prepared.kind === 'answer' ? { kind: 'answered' } : prepared;
        await onPrepared(row, prepared);
      }),
    );
    this.preparing = Promise.all(work).then(() => undefined);
  }

  get cancelled(): boolean {
    return this.isCancelled;
  }

  cancel(): void {
    this.isCancelled = true;
    this.over.abort();
    this.stopWaiting();
  }

  /**
   * Waits until every input is prepared, but no longer than told: those that are not ready by then have failed.
   * @returns one entry per input
   */
  async prepared(timeout_ms: number): Promise<readonly Prepared[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      this.stopWaiting = resolve;
      timer = setTimeout(resolve, timeout_ms);
      if (this.isCancelled) resolve();
    });
    await Promise.race([this.preparing, late]);
    clearTimeout(timer);
    this.over.abort();
    return this.rows.map((row) => {
      if (row !== undefined) return row;
      if (!this.isCancelled) this.abandoned++;
      return { kind: 'failed', error: tooSlow(timeout_ms) };
    });
  }
}

function tooSlow(timeout_ms: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.ioError,
    message: `the input was not fetched and decoded within ${Math.round(timeout_ms / 1000)} s`,
    hint: 'See whether its location answers, and how large it is.',
  });
}

/** Gathers answers until they are worth a message. */
export class PartBuilder {
  private tensorRows: number[] = [];
  private tensors: (readonly Float32Array[])[] = [];
  private answers: Part['answers'][number][] = [];
  private failures: Part['failures'][number][] = [];
  private held_bytes = 0;

  addTensors(row: number, tensors: readonly Float32Array[]): void {
    this.tensorRows.push(row);
    this.tensors.push(tensors);
    for (const tensor of tensors) this.held_bytes += tensor.byteLength;
  }

  addAnswer(row: number, answer: Exclude<Answer, { kind: 'tensors' | 'failed' }>): void {
    this.answers.push({ row, answer });
    if (answer.kind === 'image') this.held_bytes += answer.image.data.byteLength;
    if (answer.kind === 'bytes') this.held_bytes += answer.bytes.byteLength;
  }

  addFailure(row: number, error: SqlensError): void {
    this.failures.push({ row, failure: toFailure(error) });
  }

  get isLarge(): boolean {
    return this.held_bytes >= PART_BYTES;
  }

  /** What was gathered; begins anew. */
  take(): Part {
    const part: Part = {
      tensors: this.tensorRows.length === 0 ? undefined : packTensors(this.tensorRows, this.tensors),
      answers: this.answers,
      failures: this.failures,
    };
    this.tensorRows = [];
    this.tensors = [];
    this.answers = [];
    this.failures = [];
    this.held_bytes = 0;
    return part;
  }
}
