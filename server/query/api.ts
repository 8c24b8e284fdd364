/**
 * The seam between the wire protocol and the query engine: pgwire speaks to a `Backend`, query implements it.
 * Nothing here knows of sockets or message formats.
 */
import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { SqlensError } from '../../common/errors.ts';
import type { VectorMemory } from './run/vector-memory.ts';

export type { VectorMemory } from './run/vector-memory.ts';

import type { Cursors } from './control/cursors/cursors.ts';
import type { CopyOptions } from './copy/options.ts';
import type { PreparedStatements } from './session/prepared-statements.ts';

/** What a user may do: `admin` everything, `analyst` read and call functions. */
export type Role = 'admin' | 'analyst';

/** The ports of a client's connection, and our end of it. */
export interface SocketEnds {
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

export interface SessionStart {
  readonly user: string;
  readonly role: Role;
  readonly database: string;
  readonly applicationName: string;
  readonly remoteAddress: string;
  /** Undefined for sessions that no client has. */
  readonly socket?: SocketEnds | undefined;
  /** What pg_backend_pid() says, and what a cancel request names; 0 for the server's own sessions. */
  readonly processId: number;
  /** GUCs of the startup message (and of `options=-c name=value`), by lower-case name. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface Backend {
  /** Opens a session; rejects with a SqlensError (3D000 unknown database, 53300 too many connections). */
  openSession(start: SessionStart): Promise<BackendSession>;
}

/** One statement of a query string and where it began (0-based offset in characters). */
export interface StatementText {
  readonly text: string;
  readonly offset: number;
}

/** A parameter as the client sent it, already decoded from its wire format. */
export interface ParameterValue {
  readonly value: DuckDBValue;
  /** undefined: the client declared no type and the value is text; the engine casts it to what the context needs. */
  readonly type: DuckDBType | undefined;
}

/** A type that the client declared for a parameter. */
export interface DeclaredType {
  /** pg_type.oid; 0 when the client left it open. */
  readonly oid: number;
  /** Undefined when it was left open, or when no type of the engine stands for it. */
  readonly type: DuckDBType | undefined;
}

/** The column of a relation that a result's column shows as it is, in the catalog's numbers. */
export interface ColumnOrigin {
  readonly tableOid: number;
  readonly attnum: number;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: DuckDBType;
  /** Undefined: an expression, or a relation whose number is not known. */
  readonly origin?: ColumnOrigin | undefined;
  /** Of a function that is called for its effect: PostgreSQL's type void, whose text is empty. */
  readonly isVoid?: boolean | undefined;
}

/** A column of the catalog's: what RowDescription says of it, its format excepted. */
export interface CatalogColumn extends ColumnOrigin {
  readonly name: string;
  readonly oid: number;
  readonly typlen: number;
  readonly typmod: number;
}

/** What NOTIFY has sent. */
export interface Notification {
  readonly channel: string;
  /** '' for none. */
  readonly payload: string;
  /** The sender's. */
  readonly processId: number;
}

/** Column-major values of some rows: `columns[c][r]`. */
export interface RowBatch {
  readonly rowCount: number;
  readonly columns: readonly (readonly DuckDBValue[])[];
  /** The same values as they lie in memory, for who writes them on; undefined where they are JavaScript's anyway. */
  readonly memory?: BatchMemory | undefined;
}

export interface BatchMemory {
  /** The row of the memory that is the batch's first. */
  readonly firstRow: number;
  /** Columns of types that cannot be read from memory come as values, from the batch's first row on. */
  readonly columns: readonly (VectorMemory | ColumnValues)[];
}

export interface ColumnValues {
  readonly kind: 'values';
  readonly values: readonly DuckDBValue[];
}

/** Rows as the protocol sends them: each a whole DataRow message. */
export interface DataRowBatch {
  readonly rowCount: number;
  readonly messages: readonly Uint8Array[];
}

/** A parsed statement that the engine answers. Describing it never runs a model. */
export interface EngineStatement {
  readonly kind: 'engine';
  readonly text: string;
  /** DuckDB type of each parameter, `undefined` where nothing determines it. */
  readonly parameterTypes: readonly (DuckDBType | undefined)[];
  /** Columns of the rows it returns; undefined when it returns none (INSERT without RETURNING, SET, DDL …). */
  readonly columns: readonly ResultColumn[] | undefined;
  /** The same, when its rows come from the catalog after all: FETCH of a cursor, EXECUTE. */
  readonly catalogColumns?: readonly CatalogColumn[] | undefined;
  /** True for '' and comments: answered with EmptyQueryResponse. */
  readonly isEmpty: boolean;
}

/** A parsed statement that touches the catalog alone: PostgreSQL itself answers it, with types of its own. */
export interface CatalogStatement {
  readonly kind: 'catalog';
  readonly text: string;
  /** pg_type.oid of each parameter. */
  readonly parameterOids: readonly number[];
  readonly columns: readonly CatalogColumn[] | undefined;
  readonly isEmpty: false;
}

export type PreparedStatement = EngineStatement | CatalogStatement;

export type WireFormat = 'text' | 'binary';

/** A statement with the values of its parameters; the catalog's stay as the client sent them. */
export type BoundStatement =
  | {
      readonly kind: 'engine';
      readonly statement: EngineStatement;
      readonly parameters: readonly ParameterValue[];
    }
  | {
      readonly kind: 'catalog';
      readonly statement: CatalogStatement;
      readonly parameters: readonly (Uint8Array | null)[];
      /** None: all text. One: for all. Else one per parameter; likewise for the columns of the result. */
      readonly parameterFormats: readonly WireFormat[];
      readonly resultFormats: readonly WireFormat[];
    };

interface Running {
  /** "SELECT 3", "INSERT 0 5", "CREATE TABLE" …: valid once `next()` has given undefined. */
  readonly commandTag: string;
  /** Ends the statement early and frees what it holds; idempotent. */
  close(): Promise<void>;
}

/** A statement that gives rows, or none. Pull `next()` until it gives undefined, then read `commandTag`. */
export interface RowsExecution extends Running {
  readonly kind: 'rows';
  /** Of a BINARY cursor: sent in binary where the client has not said what it wants. */
  readonly isBinary?: boolean;
  readonly columns: readonly ResultColumn[] | undefined;
  /** The next rows, undefined at the end. Rejects with a SqlensError; a failed stream is never a short result. */
  next(): Promise<RowBatch | undefined>;
  /** Called by who pulls, and has kept no batch: the memory of those until now may go. */
  release?(): void;
}

/** A statement whose rows come from the catalog, in the formats that it was bound with. */
export interface CatalogExecution extends Running {
  readonly kind: 'catalog';
  readonly isBinary?: boolean;
  readonly columns: readonly CatalogColumn[] | undefined;
  next(): Promise<DataRowBatch | undefined>;
}

/** COPY … TO STDOUT: its rows go to the client as data, not as a result. */
export interface CopyOutExecution extends Running {
  readonly kind: 'copy-out';
  readonly columns: undefined;
  readonly isBinary?: undefined;
  readonly copied: readonly ResultColumn[];
  readonly options: CopyOptions;
  next(): Promise<RowBatch | undefined>;
  release?(): void;
}

export interface CopyInColumn {
  readonly name: string;
  /** What the client sends. */
  readonly type: DuckDBType;
  /** What `append` takes: VARCHAR where the engine makes the value of its text. */
  readonly stored: DuckDBType;
  /** A NULL is refused at once, with its line. */
  readonly isNotNull: boolean;
}

/** COPY … FROM STDIN: rows are appended until `finish`; `close` without it leaves the table as it was. */
export interface CopyInExecution extends Running {
  readonly kind: 'copy-in';
  readonly columns: undefined;
  readonly isBinary?: undefined;
  /** The table, for messages. */
  readonly relation: string;
  readonly target: readonly CopyInColumn[];
  readonly options: CopyOptions;
  /** Aborted when the statement is cancelled; its reason is the error to report. */
  readonly signal: AbortSignal;
  /** The client has been told that it may send: from now on time counts. */
  begin(): void;
  /** Takes a chunk of the columns' `stored` types. */
  append(chunk: DuckDBDataChunk, size_bytes: number): Promise<void>;
  finish(): Promise<void>;
  /** What was thrown since has ended the statement. @returns what to report */
  failed(error: unknown): Promise<unknown>;
}

export type Execution = RowsExecution | CatalogExecution | CopyOutExecution | CopyInExecution;

export type TransactionStatus = 'idle' | 'in-transaction' | 'failed';

export interface Notice {
  readonly severity: 'WARNING' | 'NOTICE' | 'INFO';
  readonly error: SqlensError;
  /** How something goes on that takes long: sent at once, not with what follows. */
  readonly isProgress?: boolean;
}

export interface BackendSession {
  readonly transactionStatus: TransactionStatus;
  /** Called for every notice and for every GUC_REPORT parameter that changes, before the statement's CommandComplete. */
  onNotice: (notice: Notice) => void;
  onParameterStatus: (name: string, value: string) => void;
  /** Called when there is something for `takeNotifications`. */
  onNotification: () => void;
  /** Called when another session asked that this one ends. */
  onTerminate: () => void;

  /** Shared by PREPARE and the protocol's Parse. */
  readonly statements: PreparedStatements;
  /** Shared by DECLARE and the protocol's portals: names, and FETCH. */
  readonly cursors: Cursors;

  /**
   * What has been sent to channels this session listens to, since it was asked last; nothing while it is in a
   * transaction.
   */
  takeNotifications(): readonly Notification[];

  /** A setting's number, in its own unit: milliseconds for timeouts. */
  settingNumber(name: string): number;

  /** A setting as SHOW has it. */
  settingText(name: string): string;

  /** The values to report as ParameterStatus after authentication, in PostgreSQL's order and spelling. */
  parameterStatuses(): readonly (readonly [name: string, value: string])[];

  /** Splits a query string at its top-level semicolons; empty statements are dropped unless nothing else is there. */
  split(sql: string): StatementText[];

  /** Rejects with 42601 a text that is no statement; what it names is not looked at. */
  checkSyntax(sql: string): Promise<void>;

  /**
   * Parses and describes one statement.
   * @param declared what the client declared for each parameter
   */
  prepare(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement>;

  /**
   * Starts a statement. `alone: false` says that more statements of the same implicit transaction may follow before
   * `sync` (several statements in a Query, or a pipeline): outside BEGIN the engine then opens an implicit
   * transaction that `sync` ends. `alone: true` lets a single statement commit by itself.
   */
  execute(bound: BoundStatement, options: { readonly alone: boolean }): Promise<Execution>;

  /** The end of a Query or a Sync message: commits an implicit transaction, or rolls it back when `failed`. */
  sync(failed: boolean): Promise<void>;

  /** Interrupts whatever runs now: it ends with 57014. Does nothing when idle. */
  cancel(): void;

  /** Rolls back, interrupts, frees. Idempotent. */
  close(): Promise<void>;
}
