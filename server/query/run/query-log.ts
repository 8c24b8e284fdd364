/** The statements that run now (`sqlens.queries`, GET /v1/queries), and how to stop one. */
export type QueryState = 'running' | 'asking' | 'inferring' | 'answering';

export interface RunningQuery {
  readonly id: string;
  readonly sessionId: number;
  readonly user: string;
  readonly text: string;
  readonly startedAt: Date;
  state: QueryState;
  /** Number of the pass it is in; 0 when it needs none. */
  pass: number;
  inferred_count(): number;
  duration_ms(): number;
  cancel(): void;
}

export interface QueryTotals {
  readonly finished: number;
  readonly failed: number;
  readonly passes: number;
}

/** Longer texts are cut in what people look at. */
const MAX_TEXT_LENGTH = 10_000;

export class QueryLog {
  readonly #running = new Map<string, RunningQuery>();
  #lastNumber = 0;
  #finished = 0;
  #failed = 0;
  #passes = 0;

  running(): readonly RunningQuery[] {
    return [...this.#running.values()];
  }

  totals(): QueryTotals {
    return { finished: this.#finished, failed: this.#failed, passes: this.#passes };
  }

  nextId(sessionId: number): string {
    return `${sessionId}-${++this.#lastNumber}`;
  }

  start(query: Omit<RunningQuery, 'state' | 'pass' | 'duration_ms'>): RunningQuery {
    const started_ms = performance.now();
    const running: RunningQuery = {
      ...query,
      text: query.text.slice(0, MAX_TEXT_LENGTH),
      state: 'running',
      pass: 0,
      duration_ms: () => performance.now() - started_ms,
    };
    this.#running.set(query.id, running);
    return running;
  }

  countPass(): void {
    this.#passes++;
  }

  finish(id: string, failed: boolean): void {
    if (!this.#running.delete(id)) return;
    if (failed) this.#failed++;
    else this.#finished++;
  }

  /** @returns whether there was such a query */
  cancel(id: string): boolean {
    const query = this.#running.get(id);
    query?.cancel();
    return query !== undefined;
  }
}
