import { availableParallelism, totalmem } from 'node:os';
import { childEntry } from '../common/child-entry.ts';
import type { LocationPolicy } from '../image-source/api.ts';
import type { Inference } from './api.ts';
import { type Logger, silentLogger } from './logger.ts';
import { Router } from './router.ts';
import type { InferenceStats } from './stats.ts';
import { Pool } from './workers/pool.ts';

export type { Logger } from './logger.ts';
export type { TaskCounts } from './meter.ts';
export type { InferenceStats, WorkerStats } from './stats.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export interface InferenceLimits {
  /** Each of these may take a batch so long before its worker is killed: preparing its inputs, loading, running. */
  readonly batch_timeout_ms: number;
  /** A batch whose turn has come waits so long for its inputs; those that are late have failed. */
  readonly prepare_timeout_ms: number;
  readonly start_timeout_ms: number;
  /** Data memory of a worker process, set by `ulimit -d`. */
  readonly worker_memory_bytes: number;
  /** Models that a worker keeps loaded, and their artifacts' size in all. */
  readonly sessions_max: number;
  readonly sessions_bytes_max: number;
  /** Inputs that a worker fetches and decodes at the same time. */
  readonly preparing_max: number;
  /** Stored images that are larger are not read. */
  readonly file_bytes_max: number;
  /** Bytes of inputs (image files, pixels, numbers) that travel in one batch. */
  readonly batch_bytes: number;
  /** Calls of `submit` at the same time. */
  readonly submissions_max: number;
  /** A worker is replaced after so many batches, above this resident size, or after so many released sessions. */
  readonly recycle_batches: number;
  readonly recycle_rss_bytes: number;
  readonly recycle_released: number;
  /** A worker is not replaced before it is so old. */
  readonly recycle_pause_ms: number;
}

export interface InferenceSettings {
  /** Worker processes; by default one per core. */
  readonly workers?: number;
  /** Threads inside one `session.run`; by default one. */
  readonly threads?: number;
  readonly policy: LocationPolicy;
  readonly limits?: Partial<InferenceLimits>;
  readonly logger?: Logger;
  /** Entry file of the worker processes; tests put one here that misbehaves. */
  readonly entry?: string;
}

export interface RunningInference extends Inference {
  stats(): InferenceStats;
  /** Lifts the quarantine of a model: call it when its artifact is registered again. */
  release(digest: string): void;
  /** Rejects what waits (57P01) and ends the workers. */
  close(): Promise<void>;
}

/** The limits that hold unless told otherwise, for so many workers on this machine. */
export function defaultLimits(workers: number): InferenceLimits {
  const share_bytes = Math.floor((totalmem() * 0.75) / workers);
  const worker_memory_bytes = Math.min(3 * GIB, Math.max(GIB, share_bytes));
  return {
    batch_timeout_ms: 60_000,
    prepare_timeout_ms: 30_000,
    start_timeout_ms: 30_000,
    worker_memory_bytes,
    sessions_max: 8,
    // A session takes about two and a half times its artifact.
    sessions_bytes_max: Math.floor(worker_memory_bytes / 4),
    preparing_max: 8,
    file_bytes_max: 100 * MIB,
    batch_bytes: 32 * MIB,
    submissions_max: 4_096,
    recycle_batches: 50_000,
    recycle_rss_bytes: Math.floor(worker_memory_bytes * 0.75),
    recycle_released: 64,
    recycle_pause_ms: 10_000,
  };
}

/**
 * Starts the worker processes and the router over them. Workers start in the background: what is submitted meanwhile
 * waits for the first that is ready.
 */
export function createInference(settings: InferenceSettings): RunningInference {
  const workers = Math.max(1, settings.workers ?? availableParallelism());
  const limits: InferenceLimits = { ...defaultLimits(workers), ...settings.limits };
  const logger = settings.logger ?? silentLogger;
  const { worker_memory_bytes, start_timeout_ms, prepare_timeout_ms, preparing_max } = limits;
  const { sessions_max, sessions_bytes_max, file_bytes_max } = limits;
  const pool = {
    workers,
    entry: settings.entry ?? childEntry(import.meta.url, './workers/worker-main'),
    memory_bytes: worker_memory_bytes,
    start_timeout_ms,
    worker: {
      threads: Math.max(1, settings.threads ?? 1),
      policy: settings.policy,
      preparing_max,
      prepare_timeout_ms,
      file_bytes_max,
      sessions_max,
      sessions_bytes_max,
    },
  };
  return new Router(limits, logger, (events) => new Pool(pool, events, logger));
}
