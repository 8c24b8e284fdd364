/**
 * COPY … FROM STDIN. Rows gather in a temporary table without defaults or constraints, which DuckDB's appender fills
 * without SQL, and go on into the table by INSERT … SELECT, batch by batch: so that defaults, generated columns,
 * constraints and casts hold as they do for any INSERT. All of it is one transaction: an error leaves the table as it was.
 */
import { type DuckDBAppender, type DuckDBDataChunk, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError } from '../../../common/errors.ts';
import type { CopyInColumn, CopyInExecution } from '../api.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import type { OpenRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { StatementTimer } from '../session/statement-timer.ts';
import { quoteIdentifier } from '../text/tokens.ts';
import type { CopyOptions } from './options.ts';
import type { PreparedCopy } from './prepare.ts';

/** DuckDB's row group: smaller batches cost more, larger ones only memory. */
const BATCH_ROWS = 122_880;
const BATCH_BYTES = 32 * 2 ** 20;
/** Chunks that the appender holds back before it puts them into the table, on this thread. */
const FLUSH_CHUNKS = 8;

type CopyFrom = Extract<PreparedCopy, { direction: 'from' }>;

interface Stage {
  readonly name: string;
  readonly appender: DuckDBAppender;
}

export class CopyIn implements CopyInExecution, OpenRows {
  readonly kind = 'copy-in';
  readonly columns = undefined;
  readonly relation: string;
  readonly target: readonly CopyInColumn[];
  readonly options: CopyOptions;
  readonly signal: AbortSignal;
  timer: StatementTimer | undefined;
  readonly #context: SessionContext;
  readonly #copy: CopyFrom;
  #stage: Stage | undefined;
  #stageCount = 0;
  #batchRows = 0;
  #batch_bytes = 0;
  #unflushed = 0;
  #rowCount = 0;
  /** Rows of the data that went on into the table, or were dropped by the condition. */
  #insertedRows = 0;
  #isOpen = true;
  #isWorking = false;
  #work: Promise<unknown> = Promise.resolve();

  private constructor(context: SessionContext, copy: CopyFrom) {
    this.#context = context;
    this.#copy = copy;
    this.relation = copy.relation;
    this.target = copy.target;
    this.options = copy.options;
    this.signal = context.signal;
  }

  static async start(context: SessionContext, copy: CopyFrom): Promise<CopyIn> {
    // What is appended and what is inserted must be one transaction; it ends with the message, as every implicit one.
    await context.transaction.beginImplicit();
    return new CopyIn(context, copy);
  }

  get commandTag(): string {
    return `COPY ${this.#rowCount}`;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isPulling(): boolean {
    return this.#isWorking;
  }

  begin(): void {
    this.timer?.start();
  }

  append(chunk: DuckDBDataChunk, size_bytes: number): Promise<void> {
    return this.#working(async () => {
      const stage = this.#stage ?? (await this.#openStage());
      stage.appender.appendDataChunk(chunk);
      this.#batchRows += chunk.rowCount;
      this.#batch_bytes += size_bytes;
      if (++this.#unflushed >= FLUSH_CHUNKS) this.#flush(stage);
      if (this.#batchRows >= BATCH_ROWS || this.#batch_bytes >= BATCH_BYTES) await this.#insert(stage);
    });
  }

  finish(): Promise<void> {
    return this.#working(async () => {
      if (this.#stage !== undefined) await this.#insert(this.#stage);
      this.#end();
    });
  }

  async failed(error: unknown): Promise<unknown> {
    const reported = this.signal.aborted ? this.signal.reason : error;
    await this.close();
    return reported;
  }

  /** Nothing but the end of the session comes between: the client speaks of nothing else meanwhile. */
  spool(): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#end();
    await this.#work;
    await this.#dropStage().catch(() => undefined);
    await this.#context.transaction.fail();
  }

  #end(): void {
    this.#isOpen = false;
    this.timer?.stop();
  }

  async #working<T>(work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    this.#isWorking = true;
    const result = work();
    this.#work = result.catch(() => undefined);
    try {
      return await result;
    } catch (error) {
      throw error instanceof SqlensError ? error : fromDuckDBError(error, { sql: '' });
    } finally {
      this.#isWorking = false;
    }
  }

  async #openStage(): Promise<Stage> {
    const { connection, sessionId } = this.#context;
    const name = `sqlens_copy_${sessionId}_${++this.#stageCount}`;
    const columns = this.target.map(({ stored }, at) => `c${at} ${stored.toString()}`);
    await connection.run(`CREATE TEMP TABLE ${name} (${columns.join(', ')})`);
    const appender = await connection.createAppender(name, 'main', 'temp');
    this.#stage = { name, appender };
    return this.#stage;
  }

  #flush({ appender }: Stage): void {
    appender.flushSync();
    this.#unflushed = 0;
  }

  async #insert(stage: Stage): Promise<void> {
    stage.appender.closeSync();
    this.#unflushed = 0;
    const { table, where, relation } = this.#copy;
    const names = this.target.map(({ name }) => quoteIdentifier(name));
    const values = this.target.map((column, at) => `${insertedValue(column, at)} AS ${names[at]}`);
    const rows = `(SELECT ${values.join(', ')} FROM temp.${stage.name}) AS ${quoteIdentifier(relation)}`;
    const condition = where === undefined ? '' : ` WHERE ${where.text}`;
    const sql = `INSERT INTO ${table} (${names.join(', ')}) SELECT * FROM ${rows}${condition}`;
    this.#rowCount += await this.#run(sql).catch((error: unknown) => {
      throw this.#ofBatch(error);
    });
    this.#insertedRows += this.#batchRows;
    await this.#dropStage();
    this.#batchRows = 0;
    this.#batch_bytes = 0;
  }

  async #run(sql: string): Promise<number> {
    const statement = await this.#context.parse(sql, []);
    const execution = await this.#context.runAny({ kind: 'engine', statement, parameters: [] });
    try {
      return Number(/\d+$/.exec(execution.commandTag)?.[0] ?? 0);
    } finally {
      await execution.close();
    }
  }

  /** A constraint is looked at when a batch is inserted: which of its rows it was, its message says by the key. */
  #ofBatch(error: unknown): unknown {
    const known = error instanceof SqlensError ? error : fromDuckDBError(error, { sql: '' });
    const { sqlState, message, hint, detail } = known;
    const first = this.#insertedRows + 1;
    const last = this.#insertedRows + this.#batchRows;
    const rows = first === last ? `row ${first}` : `rows ${first} to ${last}`;
    const where = `COPY ${this.relation}, ${rows}`;
    return new SqlensError({ sqlState, message, hint, detail, where, cause: error });
  }

  async #dropStage(): Promise<void> {
    const stage = this.#stage;
    if (stage === undefined) return;
    this.#stage = undefined;
    await this.#context.connection.run(`DROP TABLE IF EXISTS temp.${stage.name}`);
  }
}

/** The value of a column, made of its text where it is kept as such. */
function insertedValue({ type, stored }: CopyInColumn, at: number): string {
  if (stored.typeId === type.typeId) return `c${at}`;
  const text = type.typeId === DuckDBTypeId.UNION ? `CAST(c${at} AS JSON)` : `c${at}`;
  return `CAST(${text} AS ${type.toString()})`;
}
