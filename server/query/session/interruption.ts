/** Interrupting whatever DuckDB does for a session. */
import type { DuckDBConnection } from '@duckdb/node-api';

const INTERVAL_MS = 20;

export interface Interruptible {
  readonly connections: () => Iterable<DuckDBConnection | undefined>;
  readonly isWorking: () => boolean;
}

/** An interrupt that comes just before DuckDB starts a statement is lost, so it is repeated until there is none. */
export class Interruption {
  readonly #target: Interruptible;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: Interruptible) {
    this.#target = target;
  }

  begin(): void {
    this.#interrupt();
    if (this.#timer !== undefined || !this.#target.isWorking()) return;
    this.#timer = setInterval(() => {
      if (this.#target.isWorking()) this.#interrupt();
      else this.end();
    }, INTERVAL_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #interrupt(): void {
    for (const connection of this.#target.connections()) connection?.interrupt();
  }
}
