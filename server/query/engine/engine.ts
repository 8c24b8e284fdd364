/**
 * The engine: one DuckDB instance over one file in the data directory, set up so that sessions cannot leave it, with
 * SQLens' schemas, functions and views in it.
 */
import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import {
  BIGINT,
  DOUBLE,
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { Locations } from '../../../image-source/index.ts';
import { ArtifactStore } from '../../../udf-registry/artifacts.ts';
import type { RunningInference } from '../../../udf-registry/inference.ts';
import { InferenceErrorLog } from '../../../udf-registry/inference-errors.ts';
import { ListingFunction, toDuckDBTableFunction } from '../../../udf-registry/listing-function.ts';
import type { Logger } from '../../../udf-registry/logger.ts';
import { NamedFunctions, type NamedModels } from '../../../udf-registry/named-functions.ts';
import { PassTable } from '../../../udf-registry/pass.ts';
import { FunctionRegistry, INPUT_KEY_MACRO, macroBody } from '../../../udf-registry/registry.ts';
import { CopyDrafts } from '../copy/copy-drafts.ts';
import { DIALECT_MACROS, registerDialectFunctions } from '../dialect/index.ts';
import { PointReads } from '../points/point-reads.ts';
import { Definitions } from '../reuse/definitions.ts';
import { PlanStore } from '../reuse/kept-plans.ts';
import { QueryLog } from '../run/query-log.ts';
import type { SandboxRules } from '../sandbox.ts';
import { quoteLiteral } from '../text/tokens.ts';
import { registerLiveView } from './live-views.ts';
import { loadModels } from './model-table.ts';
import { defineMacros } from './own-macros.ts';
import { prepareStore, STORE_VIEWS } from './store-layout.ts';

export interface EngineOptions {
  readonly dataDir: string;
  /** Folders that SQL may read and write files in. */
  readonly allowedPaths: readonly string[];
  readonly locations: Locations;
  readonly inference: RunningInference;
  readonly namedModels: NamedModels;
  readonly logger: Logger;
  readonly memory_bytes: number;
  readonly engineThreads: number;
}

/** Part of every answers' memory: what a store keeps between queries, and what queries may add. */
const ANSWER_LIMITS = { idle_bytes: 256 * 2 ** 20, busy_bytes: 2 * 2 ** 30 };

const MAX_IDLE_UTILITIES = 4;

export class Engine {
  readonly options: EngineOptions;
  readonly passes = new PassTable();
  readonly errors = new InferenceErrorLog();
  readonly queries = new QueryLog();
  readonly points = new PointReads();
  readonly definitions = new Definitions();
  readonly plans = new PlanStore(this.definitions);
  readonly artifacts: ArtifactStore;
  readonly copyDrafts: CopyDrafts;
  readonly registry: FunctionRegistry;
  readonly rules: SandboxRules;
  readonly #instance: DuckDBInstance;
  readonly #internal: DuckDBConnection;
  readonly #idleUtilities: DuckDBConnection[] = [];

  private constructor(
    options: EngineOptions,
    instance: DuckDBInstance,
    internal: DuckDBConnection,
    rules: SandboxRules,
  ) {
    this.options = options;
    this.#instance = instance;
    this.#internal = internal;
    this.rules = rules;
    this.artifacts = new ArtifactStore(path.join(options.dataDir, 'artifacts'));
    this.copyDrafts = new CopyDrafts(path.join(options.dataDir, 'drafts'));
    this.registry = new FunctionRegistry({
      connection: internal,
      passes: this.passes,
      answerLimits: ANSWER_LIMITS,
      context: { inference: options.inference, versions: options.locations, errors: this.errors },
    });
  }

  /**
   * Opens (or creates) the data directory's database and brings the registry back.
   * @throws XX001 when the file is of another version
   */
  static async open(options: EngineOptions): Promise<Engine> {
    await mkdir(options.dataDir, { recursive: true });
    const dataDir = await realpath(options.dataDir);
    const instance = await openStore(path.join(dataDir, 'store.duckdb'), {
      storage_compatibility_version: 'v1.5.0',
      errors_as_json: 'true',
      threads: String(options.engineThreads),
      memory_limit: `${Math.floor(options.memory_bytes / 2 ** 20)}MiB`,
      temp_directory: path.join(dataDir, 'tmp'),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      // Gives freed memory back to the system: a wide result leaves gigabytes behind otherwise.
      allocator_background_threads: 'true',
      // NULLs are larger than everything else, as PostgreSQL has it; the setting is the same for all sessions.
      default_null_order: 'NULLS_LAST_ON_ASC_FIRST_ON_DESC',
    });
    const internal = await instance.connect();
    const allowed = options.allowedPaths.map((folder) => quoteLiteral(folder)).join(', ');
    await internal.run(`SET allowed_directories = [${allowed}]`);
    await internal.run('SET enable_external_access = false');
    await prepareStore(internal);
    // Schemas belong into the file before types in them come into the log: see replayable.ts.
    await internal.run('CHECKPOINT');
    const tableFunctions = await internal.runAndReadAll(
      "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE internal AND function_type IN ('table', 'pragma', 'table_macro')",
    );
    const rules: SandboxRules = {
      dataDir,
      readableBelowDataDir: [path.join(dataDir, 'samples')],
      tableFunctions: new Set(tableFunctions.getRows().map(([name]) => String(name))),
    };
    const engine = new Engine({ ...options, dataDir }, instance, internal, rules);
    await engine.artifacts.open();
    engine.copyDrafts.open();
    await engine.#defineFunctions();
    await loadModels(engine, internal);
    await internal.run(STORE_VIEWS);
    registerDialectFunctions(internal);
    await defineMacros(internal, ["current_database() AS 'sqlens'", ...DIALECT_MACROS], options.logger);
    await engine.definitions.load(internal);
    await internal.run("SET search_path = 'public,sqlens'");
    return engine;
  }

  /** A new connection with the search path of a session. */
  async connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    // DuckDB counts 16 bytes for a string however long it is: by its default a stream held 125 MB of 2 KB rows. Less than
    // a chunk of anything, so that one chunk waits while another is written, and never two.
    await connection.run(
      `SET search_path = 'public,sqlens'; SET streaming_buffer_size = '1KiB';
       -- Names without quotes are folded, as clients expect that ask for them in the catalog.
       SET preserve_identifier_case = false`,
    );
    return connection;
  }

  /** Runs helper statements (casts, syntax trees) on a connection that belongs to no session. */
  async withUtility<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = this.#idleUtilities.pop() ?? (await this.connect());
    try {
      return await work(connection);
    } finally {
      if (this.#idleUtilities.length < MAX_IDLE_UTILITIES) this.#idleUtilities.push(connection);
      else connection.closeSync();
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#idleUtilities) connection.closeSync();
    // DuckDB lives on until the last result of it is collected, and would checkpoint then: over what a successor in
    // this process has written meanwhile. So it happens now, and never again.
    await this.#internal.run('CHECKPOINT').catch((error: unknown) => {
      // Nothing is lost: the next start reads the log.
      this.options.logger.warn({ reason: messageOf(error) }, 'no checkpoint at the end');
    });
    await this.#internal.run('PRAGMA disable_checkpoint_on_shutdown');
    this.#internal.closeSync();
    this.#instance.closeSync();
  }

  async #defineFunctions(): Promise<void> {
    const internal = this.#internal;
    internal.registerTableFunction(
      toDuckDBTableFunction(new ListingFunction(this.options.locations), this.passes),
    );
    const macros = [INPUT_KEY_MACRO];
    for (const fn of this.registry.defineImageFunctions()) {
      const [parameters, argument] =
        fn.displayName === 'image_thumbnail'
          ? ['image, px', "{'__input': image, '__parameter': px}"]
          : ['image', 'image'];
      macros.push(`${fn.displayName}(${parameters}) AS ${macroBody(fn, argument)}`);
    }
    const named = new NamedFunctions({
      registry: this.registry,
      connection: internal,
      passes: this.passes,
      models: this.options.namedModels,
    });
    macros.push(...named.macros());
    await defineMacros(internal, macros, this.options.logger);
    registerLiveView(
      internal,
      '__sqlens_inference_errors',
      [
        { name: 'failed_at', type: TIMESTAMPTZ, valueOf: (error) => timestamp(error.at) },
        { name: 'query_id', type: VARCHAR, valueOf: (error) => error.queryId },
        { name: 'function', type: VARCHAR, valueOf: (error) => error.functionName },
        { name: 'input', type: VARCHAR, valueOf: (error) => error.input },
        { name: 'sqlstate', type: VARCHAR, valueOf: (error) => error.sqlState },
        { name: 'message', type: VARCHAR, valueOf: (error) => error.message },
      ],
      () => this.errors.recent,
    );
    registerLiveView(
      internal,
      '__sqlens_workers',
      [
        { name: 'slot', type: INTEGER, valueOf: (worker) => worker.slot },
        { name: 'pid', type: INTEGER, valueOf: (worker) => worker.pid },
        { name: 'state', type: VARCHAR, valueOf: (worker) => worker.state },
        { name: 'loaded_count', type: INTEGER, valueOf: (worker) => worker.loaded.length },
        { name: 'batch_count', type: BIGINT, valueOf: (worker) => BigInt(worker.batches) },
        { name: 'restart_count', type: INTEGER, valueOf: (worker) => worker.restarts },
        { name: 'rss_bytes', type: BIGINT, valueOf: (worker) => BigInt(worker.rss_bytes) },
        { name: 'started_at', type: TIMESTAMPTZ, valueOf: (worker) => timestamp(worker.startedAt) },
      ],
      () => this.options.inference.stats().workers,
    );
    registerLiveView(
      internal,
      '__sqlens_queries',
      [
        { name: 'query_id', type: VARCHAR, valueOf: (query) => query.id },
        { name: 'session_id', type: INTEGER, valueOf: (query) => query.sessionId },
        { name: 'user_name', type: VARCHAR, valueOf: (query) => query.user },
        { name: 'state', type: VARCHAR, valueOf: (query) => query.state },
        { name: 'pass', type: INTEGER, valueOf: (query) => query.pass },
        { name: 'inferred_count', type: BIGINT, valueOf: (query) => BigInt(query.inferred_count()) },
        { name: 'started_at', type: TIMESTAMPTZ, valueOf: (query) => timestamp(query.startedAt) },
        { name: 'duration_s', type: DOUBLE, valueOf: (query) => query.duration_ms() / 1000 },
        { name: 'query', type: VARCHAR, valueOf: (query) => query.text },
      ],
      () => this.queries.running(),
    );
  }
}

/** @throws 55006 when another process has it open, which the lock of the data directory could not prevent */
async function openStore(file: string, options: Record<string, string>): Promise<DuckDBInstance> {
  try {
    return await DuckDBInstance.create(file, options);
  } catch (error) {
    if (!/could not set lock/i.test(messageOf(error))) throw error;
    throw new SqlensError({
      sqlState: SqlState.objectInUse,
      message: `the data directory ${path.dirname(file)} belongs to a running server`,
      detail: messageOf(error),
      hint: 'Stop that server, or choose another --data-dir.',
      cause: error,
    });
  }
}

function timestamp(date: Date): DuckDBTimestampTZValue {
  return new DuckDBTimestampTZValue(BigInt(date.getTime()) * 1000n);
}
