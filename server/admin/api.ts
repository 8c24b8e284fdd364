/** The seam between HTTP and the rest of the server: the admin room speaks to an `AdminBackend`. */
import type {
  FunctionRow,
  ImageTableRow,
  ModelOptions,
  ModelRow,
  QueryRow,
  Readiness,
  UploadedModelFields,
} from './schemas.ts';

export type { FunctionRow, ImageTableRow, ModelOptions, ModelRow, QueryRow, Readiness };

/** A list that may have been cut at a limit of the backend's. */
export interface Listing<Row> {
  readonly rows: readonly Row[];
  readonly truncated: boolean;
}

export type ModelSource =
  | { readonly kind: 'uri'; readonly uri: string }
  /** A file that was sent to us. It is deleted as soon as `createModel` has settled. */
  | {
      readonly kind: 'upload';
      /** Absolute path below the `tmpDir` of the admin server. */
      readonly path: string;
      /** What the client called it: for people, never a path. */
      readonly fileName: string;
    };

export interface CreateModel {
  readonly name: string;
  readonly source: ModelSource;
  /** Name of the SQL function; undefined: the model's name. */
  readonly functionName: string | undefined;
  readonly returns: UploadedModelFields['returns'];
  readonly options: ModelOptions;
  readonly replace: boolean;
  /** Who asks, for `created_by`. */
  readonly user: string;
}

/**
 * What HTTP asks of the server. Every method rejects with a SqlensError. A `signal` that aborts means that nobody
 * waits any longer: the method stops what it does and rejects soon.
 */
export interface AdminBackend {
  /** Each model in its default version. */
  models(signal: AbortSignal): Promise<Listing<ModelRow>>;
  /** The model of this name (its default version), undefined when there is none. */
  model(name: string, signal: AbortSignal): Promise<ModelRow | undefined>;
  /** All versions of a model, the newest first; none when there is no such model. */
  modelVersions(name: string, signal: AbortSignal): Promise<Listing<ModelRow>>;
  /** Rejects with 42704 when there is no such model or version. */
  setDefaultVersion(name: string, version: number, signal: AbortSignal): Promise<ModelRow>;
  /** Rejects with 42710 when the name is taken and `replace` is false. */
  createModel(request: CreateModel, signal: AbortSignal): Promise<ModelRow>;
  /** Rejects with 42704 when there is no such model. */
  dropModel(name: string, signal: AbortSignal): Promise<void>;
  /** Rejects with 42704 when there is no such model or version, with 55000 when it is the default. */
  dropVersion(name: string, version: number, signal: AbortSignal): Promise<void>;
  functions(signal: AbortSignal): Promise<Listing<FunctionRow>>;
  tables(signal: AbortSignal): Promise<Listing<ImageTableRow>>;
  /** Statements that run now. */
  queries(): readonly QueryRow[];
  /** @returns whether such a statement was running */
  cancelQuery(id: string): boolean;
  /** Never rejects: what is wrong stands in `reasons`, in words that give nothing away. */
  ready(signal: AbortSignal): Promise<Readiness>;
  /** What the counters say now; cheap, and without the database. */
  metrics(): MetricsSnapshot;
}

/** Totals count since the start of the process and never go down. */
export interface MetricsSnapshot {
  readonly tasks: readonly TaskMetrics[];
  readonly workers: readonly WorkerMetrics[];
  readonly submissions: number;
  readonly inputs_waiting: number;
  readonly batches_to_retry: number;
  /** Models that are refused because workers died of them. */
  readonly quarantined: number;
  readonly queries: { readonly running: number; readonly finished: number; readonly failed: number };
  readonly passes: number;
  readonly inferenceErrors: number;
  /** Open connections of the Postgres protocol. */
  readonly connections: number;
  readonly answers: { readonly count: number; readonly size_bytes: number };
}

export interface TaskMetrics {
  /** `model:<digest>`, `image_decode`, `image_thumbnail:<size>` …: what stands before the colon is the label. */
  readonly task: string;
  readonly digest: string | undefined;
  readonly inputs: number;
  readonly failed: number;
  readonly batches: number;
  readonly inferring_s: number;
  readonly preparing_s: number;
}

export interface WorkerMetrics {
  readonly slot: number;
  readonly state: string;
  readonly restarts: number;
  readonly rss_bytes: number;
}

/** As much of a pino logger as this room uses. */
export interface AdminLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
