import { type Batch, isLive } from './batcher.ts';

/** Batches that lost their worker and wait for another, as long as anybody waits for them. */
export class Retries {
  /** Were under way when their worker died of something else: they run like any other. */
  private readonly innocent: Batch[] = [];
  /** May be what it died of: each runs alone, input by input. */
  private readonly suspect: Batch[] = [];

  get count(): number {
    return this.innocent.length + this.suspect.length;
  }

  addInnocent(batch: Batch): void {
    this.innocent.push(batch);
  }

  addSuspect(batch: Batch, strays = batch.strays): void {
    this.suspect.push({ ...batch, isCareful: true, strays });
  }

  /** The next innocent one; it stays until it is taken. */
  peekInnocent(): Batch | undefined {
    return firstLive(this.innocent);
  }

  takeInnocent(): void {
    this.innocent.shift();
  }

  /** The next suspect; it stays until it is taken. */
  peekSuspect(): Batch | undefined {
    return firstLive(this.suspect);
  }

  takeSuspect(): void {
    this.suspect.shift();
  }
}

function firstLive(batches: Batch[]): Batch | undefined {
  for (;;) {
    const first = batches[0];
    if (first === undefined || first.rows.some(isLive)) return first;
    batches.shift();
  }
}
