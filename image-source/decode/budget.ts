/**
 * A semaphore counted in pixels: many small images or one large one are decoded at a time. First come, first
 * served, so that a large image is not overtaken for ever by small ones.
 */
export class PixelBudget {
  readonly #capacity_pixels: number;
  #free_pixels: number;
  readonly #waiting: { readonly cost_pixels: number; readonly start: () => void }[] = [];

  constructor(capacity_pixels: number) {
    this.#capacity_pixels = capacity_pixels;
    this.#free_pixels = capacity_pixels;
  }

  get free_pixels(): number {
    return this.#free_pixels;
  }

  /** Runs `work` once `cost_pixels` are free. A cost above the capacity waits for all of it. */
  async use<T>(cost_pixels: number, work: () => Promise<T>): Promise<T> {
    const cost = Math.min(Math.max(0, Math.ceil(cost_pixels)), this.#capacity_pixels);
    if (this.#waiting.length > 0 || cost > this.#free_pixels) {
      await new Promise<void>((resolve) => this.#waiting.push({ cost_pixels: cost, start: resolve }));
    } else {
      this.#free_pixels -= cost;
    }
    try {
      return await work();
    } finally {
      this.#free_pixels += cost;
      this.#startWaiting();
    }
  }

  #startWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.cost_pixels > this.#free_pixels) return;
      // Taken here, not when the waiter wakes: another caller may come between.
      this.#free_pixels -= next.cost_pixels;
      this.#waiting.shift();
      next.start();
    }
  }
}
