/** What the router has done so far, for metrics and views. */

export interface TaskCounts {
  /** `model:<digest>` with what its options add, `image_decode`, `image_info` or `image_thumbnail:<size>`. */
  readonly task: string;
  /** Undefined for image tasks. */
  readonly digest: string | undefined;
  /** Inputs that have their answer from a worker, the failed ones too. */
  readonly inputs: number;
  /** Of these, inputs that failed. */
  readonly failed: number;
  readonly batches: number;
  /** Time inside `session.run`. */
  readonly inferring_s: number;
  /** Time that workers waited for inputs to be fetched and decoded; what overlaps with a run costs none. */
  readonly preparing_s: number;
}

type Counts = { -readonly [K in keyof TaskCounts]: TaskCounts[K] };

/** Thumbnail sizes make keys without end; whatever comes after so many is counted together. */
const TASKS_MAX = 1_000;

export class Meter {
  private readonly byTask = new Map<string, Counts>();

  tasks(): TaskCounts[] {
    return [...this.byTask.values()].map((counts) => ({ ...counts }));
  }

  addInput(task: string, isFailed: boolean): void {
    const counts = this.countsOf(task);
    counts.inputs++;
    if (isFailed) counts.failed++;
  }

  addBatch(task: string, preparing_s: number, inferring_s: number): void {
    const counts = this.countsOf(task);
    counts.batches++;
    counts.preparing_s += preparing_s;
    counts.inferring_s += inferring_s;
  }

  /** Mean seconds of a batch inside `session.run`; 0 until there was one. */
  meanRun_s(task: string): number {
    const counts = this.byTask.get(task);
    return counts === undefined || counts.batches === 0 ? 0 : counts.inferring_s / counts.batches;
  }

  private countsOf(task: string): Counts {
    const known = this.byTask.get(task);
    if (known !== undefined) return known;
    if (this.byTask.size >= TASKS_MAX && task !== 'other') return this.countsOf('other');
    const [kind, first] = task.split(':');
    const digest = kind === 'model' ? first : undefined;
    const counts = { task, digest, inputs: 0, failed: 0, batches: 0, inferring_s: 0, preparing_s: 0 };
    this.byTask.set(task, counts);
    return counts;
  }
}
