/** Lets at most so many run at the same time; the others wait in the order they came. */
export class Gate {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.free = limit;
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A place is handed on rather than freed, so that a newcomer cannot overtake those who wait.
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}
