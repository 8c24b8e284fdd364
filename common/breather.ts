import { setImmediate as nextTurn } from 'node:timers/promises';

/** What a loop over many items may take in one go; everyone else on the thread waits meanwhile. */
const SLICE_MS = 4;

/** Cuts a long loop into slices: `if (breather.isDue()) await breather.rest();` */
export class Breather {
  #since_ms = performance.now();

  isDue(): boolean {
    return performance.now() - this.#since_ms > SLICE_MS;
  }

  /** Lets the event loop turn once. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#since_ms = performance.now();
  }
}
