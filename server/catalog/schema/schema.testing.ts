/** For tests: a DuckDB with what the engine sets up, a PGlite in this process as the mirror, and a sync between them. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { PGlite } from '@electric-sql/pglite';
import { silentLogger } from '../../../udf-registry/logger.ts';
import type { MirrorPort, MirrorRow } from './mirror-port.ts';
import { SchemaSync } from './schema-sync.ts';

const SETUP = `
CREATE SCHEMA public; CREATE SCHEMA sqlens; CREATE SCHEMA sqlens_internal;
SET search_path = 'public,sqlens';
CREATE TABLE sqlens_internal.image_tables (schema_name VARCHAR, name VARCHAR, uris VARCHAR[]);
CREATE TABLE sqlens_internal.functions (name VARCHAR, arguments VARCHAR, returns VARCHAR, model VARCHAR);
CREATE VIEW sqlens.functions AS SELECT * FROM sqlens_internal.functions;
CREATE MACRO sqlens.input_key(x) AS x;
`;

/** A mirror in this process. */
export class TestMirror implements MirrorPort {
  readonly #database: PGlite;
  statements = 0;

  private constructor(database: PGlite) {
    this.#database = database;
  }

  static async open(): Promise<TestMirror> {
    return new TestMirror(await PGlite.create());
  }

  async apply(statements: readonly string[]): Promise<void> {
    this.statements += statements.length;
    await this.#database.transaction(async (transaction) => {
      for (const statement of statements) await transaction.exec(statement);
    });
  }

  async query(sql: string): Promise<readonly MirrorRow[]> {
    // Twice the same column name would be one in an object.
    const result = await this.#database.query<unknown[]>(sql, [], { rowMode: 'array', parsers: asText });
    return result.rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  }

  /** Runs a query in a transaction behind statements that are undone after it. */
  async queryWith(statements: readonly string[], sql: string): Promise<readonly MirrorRow[]> {
    let rows: readonly MirrorRow[] = [];
    await this.#database.transaction(async (transaction) => {
      for (const statement of statements) await transaction.exec(statement);
      const result = await transaction.query<unknown[]>(sql, [], { rowMode: 'array', parsers: asText });
      rows = result.rows.map((row) => row.map((value) => (value === null ? null : String(value))));
      await transaction.rollback();
    });
    return rows;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

const PARSED_TYPES = [
  16, 17, 20, 21, 23, 26, 114, 700, 701, 1082, 1114, 1184, 3802, 1000, 1002, 1005, 1007, 1009, 1016,
];
const asText = Object.fromEntries(PARSED_TYPES.map((oid) => [oid, (text: string) => text]));

export interface TestSchema {
  readonly connection: DuckDBConnection;
  readonly mirror: TestMirror;
  sync: SchemaSync;
  connect(): Promise<DuckDBConnection>;
  /** Runs definitions, then brings the mirror up to date. */
  define(sql: string): Promise<void>;
  /** A sync that knows nothing, as after a restart of the server. */
  restart(): void;
  close(): Promise<void>;
}

export async function openSchema(mirror: TestMirror): Promise<TestSchema> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(SETUP);
  const utility = await instance.connect();
  const newSync = () =>
    new SchemaSync({ withConnection: (work) => work(utility), mirror, logger: silentLogger });
  const schema: TestSchema = {
    connection,
    mirror,
    sync: newSync(),
    async connect() {
      const other = await instance.connect();
      await other.run("SET search_path = 'public,sqlens'");
      return other;
    },
    async define(sql) {
      await connection.run(sql);
      schema.sync.changed();
      await schema.sync.upToDate();
    },
    restart() {
      schema.sync = newSync();
    },
    async close() {
      utility.closeSync();
      connection.closeSync();
      instance.closeSync();
    },
  };
  return schema;
}
