import type { Batch } from './batcher.ts';
import type { Phase, WorkerHealth } from './workers/messages.ts';
import type { PoolWorker } from './workers/pool.ts';

/** A ready worker as the router sees it: the batches under way to it, and the deadline of the first. */
export class Seat {
  readonly worker: PoolWorker;
  /** In the order they were sent, which is the order they run in. */
  readonly batches: Batch[] = [];
  /** Where the first of them stands. */
  phase: Phase = 'prepare';
  /** The one input it has come to, of a careful batch. */
  row: number | undefined;
  /** Killed by us. */
  isLate = false;
  /** A successor has been asked for. */
  isReplaced = false;
  /** It had nothing left to do and was ended. */
  isRetired = false;
  batchCount = 0;
  rss_bytes = 0;
  released = 0;
  abandoned = 0;
  loaded: readonly string[] = [];
  private readonly timeout_ms: number;
  private readonly onLate: (seat: Seat) => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(worker: PoolWorker, timeout_ms: number, onLate: (seat: Seat) => void) {
    this.worker = worker;
    this.timeout_ms = timeout_ms;
    this.onLate = onLate;
  }

  /** Runs a batch that may have killed a worker, and gets no other beside it. */
  get isAlone(): boolean {
    return this.batches.some((batch) => batch.isCareful);
  }

  /** Has a model loaded, or will have by the time another batch of it arrives. */
  has(digest: string): boolean {
    return (
      this.loaded.includes(digest) ||
      this.batches.some(({ task }) => task.kind === 'model' && task.digest === digest)
    );
  }

  find(id: number): Batch | undefined {
    return this.batches.find((batch) => batch.id === id);
  }

  add(batch: Batch): void {
    this.batches.push(batch);
    if (this.batches.length === 1) this.enter('prepare');
  }

  remove(batch: Batch): void {
    const at = this.batches.indexOf(batch);
    if (at >= 0) this.batches.splice(at, 1);
    this.batchCount++;
    this.enter('prepare');
  }

  /** The first batch, or one input of it, enters a phase; each phase has the whole time. */
  enter(phase: Phase, row?: number): void {
    this.phase = phase;
    this.row = row;
    this.disarm();
    if (this.batches.length === 0) return;
    this.timer = setTimeout(() => {
      this.isLate = true;
      this.onLate(this);
    }, this.timeout_ms);
  }

  disarm(): void {
    clearTimeout(this.timer);
  }

  heard(health: WorkerHealth): void {
    this.rss_bytes = health.rss_bytes;
    this.released = health.released;
    this.abandoned = health.abandoned;
    this.loaded = health.loaded;
  }
}
