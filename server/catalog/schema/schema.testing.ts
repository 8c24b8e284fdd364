/** For tests: a DuckDB with what the engine sets up, a mirror, and a sync between them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { silentLogger } from '../../../udf-registry/logger.ts';
import { readRows } from '../mirror/backend-bytes.ts';
import { queryMessage } from '../mirror/frontend-bytes.ts';
import { Mirror } from '../mirror/mirror.ts';
import { OBJECTS_TABLE } from './book.ts';
import type { MirrorPort, MirrorRow } from './mirror-port.ts';
import { SchemaSync } from './schema-sync.ts';

const SETUP = `
-- As the server's own engine has it.
SET preserve_identifier_case = false;
CREATE SCHEMA public; CREATE SCHEMA sqlens; CREATE SCHEMA sqlens_internal;
SET search_path = 'public,sqlens';
CREATE TABLE sqlens_internal.image_tables (schema_name VARCHAR, name VARCHAR, uris VARCHAR[]);
CREATE TABLE sqlens_internal.functions (name VARCHAR, arguments VARCHAR, returns VARCHAR, model VARCHAR);
CREATE VIEW sqlens.functions AS SELECT * FROM sqlens_internal.functions;
CREATE MACRO sqlens.input_key(x) AS x;
`;

/** Each value of each row, in the order of the columns. */
export type Cells = readonly (readonly (string | null)[])[];

/** A mirror in a process of its own, in a folder that goes when it is closed. */
export class TestMirror implements MirrorPort {
  readonly mirror: Mirror;
  /** Applied since it was opened. */
  changes = 0;
  readonly #folder: string;

  private constructor(mirror: Mirror, folder: string) {
    this.mirror = mirror;
    this.#folder = folder;
  }

  static async open(): Promise<TestMirror> {
    const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-schema-'));
    return new TestMirror(Mirror.create({ dataDir: folder, version: '0.0.0' }), folder);
  }

  async apply(statements: readonly string[]): Promise<void> {
    this.changes++;
    await this.mirror.apply(statements);
  }

  query(sql: string): Promise<readonly MirrorRow[]> {
    return this.mirror.query(sql);
  }

  /** @param overlay what runs before in the same transaction, all of which is undone */
  async cells(sql: string, overlay: readonly string[] = []): Promise<Cells> {
    const answer = await this.mirror.request({ prologue: [], overlay, bytes: queryMessage(sql) });
    return readRows(answer).map((row) => Object.values(row));
  }

  /** Why objects are not there, by their names. */
  async refusals(): Promise<Cells> {
    return (
      await this.query(`SELECT name, refused FROM ${OBJECTS_TABLE} WHERE refused IS NOT NULL ORDER BY 1`)
    ).map((row) => Object.values(row));
  }

  /** The process ends, and its directory is gone. */
  async lose(): Promise<void> {
    const { pid } = this.mirror.stats();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    while (this.mirror.stats().state === 'ready') await setTimeout(10);
    await rm(path.join(this.#folder, 'catalog'), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.mirror.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class TestSchema {
  readonly connection: DuckDBConnection;
  readonly mirror: TestMirror;
  readonly warnings: object[] = [];
  sync: SchemaSync;
  readonly #instance: DuckDBInstance;
  readonly #utility: DuckDBConnection;

  private constructor(
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    utility: DuckDBConnection,
    mirror: TestMirror,
  ) {
    this.#instance = instance;
    this.connection = connection;
    this.#utility = utility;
    this.mirror = mirror;
    this.sync = this.#newSync();
  }

  /** The mirror is made to hold what this new DuckDB has. */
  static async open(mirror: TestMirror): Promise<TestSchema> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run(SETUP);
    return new TestSchema(instance, connection, await instance.connect(), mirror);
  }

  async connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    await connection.run("SET search_path = 'public,sqlens'");
    return connection;
  }

  /** Runs definitions, then brings the mirror up to date. */
  async define(sql: string): Promise<void> {
    await this.connection.run(sql);
    this.sync.changed();
    await this.sync.upToDate();
  }

  /** A sync that knows nothing, as after a restart of the server. */
  async restart(): Promise<void> {
    this.sync = this.#newSync();
    await this.sync.upToDate();
  }

  close(): void {
    this.#utility.closeSync();
    this.connection.closeSync();
    this.#instance.closeSync();
  }

  #newSync(): SchemaSync {
    const { mirror, warnings } = this;
    const logger = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
    return new SchemaSync({ withConnection: (work) => work(this.#utility), mirror, logger });
  }
}
