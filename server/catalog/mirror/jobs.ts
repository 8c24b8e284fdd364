/** Requests to the mirror as they wait: in order, bounded, and gone from the queue as soon as nobody waits for them. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Outcome } from './child-link.ts';
import type { Order } from './frames.ts';

export interface JobOptions {
  readonly order: Order;
  readonly bytes: Uint8Array;
  readonly deadline_ms: number;
  readonly signal?: AbortSignal | undefined;
}

export class Job {
  readonly order: Order;
  readonly bytes: Uint8Array;
  readonly deadline_ms: number;
  readonly outcome: Promise<Outcome>;
  /** How often the process ended while this ran. */
  crashes = 0;
  /** How often somebody has killed the process under it. */
  kills = 0;
  isSettled = false;
  /** Called when somebody gives up on it. */
  onAbort: () => void = () => undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  #resolve: (outcome: Outcome) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(options: JobOptions) {
    this.order = options.order;
    this.bytes = options.bytes;
    this.deadline_ms = options.deadline_ms;
    this.#signal = options.signal;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#abort = () => {
      this.fail(cancelled(options.signal?.reason));
      this.onAbort();
    };
    options.signal?.addEventListener('abort', this.#abort, { once: true });
    if (options.signal?.aborted) this.#abort();
  }

  succeed(outcome: Outcome): void {
    this.#settle();
    this.#resolve(outcome);
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.isSettled = true;
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}

export class JobQueue {
  readonly #jobs: Job[] = [];
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#jobs.length;
  }

  /** @throws SqlensError 53300 when too many wait */
  push(job: Job): void {
    if (this.#jobs.length >= this.#max) {
      const error = new SqlensError({
        sqlState: SqlState.tooManyConnections,
        message: `too many catalog queries are waiting (${this.#max})`,
        hint: 'Try again in a moment.',
      });
      job.fail(error);
      return;
    }
    job.onAbort = () => this.#drop(job);
    this.#jobs.push(job);
  }

  /** Puts one back that has not been answered. */
  unshift(job: Job): void {
    job.onAbort = () => this.#drop(job);
    this.#jobs.unshift(job);
  }

  shift(): Job | undefined {
    return this.#jobs.shift();
  }

  failAll(error: unknown): void {
    for (const job of this.#jobs.splice(0)) job.fail(error);
  }

  #drop(job: Job): void {
    const index = this.#jobs.indexOf(job);
    if (index >= 0) this.#jobs.splice(index, 1);
  }
}

function cancelled(reason: unknown): SqlensError {
  if (reason instanceof SqlensError) return reason;
  return new SqlensError({
    sqlState: SqlState.queryCanceled,
    message: 'canceling statement due to user request',
    hint: 'Run it again if this was not meant.',
    cause: reason,
  });
}
