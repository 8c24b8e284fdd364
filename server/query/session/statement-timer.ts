/**
 * statement_timeout: runs while the server works on a statement, and not while it waits for the client to take rows or
 * to ask for more of a portal.
 */
export class StatementTimer {
  readonly #onTimeout: () => void;
  readonly #isLimited: boolean;
  #left_ms: number;
  #started_ms = 0;
  #timeout: NodeJS.Timeout | undefined;

  /** @param timeout_ms 0: none */
  constructor(timeout_ms: number, onTimeout: () => void) {
    this.#isLimited = timeout_ms > 0;
    this.#left_ms = timeout_ms;
    this.#onTimeout = onTimeout;
  }

  start(): void {
    if (!this.#isLimited || this.#timeout !== undefined) return;
    this.#started_ms = performance.now();
    this.#timeout = setTimeout(this.#onTimeout, Math.max(0, this.#left_ms));
  }

  stop(): void {
    if (this.#timeout === undefined) return;
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#left_ms -= performance.now() - this.#started_ms;
  }
}
