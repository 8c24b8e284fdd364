/**
 * What the server and a worker process say to each other. Values cross by the structured clone of
 * `serialization: 'advanced'`, so typed arrays stay typed arrays; answers of a model are packed into one array per
 * output and part, because thousands of small arrays cost more to clone than the network that made them.
 */

import { SqlensError, type SqlState } from '../../common/errors.ts';
import type { LocationPolicy } from '../../image-source/api.ts';
import type { ResizeMethod } from '../../image-source/index.ts';
import type { ImageInput, TensorSpec } from '../../models/artifact.ts';
import type { Answer, Input } from '../api.ts';
import type { TextTask } from '../text-model.ts';

/** As much of a manifest as a worker needs; the list of layers would travel with every batch otherwise. */
export interface ModelSpec {
  readonly digest: string;
  readonly path: string;
  readonly size_bytes: number;
  readonly image: ImageInput | undefined;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly resize: ResizeMethod | undefined;
  /** Set when a tokenizer stands in front of it. */
  readonly text: TextTask | undefined;
}

export type WorkerTask =
  | { readonly kind: 'model'; readonly model: ModelSpec }
  | { readonly kind: 'image_decode' }
  | { readonly kind: 'image_info' }
  | { readonly kind: 'image_thumbnail'; readonly size_px: number };

/** What a worker needs to know once. */
export interface WorkerSettings {
  /** Threads inside one `session.run`. */
  readonly threads: number;
  readonly policy: LocationPolicy;
  /** Inputs fetched and decoded at the same time. */
  readonly preparing_max: number;
  /** A batch whose turn has come waits this long for inputs that are still being fetched or decoded. */
  readonly prepare_timeout_ms: number;
  /** Stored images that are larger are not read. */
  readonly file_bytes_max: number;
  readonly sessions_max: number;
  readonly sessions_bytes_max: number;
}

/** Where a batch stands; the router reads from it whose fault a crash was. */
export type Phase = 'prepare' | 'load' | 'run';

export type ToWorker =
  | { readonly type: 'init'; readonly settings: WorkerSettings }
  | {
      readonly type: 'batch';
      readonly batch: number;
      readonly task: WorkerTask;
      readonly inputs: readonly Input[];
      /**
       * A worker has died of one of these inputs, perhaps: take them one by one, say which before each, and answer
       * each at once.
       */
      readonly careful: boolean;
    }
  /** Nobody waits for the batch any more: skip it unless it already runs. */
  | { readonly type: 'cancel'; readonly batch: number };

/** The tensors of some rows of a batch. */
export interface PackedTensors {
  /** Positions within the batch. */
  readonly rows: Uint32Array;
  /** One entry per served output: all rows' numbers one after the other, and how many belong to each row. */
  readonly outputs: readonly { readonly values: Float32Array; readonly lengths: Uint32Array }[];
}

/** A SqlensError as it crosses: clones of errors lose their fields. */
export interface Failure {
  readonly sqlState: SqlState;
  readonly message: string;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
}

/** Answers to some rows of a batch. */
export interface Part {
  readonly tensors: PackedTensors | undefined;
  readonly answers: readonly {
    readonly row: number;
    readonly answer: Exclude<Answer, { kind: 'tensors' | 'failed' }>;
  }[];
  readonly failures: readonly { readonly row: number; readonly failure: Failure }[];
}

/** How a worker is doing, told with every finished batch. */
export interface WorkerHealth {
  readonly rss_bytes: number;
  /** Digests of the sessions it holds. */
  readonly loaded: readonly string[];
  /** Sessions it has released so far: each leaks a little. */
  readonly released: number;
  /** Inputs given up on whose fetch or decode may still hold a thread. */
  readonly abandoned: number;
}

export type FromWorker =
  | { readonly type: 'ready'; readonly rss_bytes: number }
  | {
      readonly type: 'phase';
      readonly batch: number;
      readonly phase: Phase;
      /** The one input it is about, of a careful batch. */
      readonly row: number | undefined;
    }
  /** Some answers of a batch that is not finished: big ones do not wait for the rest. */
  | { readonly type: 'part'; readonly batch: number; readonly part: Part }
  | {
      readonly type: 'done';
      readonly batch: number;
      /** What is left to answer; undefined when the batch was cancelled. */
      readonly part: Part | undefined;
      readonly health: WorkerHealth;
      readonly preparing_s: number;
      readonly inferring_s: number;
    }
  /** The model itself does not load: no row of it will ever be answered. */
  | {
      readonly type: 'load-failed';
      readonly batch: number;
      readonly failure: Failure;
      readonly health: WorkerHealth;
    };

/** Makes an error fit to cross a process border. */
export function toFailure(error: SqlensError): Failure {
  return { sqlState: error.sqlState, message: error.message, hint: error.hint, detail: error.detail };
}

/** The error a {@link Failure} stands for. */
export function fromFailure(failure: Failure): SqlensError {
  return new SqlensError(failure);
}

/** Packs rows of tensors: `rows[k]` of the batch has `tensors[k][output]`. */
export function packTensors(
  rows: readonly number[],
  tensors: readonly (readonly Float32Array[])[],
): PackedTensors {
  const outputCount = tensors[0]?.length ?? 0;
  const outputs = Array.from({ length: outputCount }, (_, output) => {
    const lengths = Uint32Array.from(tensors, (row) => row[output]?.length ?? 0);
    const values = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
    let at = 0;
    for (const row of tensors) {
      const part = row[output];
      if (part === undefined) continue;
      values.set(part, at);
      at += part.length;
    }
    return { values, lengths };
  });
  return { rows: Uint32Array.from(rows), outputs };
}

/**
 * The rows of packed tensors. The numbers are copied once for the whole part: what arrives is a view into the
 * channel's read buffer, and answers outlive it in a cache.
 */
export function unpackTensors(packed: PackedTensors): { row: number; tensors: Float32Array[] }[] {
  const unpacked = Array.from(packed.rows, (row): { row: number; tensors: Float32Array[] } => ({
    row,
    tensors: [],
  }));
  for (const { values, lengths } of packed.outputs) {
    const own = values.slice();
    let at = 0;
    unpacked.forEach(({ tensors }, k) => {
      const length = lengths[k] ?? 0;
      tensors.push(own.subarray(at, at + length));
      at += length;
    });
  }
  return unpacked;
}

const FROM_WORKER: readonly FromWorker['type'][] = ['ready', 'phase', 'part', 'done', 'load-failed'];

/** Tells a message of ours from whatever else a library may send over the channel. */
export function isFromWorker(message: unknown): message is FromWorker {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  return FROM_WORKER.some((type) => type === message.type);
}
