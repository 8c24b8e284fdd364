/** The seam between whoever wants answers (the query engine) and whoever computes them (router, batcher, workers). */

import type { SqlensError } from '../common/errors.ts';
import type { ImageSchemaValue } from '../image-source/api.ts';
import type { ResizeMethod } from '../image-source/index.ts';
import type { Manifest } from '../models/artifact.ts';
import type { TextTask } from './text-model.ts';

export interface TensorInput {
  readonly kind: 'tensor';
  /** Row-major; doubles where the model wants whole numbers, which floats do not hold above 2^24. */
  readonly values: Float32Array | Float64Array;
  /** As the lists were nested; undefined for a flat list or a number. Lists of unequal lengths have no shape. */
  readonly shape?: readonly number[] | 'ragged';
}

/** One argument of a function, as a worker gets it. */
export type SingleInput =
  | { readonly kind: 'stored'; readonly uri: string; readonly version: string | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'schema'; readonly image: ImageSchemaValue }
  | { readonly kind: 'text'; readonly text: string }
  | TensorInput;

/** What one row gives a function: an argument, or one for each input of a model with several. */
export type Input = SingleInput | { readonly kind: 'parts'; readonly parts: readonly SingleInput[] };

/** What a worker is to do with inputs. `model` runs a graph; the others only fetch and decode. */
export type Task =
  | {
      readonly kind: 'model';
      /** The artifact's digest: models with one digest share batches and sessions. */
      readonly digest: string;
      /** Path of the ONNX file; its manifest stands beside it. */
      readonly path: string;
      readonly manifest: Manifest;
      readonly batchSize: number;
      /** How images get the model's size; undefined: bilinear, without keeping the proportions. */
      readonly resize?: ResizeMethod | undefined;
      /** Set when the model takes text. */
      readonly text?: TextTask | undefined;
    }
  | { readonly kind: 'image_decode' }
  | { readonly kind: 'image_info' }
  | { readonly kind: 'image_thumbnail'; readonly size_px: number };

/** The answer to one input. */
export type Answer =
  /** One Float32Array per served output of the model, flattened, without the batch axis. */
  | { readonly kind: 'tensors'; readonly tensors: readonly Float32Array[] }
  | { readonly kind: 'image'; readonly image: ImageSchemaValue }
  | {
      readonly kind: 'info';
      readonly format: string;
      readonly width: number;
      readonly height: number;
      readonly channels: number;
    }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The input itself is bad (missing, truncated, too large …): the row gets NULL, the query goes on. */
  | { readonly kind: 'failed'; readonly error: SqlensError };

export interface SubmitOptions {
  /** Groups inputs for fairness: one query, one share. */
  readonly queryId: string;
  readonly signal: AbortSignal;
  /** Called as answers arrive, in any order. */
  readonly onAnswer: (index: number, answer: Answer) => void;
}

/** The router: takes inputs, batches them over the workers, gives answers. */
export interface Inference {
  /**
   * Resolves when every input has its answer. Rejects with a SqlensError when the task itself cannot run (model
   * quarantined, does not load, pool shut down) or with the signal's reason when aborted.
   */
  submit(task: Task, inputs: readonly Input[], options: SubmitOptions): Promise<void>;
}
