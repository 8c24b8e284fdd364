/**
 * Whether anybody changes anything, and how often somebody has: what was read while nobody did holds until somebody
 * does. A writer counts from before its statement begins until its transaction has ended, however it has ended, so
 * that between two looks at the same version nothing was committed.
 */
export class WriteWatch {
  readonly #writers = new Set<object>();
  #version = 0;

  /** Nobody writes now. */
  get isQuiet(): boolean {
    return this.#writers.size === 0;
  }

  /** Another number whenever a writer has begun or ended. */
  get version(): number {
    return this.#version;
  }

  /** @param writer whose `end` will follow; beginning twice is once */
  begin(writer: object): void {
    if (this.#writers.has(writer)) return;
    this.#writers.add(writer);
    this.#version++;
  }

  end(writer: object): void {
    if (this.#writers.delete(writer)) this.#version++;
  }
}
