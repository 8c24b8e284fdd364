import type { TaskCounts } from './meter.ts';
import type { WorkerState } from './workers/pool.ts';

export interface WorkerStats {
  readonly pid: number;
  readonly slot: number;
  readonly state: WorkerState | 'busy';
  /** Digests of the models it has loaded. */
  readonly loaded: readonly string[];
  /** Batches it has finished. */
  readonly batches: number;
  readonly batches_under_way: number;
  /** How often a worker of this slot had to be started again because the one before it died. */
  readonly restarts: number;
  /** As of its last batch, or its start; 0 while it starts. */
  readonly rss_bytes: number;
  readonly startedAt: Date;
}

/** What `sqlens.workers` and the metrics show. */
export interface InferenceStats {
  readonly workers: readonly WorkerStats[];
  /** Calls of `submit` that are not finished. */
  readonly submissions: number;
  /** Inputs that are in no batch yet. */
  readonly inputs_waiting: number;
  /** Batches that lost their worker and wait for another. */
  readonly batches_to_retry: number;
  /** Digests of models that are refused because workers died of them. */
  readonly quarantined: readonly string[];
  /** Since the start, by task. */
  readonly tasks: readonly TaskCounts[];
}
