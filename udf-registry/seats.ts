import type { Task } from './api.ts';
import type { Seat } from './seat.ts';
import type { PoolWorker } from './workers/pool.ts';

/** The workers that can be given batches, and which of them is given the next. */
export class Seats {
  private readonly byWorker = new Map<number, Seat>();

  all(): IterableIterator<Seat> {
    return this.byWorker.values();
  }

  of(worker: PoolWorker): Seat | undefined {
    return this.byWorker.get(worker.id);
  }

  add(seat: Seat): void {
    this.byWorker.set(seat.worker.id, seat);
  }

  /** Takes a worker away that is gone. */
  remove(worker: PoolWorker): Seat | undefined {
    const seat = this.byWorker.get(worker.id);
    this.byWorker.delete(worker.id);
    seat?.disarm();
    return seat;
  }

  /** Those that take batches: not the ones that drain. */
  ready(): Seat[] {
    return [...this.byWorker.values()].filter((seat) => seat.worker.state === 'ready');
  }

  /** The ready one with the fewest batches. */
  leastBusy(): Seat | undefined {
    let best: Seat | undefined;
    for (const seat of this.ready()) {
      if (best === undefined || seat.batches.length < best.batches.length) best = seat;
    }
    return best;
  }

  /**
   * The worker that a batch goes to: the least busy, and among those one that has the model loaded.
   * @param depth batches that may be under way to one worker
   * @param reserved a worker to leave alone
   */
  free(task: Task, depth: number, reserved: Seat | undefined): Seat | undefined {
    let best: Seat | undefined;
    let bestScore = Number.POSITIVE_INFINITY;
    for (const seat of this.ready()) {
      if (seat === reserved || seat.isAlone || seat.batches.length >= depth) continue;
      const isMissing = task.kind === 'model' && !seat.has(task.digest);
      // A worker that must load first still beats one that is a batch busier: loading is paid once. Among those that
      // must, the one with the fewest models is least likely to drop another for it.
      const score = seat.batches.length * 2 + (isMissing ? 1 + seat.loaded.length / 1_000 : 0);
      if (score < bestScore) {
        best = seat;
        bestScore = score;
      }
    }
    return best;
  }

  /** How many workers have nothing to do and could begin with the task at once. */
  idleFor(task: Task): number {
    return this.ready().filter(
      (seat) => seat.batches.length === 0 && (task.kind !== 'model' || seat.has(task.digest)),
    ).length;
  }
}
