/**
 * The `AdminBackend` of a running server: every request is a statement in a session of its own, so that HTTP can do
 * what SQL can do and nothing else. What must answer while the database is busy (running statements, cancelling,
 * metrics) comes from memory.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { InferenceStats } from '../../udf-registry/inference.ts';
import type { Backend } from '../query/api.ts';
import type { QueryTotals, RunningQuery } from '../query/run/query-log.ts';
import { quoteLiteral } from '../query/text/tokens.ts';
import type {
  AdminBackend,
  CreateModel,
  FunctionRow,
  ImageTableRow,
  Listing,
  MetricsSnapshot,
  ModelRow,
  ModelSource,
  QueryRow,
  Readiness,
} from './api.ts';
import {
  createModelStatement,
  dropModelStatement,
  dropVersionStatement,
  setDefaultVersionStatement,
} from './model-statement.ts';
import type { Row } from './row-values.ts';
import { type AdminSession, inSession } from './session.ts';

export interface SqlAdminBackendOptions {
  readonly backend: Backend;
  /** The statements that run now. */
  readonly queries: {
    running(): readonly RunningQuery[];
    totals(): QueryTotals;
    cancel(id: string): boolean;
  };
  readonly inference: { stats(): InferenceStats };
  /** Failed inputs since the start. */
  readonly errors: { readonly total: number };
  /** The stores of answers, by whatever key. */
  readonly answers: ReadonlyMap<string, { readonly count: number; readonly size_bytes: number }>;
  /** Open connections of the Postgres protocol. */
  connections(): number;
  /** How CREATE MODEL names an uploaded file; by default as a file URI. */
  uriOfUpload?(upload: Extract<ModelSource, { kind: 'upload' }>): string;
}

/** Rows of a list that are shown. */
const MAX_ROWS = 10_000;
const MODELS =
  'SELECT name, version, is_default, function, format, digest, source, preprocess, returns, label_count, inputs, outputs, parameter_count, size_bytes, created_at, created_by FROM sqlens.models';

export function createSqlAdminBackend(options: SqlAdminBackendOptions): AdminBackend {
  return new SqlAdminBackend(options);
}

class SqlAdminBackend implements AdminBackend {
  readonly #options: SqlAdminBackendOptions;

  constructor(options: SqlAdminBackendOptions) {
    this.#options = options;
  }

  models(signal: AbortSignal): Promise<Listing<ModelRow>> {
    return this.#list(`${MODELS} WHERE is_default ORDER BY name`, modelRow, signal);
  }

  model(name: string, signal: AbortSignal): Promise<ModelRow | undefined> {
    return this.#inSession(HTTP_USER, signal, (session) => findModel(session, name));
  }

  modelVersions(name: string, signal: AbortSignal): Promise<Listing<ModelRow>> {
    return this.#list(`${MODELS} WHERE ${isNamed(name)} ORDER BY version DESC`, modelRow, signal);
  }

  setDefaultVersion(name: string, version: number, signal: AbortSignal): Promise<ModelRow> {
    return this.#inSession(HTTP_USER, signal, async (session) => {
      await session.run(setDefaultVersionStatement(name, version));
      return (await findModel(session, name)) ?? gone(name, 'changed');
    });
  }

  createModel(request: CreateModel, signal: AbortSignal): Promise<ModelRow> {
    const { name, source, user } = request;
    const uri = this.#uriOf(source);
    return this.#inSession(user, signal, async (session) => {
      try {
        await session.run(createModelStatement(request, uri));
      } catch (error) {
        throw withoutPaths(error, source);
      }
      return (await findModel(session, name)) ?? gone(name, 'created');
    });
  }

  async dropModel(name: string, signal: AbortSignal): Promise<void> {
    await this.#inSession(HTTP_USER, signal, (session) => session.run(dropModelStatement(name)));
  }

  async dropVersion(name: string, version: number, signal: AbortSignal): Promise<void> {
    await this.#inSession(HTTP_USER, signal, (session) => session.run(dropVersionStatement(name, version)));
  }

  functions(signal: AbortSignal): Promise<Listing<FunctionRow>> {
    const sql = 'SELECT name, arguments, returns, model FROM sqlens.functions ORDER BY name, model';
    return this.#list(
      sql,
      (row) => ({
        name: row.text('name'),
        arguments: row.text('arguments'),
        returns: row.text('returns'),
        model: row.textOrNull('model'),
      }),
      signal,
    );
  }

  tables(signal: AbortSignal): Promise<Listing<ImageTableRow>> {
    const sql =
      'SELECT schema, name, uris, created_at, refreshed_at, created_by FROM sqlens.image_tables ORDER BY schema, name';
    return this.#list(
      sql,
      (row) => ({
        schema: row.text('schema'),
        name: row.text('name'),
        uris: row.texts('uris'),
        created_at: row.instant('created_at'),
        refreshed_at: row.instant('refreshed_at'),
        created_by: row.text('created_by'),
      }),
      signal,
    );
  }

  queries(): readonly QueryRow[] {
    return this.#options.queries.running().map((query) => ({
      query_id: query.id,
      session_id: query.sessionId,
      user_name: query.user,
      state: query.state,
      pass: query.pass,
      inferred_count: query.inferred_count(),
      started_at: query.startedAt.toISOString(),
      duration_s: query.duration_ms() / 1000,
      query: query.text,
    }));
  }

  cancelQuery(id: string): boolean {
    return this.#options.queries.cancel(id);
  }

  async ready(signal: AbortSignal): Promise<Readiness> {
    const reasons: string[] = [];
    const { workers } = this.#options.inference.stats();
    if (!workers.some(({ state }) => state === 'ready' || state === 'busy')) {
      reasons.push('no worker is up');
    }
    try {
      await this.#inSession(HTTP_USER, signal, (session) => session.run('SELECT 1'));
    } catch {
      reasons.push('the database does not answer');
    }
    return { ready: reasons.length === 0, reasons };
  }

  metrics(): MetricsSnapshot {
    const { queries, inference, errors, answers } = this.#options;
    const { workers, submissions, inputs_waiting, batches_to_retry, quarantined, tasks } = inference.stats();
    const totals = queries.totals();
    let count = 0;
    let size_bytes = 0;
    for (const store of answers.values()) {
      count += store.count;
      size_bytes += store.size_bytes;
    }
    return {
      tasks,
      workers,
      submissions,
      inputs_waiting,
      batches_to_retry,
      quarantined: quarantined.length,
      queries: { running: queries.running().length, finished: totals.finished, failed: totals.failed },
      passes: totals.passes,
      inferenceErrors: errors.total,
      connections: this.#options.connections(),
      answers: { count, size_bytes },
    };
  }

  #list<T>(sql: string, read: (row: Row) => T, signal: AbortSignal): Promise<Listing<T>> {
    return this.#inSession(HTTP_USER, signal, async (session) => {
      const rows = await session.run(`${sql} LIMIT ${MAX_ROWS + 1}`);
      return { rows: rows.slice(0, MAX_ROWS).map(read), truncated: rows.length > MAX_ROWS };
    });
  }

  #inSession<T>(user: string, signal: AbortSignal, work: (session: AdminSession) => Promise<T>): Promise<T> {
    return inSession(this.#options.backend, user, signal, work);
  }

  #uriOf(source: ModelSource): string {
    if (source.kind === 'uri') return source.uri;
    return this.#options.uriOfUpload?.(source) ?? pathToFileURL(source.path).href;
  }
}

/** As whom statements run that nobody signs. */
const HTTP_USER = 'http';

async function findModel(session: AdminSession, name: string): Promise<ModelRow | undefined> {
  const rows = await session.run(`${MODELS} WHERE is_default AND ${isNamed(name)}`);
  return rows[0] === undefined ? undefined : modelRow(rows[0]);
}

function isNamed(name: string): string {
  return `lower(name) = lower(${quoteLiteral(name)})`;
}

function gone(name: string, done: 'created' | 'changed'): never {
  throw new SqlensError({
    sqlState: SqlState.undefinedObject,
    message: `model "${name}" was ${done}, and dropped at once by someone else`,
  });
}

function modelRow(row: Row): ModelRow {
  return {
    name: row.text('name'),
    version: row.integer('version'),
    is_default: row.boolean('is_default'),
    function: row.text('function'),
    format: row.text('format'),
    digest: row.text('digest'),
    source: row.text('source'),
    preprocess: row.text('preprocess'),
    returns: row.text('returns'),
    label_count: row.integerOrNull('label_count'),
    inputs: row.textOrNull('inputs'),
    outputs: row.textOrNull('outputs'),
    parameter_count: row.integer('parameter_count'),
    size_bytes: row.integer('size_bytes'),
    created_at: row.instant('created_at'),
    created_by: row.text('created_by'),
  };
}

/** Errors about an uploaded file call it as its sender does, not by where it lies for the moment. */
function withoutPaths(error: unknown, source: ModelSource): unknown {
  if (!(error instanceof SqlensError) || source.kind === 'uri') return error;
  const { sqlState, hint, detail } = error;
  const message = error.message
    .replaceAll(pathToFileURL(source.path).href, source.fileName)
    .replaceAll(source.path, source.fileName)
    .replaceAll(path.basename(source.path), source.fileName);
  return new SqlensError({ sqlState, message, hint, detail, cause: error });
}
