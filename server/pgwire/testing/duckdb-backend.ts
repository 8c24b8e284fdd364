/**
 * A backend for tests of the wire: an in-memory DuckDB without models, and just enough of PostgreSQL's transaction
 * rules to see that the wire protocol asks for the right ones.
 */
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBType,
  DuckDBTypeId,
  VARCHAR,
} from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type {
  Backend,
  BackendSession,
  BoundStatement,
  DeclaredType,
  EngineStatement,
  Execution,
  Notice,
  ParameterValue,
  PreparedStatement,
  ResultColumn,
  RowBatch,
  RowsExecution,
  SessionStart,
  StatementText,
  TransactionStatus,
} from '../../query/api.ts';
import { Cursors } from '../../query/control/cursors/cursors.ts';
import { PreparedStatements } from '../../query/session/prepared-statements.ts';
import { isBlank, splitStatements } from './split.ts';

export class DuckDbBackend implements Backend {
  readonly #instance: DuckDBInstance;
  readonly sessions = new Set<DuckDbSession>();
  /** Batches that all sessions have fetched: shows whether rows are pulled ahead of the client. */
  fetchedBatches = 0;
  readonly starts: SessionStart[] = [];

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async create(): Promise<DuckDbBackend> {
    return new DuckDbBackend(
      await DuckDBInstance.create(':memory:', { threads: '1', enable_external_access: 'false' }),
    );
  }

  async openSession(start: SessionStart): Promise<BackendSession> {
    this.starts.push(start);
    if (start.database === 'nowhere') {
      throw new SqlensError({
        sqlState: SqlState.invalidCatalogName,
        message: 'database "nowhere" does not exist',
      });
    }
    const session = new DuckDbSession(this, await this.#instance.connect(), start);
    this.sessions.add(session);
    return session;
  }

  close(): void {
    this.#instance.closeSync();
  }
}

interface Prepared extends EngineStatement {
  /** What DuckDB gets: the text with casts of its parameters. */
  readonly sql: string;
}

/** Statements that give rows; in a test nothing else needs to be told apart. */
const query = /^(select|with|values|from|show|describe|explain|table|pragma)\b|\breturning\b/i;

export class DuckDbSession implements BackendSession {
  transactionStatus: TransactionStatus = 'idle';
  onNotice: (notice: Notice) => void = () => {};
  onParameterStatus: (name: string, value: string) => void = () => {};
  onTerminate: () => void = () => {};
  onNotification: () => void = () => {};
  readonly statements = new PreparedStatements();
  readonly cursors = new Cursors();
  readonly backend: DuckDbBackend;
  readonly connection: DuckDBConnection;
  readonly #start: SessionStart;
  readonly #prepared = new WeakMap<EngineStatement, Prepared>();
  /** What the wire asked for: "alone", "joined", "sync", "sync failed". */
  readonly calls: string[] = [];
  closed = false;
  running: DuckDbExecution | undefined;
  #implicit = false;
  /** Of the statement that is being started: cancels are repeated until it has begun, and must not meet the next one. */
  #starting: object | undefined;

  constructor(backend: DuckDbBackend, connection: DuckDBConnection, start: SessionStart) {
    this.backend = backend;
    this.connection = connection;
    this.#start = start;
  }

  parameterStatuses(): readonly (readonly [string, string])[] {
    return [
      ['application_name', this.#start.applicationName],
      ['client_encoding', 'UTF8'],
      ['DateStyle', 'ISO, MDY'],
      ['default_transaction_read_only', 'off'],
      ['in_hot_standby', 'off'],
      ['integer_datetimes', 'on'],
      ['IntervalStyle', 'postgres'],
      ['is_superuser', 'on'],
      ['server_encoding', 'UTF8'],
      ['server_version', '16.4'],
      ['session_authorization', this.#start.user],
      ['standard_conforming_strings', 'on'],
      ['TimeZone', this.#start.settings.get('timezone') ?? 'UTC'],
    ];
  }

  settingNumber(): number {
    return 0;
  }

  settingText(): string {
    return '';
  }

  takeNotifications(): readonly [] {
    return [];
  }

  split(sql: string): StatementText[] {
    return splitStatements(sql);
  }

  async checkSyntax(): Promise<void> {}

  async prepare(text: string, declared: readonly DeclaredType[]): Promise<PreparedStatement> {
    const parameterTypes = declared.map(({ type }) => type);
    if (isBlank(text)) {
      return this.#remember({
        kind: 'engine',
        text,
        parameterTypes: [],
        columns: undefined,
        isEmpty: true,
        sql: '',
      });
    }
    this.#refuseFailed(text);
    try {
      let sql = cast(text, parameterTypes);
      let statement = await this.connection.prepare(sql);
      const types = parameterTypesOf(statement, parameterTypes);
      if (unresolved(statement)) {
        sql = cast(
          text,
          Array.from(types, (type) => type ?? VARCHAR),
        );
        statement = await this.connection.prepare(sql);
      }
      const columns = query.test(text) ? columnsOf(statement) : undefined;
      return this.#remember({ kind: 'engine', text, parameterTypes: types, columns, isEmpty: false, sql });
    } catch (error) {
      throw this.failed(error, text);
    }
  }

  async execute(bound: BoundStatement, { alone }: { readonly alone: boolean }): Promise<Execution> {
    if (bound.kind === 'catalog') throw new TypeError('there is no catalog here');
    this.#starting = bound;
    this.calls.push(alone ? 'alone' : 'joined');
    try {
      return await this.#begin(bound.statement, bound.parameters, alone);
    } finally {
      this.#starting = undefined;
    }
  }

  async #begin(
    prepared: EngineStatement,
    parameters: readonly ParameterValue[],
    alone: boolean,
  ): Promise<Execution> {
    const { text } = prepared;
    this.#refuseFailed(text);
    const notice = /^select notify_me\b/i.test(text);
    if (notice)
      this.onNotice({
        severity: 'WARNING',
        error: new SqlensError({ sqlState: SqlState.warning, message: 'beware' }),
      });
    const zone = /^set timezone\s*(?:=|to)\s*'([^']*)'/i.exec(text);
    if (zone !== null) this.onParameterStatus('TimeZone', zone[1] ?? '');
    await this.running?.spool();
    const control = /^(begin|start transaction|commit|end|rollback|abort)\b/i.exec(text)?.[1]?.toLowerCase();
    if (control !== undefined) return this.#control(control);
    try {
      if (!alone && this.transactionStatus === 'idle' && !this.#implicit) {
        await this.connection.run('BEGIN');
        this.#implicit = true;
      }
      const statement = await this.connection.prepare(this.#prepared.get(prepared)?.sql ?? text);
      parameters.forEach(({ value, type }, index) => {
        statement.bindValue(index + 1, value, type);
      });
      const result = await statement.stream();
      this.running = new DuckDbExecution(this, result, prepared);
      return this.running;
    } catch (error) {
      throw this.failed(error, text);
    }
  }

  async sync(failed: boolean): Promise<void> {
    this.calls.push(failed ? 'sync failed' : 'sync');
    if (!this.#implicit) return;
    this.#implicit = false;
    await this.connection.run(failed ? 'ROLLBACK' : 'COMMIT');
  }

  cancel(): void {
    if (this.running !== undefined) this.running.canceled = true;
    if (!this.closed) this.connection.interrupt();
    // An interrupt just before DuckDB begins is lost.
    const starting = this.#starting;
    if (starting === undefined) return;
    setTimeout(() => {
      if (this.#starting === starting) this.cancel();
    }, 10);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.backend.sessions.delete(this);
    this.connection.closeSync();
  }

  /** An error as the engine gives it; aborts an open transaction. */
  failed(error: unknown, text: string): SqlensError {
    if (this.transactionStatus === 'in-transaction') this.transactionStatus = 'failed';
    if (error instanceof SqlensError) return error;
    const message = messageOf(error);
    const interrupted = /interrupt/i.test(message);
    const table = /Table with name (\w+) does not exist/.exec(message)?.[1];
    if (interrupted) {
      return new SqlensError({
        sqlState: SqlState.queryCanceled,
        message: 'canceling statement due to user request',
      });
    }
    if (table === undefined) return new SqlensError({ sqlState: SqlState.syntaxError, message });
    const position = text.indexOf(table) + 1;
    return new SqlensError({ sqlState: SqlState.undefinedTable, message, position, hint: 'Create it.' });
  }

  #remember(prepared: Prepared): PreparedStatement {
    this.#prepared.set(prepared, prepared);
    return prepared;
  }

  #refuseFailed(text: string): void {
    if (this.transactionStatus !== 'failed' || /^(rollback|commit|end|abort)\b/i.test(text)) return;
    throw new SqlensError({
      sqlState: SqlState.inFailedSqlTransaction,
      message: 'current transaction is aborted, commands ignored until end of transaction block',
    });
  }

  async #control(word: string): Promise<Execution> {
    if (word === 'begin' || word.startsWith('start')) {
      if (!this.#implicit && this.transactionStatus === 'idle') await this.connection.run('BEGIN');
      this.#implicit = false;
      this.transactionStatus = 'in-transaction';
      return new Done('BEGIN');
    }
    const commit = (word === 'commit' || word === 'end') && this.transactionStatus !== 'failed';
    if (this.transactionStatus !== 'idle' || this.#implicit)
      await this.connection.run(commit ? 'COMMIT' : 'ROLLBACK');
    this.#implicit = false;
    this.transactionStatus = 'idle';
    return new Done(commit ? 'COMMIT' : 'ROLLBACK');
  }
}

class Done implements RowsExecution {
  readonly kind = 'rows';
  readonly columns = undefined;
  readonly commandTag: string;

  constructor(commandTag: string) {
    this.commandTag = commandTag;
  }

  async next(): Promise<RowBatch | undefined> {
    return undefined;
  }

  async close(): Promise<void> {}
}

class DuckDbExecution implements RowsExecution {
  readonly kind = 'rows';
  readonly columns: readonly ResultColumn[] | undefined;
  canceled = false;
  readonly #session: DuckDbSession;
  readonly #result: DuckDBResult;
  readonly #text: string;
  #spooled: RowBatch[] | undefined;
  #rowCount = 0;
  #changed = 0;

  constructor(session: DuckDbSession, result: DuckDBResult, prepared: EngineStatement) {
    this.#session = session;
    this.#result = result;
    this.#text = prepared.text;
    this.columns = prepared.columns === undefined ? undefined : resultColumns(result);
  }

  get commandTag(): string {
    const word = /^\w+(?:\s+\w+)?/.exec(this.#text)?.[0].toUpperCase() ?? '';
    if (word.startsWith('INSERT')) return `INSERT 0 ${this.#changed}`;
    if (/^(UPDATE|DELETE)/.test(word)) return `${word.split(/\s/)[0]} ${this.#changed}`;
    if (this.columns !== undefined) return `SELECT ${this.#rowCount}`;
    return word.startsWith('SET') ? 'SET' : word;
  }

  async next(): Promise<RowBatch | undefined> {
    const batch = this.#spooled === undefined ? await this.#fetch() : this.#spooled.shift();
    if (this.canceled) throw this.#session.failed(new Error('Interrupted'), this.#text);
    if (batch === undefined) return undefined;
    if (this.columns === undefined) {
      this.#changed += Number(batch.columns[0]?.[0] ?? 0);
      return this.next();
    }
    this.#rowCount += batch.rowCount;
    return batch;
  }

  /** Another statement is about to run on the connection, which would end this stream. */
  async spool(): Promise<void> {
    if (this.#spooled !== undefined) return;
    const batches: RowBatch[] = [];
    for (let batch = await this.#fetch(); batch !== undefined; batch = await this.#fetch())
      batches.push(batch);
    this.#spooled = batches;
  }

  async close(): Promise<void> {
    if (this.#session.running === this) this.#session.running = undefined;
  }

  async #fetch(): Promise<RowBatch | undefined> {
    const chunk = await this.#result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return undefined;
    this.#session.backend.fetchedBatches++;
    return { rowCount: chunk.rowCount, columns: chunk.getColumns() };
  }
}

function cast(text: string, types: readonly (DuckDBType | undefined)[]): string {
  return text.replace(/\$(\d+)/g, (name, number) => {
    const type = types[Number(number) - 1];
    return type === undefined ? name : `CAST(${name} AS ${type})`;
  });
}

function parameterTypesOf(
  statement: DuckDBPreparedStatement,
  declared: readonly (DuckDBType | undefined)[],
): (DuckDBType | undefined)[] {
  return Array.from({ length: statement.parameterCount }, (_, index) => {
    const known = !undetermined.has(statement.parameterTypeId(index + 1));
    return declared[index] ?? (known ? statement.parameterType(index + 1) : undefined);
  });
}

const undetermined: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.INVALID,
  DuckDBTypeId.ANY,
  DuckDBTypeId.SQLNULL,
]);

/** DuckDB does not know the columns of a statement while it does not know a parameter's type. */
function unresolved(statement: DuckDBPreparedStatement): boolean {
  const ids = Array.from({ length: statement.columnCount }, (_, index) => statement.columnTypeId(index));
  return ids.some((id) => undetermined.has(id));
}

function columnsOf(statement: DuckDBPreparedStatement): ResultColumn[] {
  return Array.from({ length: statement.columnCount }, (_, index) => ({
    name: statement.columnName(index),
    type: statement.columnType(index),
  }));
}

function resultColumns(result: DuckDBResult): ResultColumn[] {
  return result.columnNames().map((name, index) => ({ name, type: result.columnType(index) }));
}
