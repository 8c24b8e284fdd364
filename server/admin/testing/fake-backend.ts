/** A backend for tests of HTTP: models in a Map, and every call written down. */
import { readFile } from 'node:fs/promises';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type {
  AdminBackend,
  CreateModel,
  FunctionRow,
  ImageTableRow,
  Listing,
  MetricsSnapshot,
  ModelRow,
  QueryRow,
  Readiness,
} from '../api.ts';

export const someModel: ModelRow = {
  name: 'moderate',
  version: 1,
  is_default: true,
  function: 'moderate',
  format: 'keras-h5',
  digest: 'ab'.repeat(32),
  source: 'file:///models/moderation.h5',
  preprocess: 'unit',
  returns: 'labels',
  label_count: 5,
  inputs: 'input_1 uint8(224, 224, 3)',
  outputs: 'dense_3 float32(5)',
  parameter_count: 2_260_000,
  size_bytes: 9_000_000,
  created_at: '2026-01-02T03:04:05.678Z',
  created_by: 'ada',
};

export const someQuery: QueryRow = {
  query_id: '3-17',
  session_id: 3,
  user_name: 'ada',
  state: 'inferring',
  pass: 2,
  inferred_count: 40,
  started_at: '2026-01-02T03:04:05.678Z',
  duration_s: 1.25,
  query: 'SELECT moderate(image) FROM photos',
};

export const someMetrics: MetricsSnapshot = {
  tasks: [
    {
      task: `model:${'ab'.repeat(32)}`,
      digest: 'ab'.repeat(32),
      inputs: 100,
      failed: 3,
      batches: 25,
      inferring_s: 4.5,
      preparing_s: 0.5,
    },
    task('image_thumbnail:64', 7),
    task('image_thumbnail:128', 5),
  ],
  workers: [
    { slot: 0, state: 'busy', restarts: 2, rss_bytes: 300_000_000 },
    { slot: 1, state: 'ready', restarts: 1, rss_bytes: 200_000_000 },
  ],
  submissions: 1,
  inputs_waiting: 12,
  batches_to_retry: 0,
  quarantined: 1,
  queries: { running: 1, finished: 41, failed: 2 },
  passes: 83,
  inferenceErrors: 3,
  connections: 4,
  answers: { count: 97, size_bytes: 12_345 },
};

function task(name: string, inputs: number): MetricsSnapshot['tasks'][number] {
  return { task: name, digest: undefined, inputs, failed: 0, batches: 1, inferring_s: 0, preparing_s: 0.25 };
}

export class FakeBackend implements AdminBackend {
  readonly rows = new Map<string, ModelRow>([[someModel.name, someModel]]);
  readonly created: CreateModel[] = [];
  /** Bytes of the uploads, read while `createModel` ran. */
  readonly uploaded: Buffer[] = [];
  readonly cancelled: string[] = [];
  /** Versions. */
  readonly dropped: [name: string, version: number][] = [];
  readiness: Readiness = { ready: true, reasons: [] };
  snapshot: MetricsSnapshot = someMetrics;
  /** When set, every asynchronous method waits for it (and for its signal) before it does anything. */
  hold: Promise<void> | undefined;
  /** When set, every asynchronous method throws it. */
  failure: unknown;
  /** Signals that aborted while a method waited. */
  readonly aborted: unknown[] = [];

  async models(signal: AbortSignal): Promise<Listing<ModelRow>> {
    await this.#enter(signal);
    return { rows: [...this.rows.values()], truncated: false };
  }

  async model(name: string, signal: AbortSignal): Promise<ModelRow | undefined> {
    await this.#enter(signal);
    return this.rows.get(name);
  }

  async modelVersions(name: string, signal: AbortSignal): Promise<Listing<ModelRow>> {
    await this.#enter(signal);
    const row = this.rows.get(name);
    if (row === undefined) return { rows: [], truncated: false };
    return { rows: [row, { ...row, version: 0, is_default: false }], truncated: false };
  }

  async setDefaultVersion(name: string, version: number, signal: AbortSignal): Promise<ModelRow> {
    await this.#enter(signal);
    const row = { ...this.#find(name), version };
    this.rows.set(name, row);
    return row;
  }

  async dropVersion(name: string, version: number, signal: AbortSignal): Promise<void> {
    await this.#enter(signal);
    this.#find(name);
    this.dropped.push([name, version]);
  }

  #find(name: string): ModelRow {
    const row = this.rows.get(name);
    if (row !== undefined) return row;
    throw new SqlensError({ sqlState: SqlState.undefinedObject, message: `model "${name}" does not exist` });
  }

  async createModel(request: CreateModel, signal: AbortSignal): Promise<ModelRow> {
    this.created.push(request);
    if (request.source.kind === 'upload') this.uploaded.push(await readFile(request.source.path));
    await this.#enter(signal);
    if (this.rows.has(request.name) && !request.replace) {
      throw new SqlensError({
        sqlState: SqlState.duplicateObject,
        message: `model "${request.name}" already exists`,
        hint: 'Use replace.',
      });
    }
    const row = { ...someModel, name: request.name };
    this.rows.set(row.name, row);
    return row;
  }

  async dropModel(name: string, signal: AbortSignal): Promise<void> {
    await this.#enter(signal);
    if (this.rows.delete(name)) return;
    throw new SqlensError({
      sqlState: SqlState.undefinedObject,
      message: `model "${name}" does not exist`,
      position: 12,
    });
  }

  async functions(signal: AbortSignal): Promise<Listing<FunctionRow>> {
    await this.#enter(signal);
    const rows: FunctionRow[] = [
      { name: 'moderate', arguments: 'image', returns: 'FLOAT[]', model: 'moderate' },
      { name: 'image_info', arguments: 'image', returns: 'STRUCT(format)', model: null },
    ];
    return { rows, truncated: false };
  }

  async tables(signal: AbortSignal): Promise<Listing<ImageTableRow>> {
    await this.#enter(signal);
    const at = '2026-01-02T03:04:05.678Z';
    const rows: ImageTableRow[] = [
      {
        schema: 'public',
        name: 'photos',
        uris: ['s3://b/p/'],
        created_at: at,
        refreshed_at: at,
        created_by: 'ada',
      },
    ];
    return { rows, truncated: true };
  }

  queries(): readonly QueryRow[] {
    return [someQuery];
  }

  cancelQuery(id: string): boolean {
    if (id !== someQuery.query_id) return false;
    this.cancelled.push(id);
    return true;
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    await this.#enter(signal);
    return this.readiness;
  }

  metrics(): MetricsSnapshot {
    return this.snapshot;
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (this.hold === undefined) return;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        this.aborted.push(signal.reason);
        reject(signal.reason);
      });
    });
    await Promise.race([this.hold, aborted]);
  }
}
