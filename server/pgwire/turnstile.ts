/**
 * Keeps the event loop turning when many sessions have something to do at once: the work that is begun in one turn is
 * bounded, and the rest waits, in order, for the next ones. So who knocks in between (a new connection, a cancel
 * request, a health check) is heard after tens of milliseconds, not after everyone else's statements.
 */

/** Work begun in one half of a turn; a statement that has begun goes on. */
const slice_ms = 5;

export class Turnstile {
  readonly #now_ms: () => number;
  #began_ms: number | undefined;

  constructor(now_ms: () => number = () => performance.now()) {
    this.#now_ms = now_ms;
  }

  /** Undefined: go on at once. Else wait. */
  enter(): Promise<void> | undefined {
    return this.#hasTime() ? undefined : new Promise((resolve) => this.#later(resolve));
  }

  #later(resolve: () => void): void {
    setImmediate(() => {
      if (this.#hasTime()) resolve();
      else this.#later(resolve);
    });
  }

  #hasTime(): boolean {
    const now_ms = this.#now_ms();
    if (this.#began_ms === undefined) {
      this.#began_ms = now_ms;
      setImmediate(() => {
        this.#began_ms = undefined;
      });
    }
    return now_ms - this.#began_ms < slice_ms;
  }
}

export const turnstile = new Turnstile();
