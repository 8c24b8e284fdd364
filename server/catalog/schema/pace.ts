/** Lets others have the event loop in the middle of a long piece of work. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 4;

export class Pace {
  #sliceEnd = performance.now() + SLICE_MS;

  /** Whether it is time to `rest`: asked often, since it costs less than resting. */
  get isDue(): boolean {
    return performance.now() >= this.#sliceEnd;
  }

  async rest(): Promise<void> {
    await nextTurn();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }
}
