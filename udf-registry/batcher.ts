import type { SqlensError } from '../common/errors.ts';
import type { Input, SubmitOptions, Task } from './api.ts';
import { inputSize_bytes } from './input-size.ts';
import { textKey } from './text-model.ts';

/** One call of `submit`: inputs that wait, by position; they are never copied. */
export interface Submission {
  readonly task: Task;
  readonly key: string;
  readonly inputs: readonly Input[];
  readonly options: SubmitOptions;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  /** The first input that is in no batch yet. */
  next: number;
  /** Inputs without an answer. */
  remaining: number;
  /** Answered whole, failed or aborted: whatever still arrives for it is dropped. */
  isOver: boolean;
}

/** An input in a batch. */
export interface Row {
  readonly submission: Submission;
  readonly index: number;
  /** Workers that died while they worked on it alone. */
  crashes: number;
}

/** Inputs that go to a worker together. They share the task, and may belong to several queries. */
export interface Batch {
  readonly id: number;
  readonly task: Task;
  readonly key: string;
  /** undefined: answered already. */
  readonly rows: (Row | undefined)[];
  /** A worker died with it: it runs alone on its worker, input by input. */
  readonly isCareful: boolean;
  /** Workers that died with it while it was careful, but with no input of it in particular. */
  readonly strays: number;
}

/** What limits a batch besides its task's own batch size. */
export interface BatchLimits {
  /** Bytes of inputs that travel with the batch. */
  readonly batch_bytes: number;
}

/** Inputs of an image task that go to a worker together: enough to keep the decoder's threads busy. */
const IMAGE_BATCH = 8;

/** Tasks with one key share batches. */
export function taskKey(task: Task): string {
  switch (task.kind) {
    case 'model':
      return ['model', task.digest, ...optionKeys(task)].join(':');
    case 'image_thumbnail':
      return `image_thumbnail:${task.size_px}`;
    case 'image_decode':
    case 'image_info':
      return task.kind;
  }
}

/** What beside the artifact decides the answers of a model. */
function optionKeys({ text, resize }: Extract<Task, { kind: 'model' }>): string[] {
  return [
    ...(text === undefined ? [] : [textKey(text)]),
    ...(resize === undefined ? [] : [resize.fit, resize.interpolation]),
  ];
}

/** True when somebody still waits for the row. */
export function isLive(row: Row | undefined): row is Row {
  return row !== undefined && !row.submission.isOver;
}

/**
 * The queue of inputs that wait. Queries take turns, batch by batch, and so do the submissions of a query; what is left
 * of a batch is filled from other submissions for the same task.
 */
export class Batcher {
  private readonly limits: BatchLimits;
  /** In the order of their turns: whoever was served goes to the end. */
  private readonly queries = new Map<string, Set<Submission>>();
  private readonly waitingByKey = new Map<string, number>();
  private nextBatch = 1;

  constructor(limits: BatchLimits) {
    this.limits = limits;
  }

  /** Inputs in no batch yet. */
  get waiting(): number {
    let sum = 0;
    for (const count of this.waitingByKey.values()) sum += count;
    return sum;
  }

  /** Inputs in no batch yet, of one task. */
  waitingFor(key: string): number {
    return this.waitingByKey.get(key) ?? 0;
  }

  add(submission: Submission): void {
    const { queryId } = submission.options;
    const mates = this.queries.get(queryId);
    if (mates === undefined) this.queries.set(queryId, new Set([submission]));
    else mates.add(submission);
    this.count(submission.key, submission.inputs.length - submission.next);
  }

  /** Takes back whatever of a submission is in no batch yet. */
  remove(submission: Submission): void {
    const mates = this.queries.get(submission.options.queryId);
    if (mates === undefined || !mates.delete(submission)) return;
    if (mates.size === 0) this.queries.delete(submission.options.queryId);
    this.count(submission.key, submission.next - submission.inputs.length);
  }

  /** The task whose turn it is. */
  peek(): Task | undefined {
    return this.head()?.task;
  }

  /**
   * Forms the next batch, for the task that `peek` named.
   * @param rows_max at most so many rows, however large the task's batches may be
   */
  take(rows_max: number): Batch | undefined {
    const head = this.head();
    if (head === undefined) return undefined;
    const { task, key } = head;
    const size = Math.max(1, Math.min(rows_max, batchSizeOf(task)));
    const rows: Row[] = [];
    const room = { rows: size, bytes: this.limits.batch_bytes };
    this.draw(head, rows, room);
    this.takeTurn(head);
    if (room.rows > 0 && this.waitingFor(key) > 0) {
      for (const mates of [...this.queries.values()]) {
        for (const other of [...mates]) {
          if (room.rows > 0 && other.key === key) this.draw(other, rows, room);
        }
        if (room.rows <= 0) break;
      }
    }
    return { id: this.nextBatch++, task, key, rows, isCareful: false, strays: 0 };
  }

  private head(): Submission | undefined {
    for (const mates of this.queries.values()) {
      for (const submission of mates) return submission;
    }
    return undefined;
  }

  private draw(submission: Submission, rows: Row[], room: { rows: number; bytes: number }): void {
    while (room.rows > 0 && submission.next < submission.inputs.length) {
      const input = submission.inputs[submission.next];
      if (input === undefined) break;
      const size_bytes = inputSize_bytes(input);
      if (rows.length > 0 && size_bytes > room.bytes) {
        room.rows = 0;
        break;
      }
      rows.push({ submission, index: submission.next, crashes: 0 });
      submission.next++;
      this.count(submission.key, -1);
      room.rows--;
      room.bytes -= size_bytes;
    }
    if (submission.next >= submission.inputs.length) this.remove(submission);
  }

  /** Moves a query behind the others, and its submission behind its mates. */
  private takeTurn(submission: Submission): void {
    const { queryId } = submission.options;
    const mates = this.queries.get(queryId);
    if (mates === undefined) return;
    this.queries.delete(queryId);
    this.queries.set(queryId, mates);
    if (mates.delete(submission)) mates.add(submission);
  }

  private count(key: string, change: number): void {
    const waiting = this.waitingFor(key) + change;
    if (waiting === 0) this.waitingByKey.delete(key);
    else this.waitingByKey.set(key, waiting);
  }
}

/** Ends a submission, once. */
export function settle(
  submission: Submission,
  outcome: 'answered' | { readonly reason: SqlensError | unknown },
): void {
  if (submission.isOver) return;
  submission.isOver = true;
  if (outcome === 'answered') submission.resolve();
  else submission.reject(outcome.reason);
}

function batchSizeOf(task: Task): number {
  return task.kind === 'model' ? task.batchSize : IMAGE_BATCH;
}
