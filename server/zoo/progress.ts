/** How a transfer goes on, in lines for people: at its beginning, then at most one in some seconds. */

const INTERVAL_MS = 5_000;

export class Progress {
  readonly #what: string;
  readonly #tell: (message: string) => void;
  #toldAt_ms: number | undefined;

  constructor(what: string, tell: (message: string) => void) {
    this.#what = what;
    this.#tell = tell;
  }

  at(received_bytes: number, total_bytes: number | undefined): void {
    const now_ms = performance.now();
    const isLast = received_bytes === total_bytes;
    if (this.#toldAt_ms !== undefined && now_ms - this.#toldAt_ms < INTERVAL_MS && !isLast) return;
    this.#toldAt_ms = now_ms;
    const of = total_bytes === undefined ? '' : ` of ${megabytes(total_bytes)}`;
    this.#tell(`${this.#what}: ${megabytes(received_bytes)}${of} MB`);
  }
}

function megabytes(size_bytes: number): string {
  return (size_bytes / 1e6).toFixed(1);
}
