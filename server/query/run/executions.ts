/** The ways a statement gives its rows to the protocol. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ResultColumn, RowBatch, RowsExecution } from '../api.ts';
import { RowStore } from '../control/cursors/row-store.ts';
import type { StatementTimer } from '../session/statement-timer.ts';
import type { RowReader } from './row-stream.ts';

/** A statement that is done and has no rows. */
export function finished(commandTag: string): RowsExecution {
  return {
    kind: 'rows',
    columns: undefined,
    commandTag,
    next: async () => undefined,
    close: async () => undefined,
  };
}

/** A few rows that are there already. */
export function fromRows(
  columns: readonly ResultColumn[],
  rows: readonly (readonly DuckDBValue[])[],
  commandTag: string,
): RowsExecution {
  let batch: RowBatch | undefined =
    rows.length === 0
      ? undefined
      : {
          rowCount: rows.length,
          columns: columns.map((_, column) => rows.map((row) => row[column] ?? null)),
        };
  return {
    kind: 'rows',
    columns,
    commandTag,
    async next() {
      const given = batch;
      batch = undefined;
      return given;
    },
    async close() {
      batch = undefined;
    },
  };
}

/** Rows that are not all taken when their statement has begun: they must be read before the next one begins. */
export interface OpenRows {
  readonly isOpen: boolean;
  /** Whether the engine works on them right now. */
  readonly isPulling: boolean;
  /** Counts the time of every pull towards the statement's timeout. */
  timer: StatementTimer | undefined;
  /** Reads the rest and keeps it, so that the connection is free. */
  spool(): Promise<void>;
  close(): Promise<void>;
}

export function isOpenRows(execution: object): execution is OpenRows {
  return 'spool' in execution && 'isPulling' in execution;
}

export interface StreamEnd {
  /** Called once: at the end of the rows, at an error or at close. */
  settle(
    outcome: { readonly kind: 'complete' | 'closed' } | { readonly kind: 'failed'; readonly error: unknown },
  ): Promise<void>;
  /** Turns what a stream threw into what the client is told. */
  explain(error: unknown): Promise<unknown>;
  /** A connection for rows that do not fit into memory. */
  connect(): Promise<DuckDBConnection>;
  /** Aborted when the statement is cancelled. */
  readonly signal: AbortSignal;
}

/** Rows pulled from DuckDB as the client takes them. */
export class StreamExecution implements RowsExecution, OpenRows {
  readonly kind = 'rows';
  readonly columns: readonly ResultColumn[];
  timer: StatementTimer | undefined;
  readonly #reader: RowReader;
  readonly #end: StreamEnd;
  readonly #spool: RowStore;
  #unspooled = 0;
  readonly #tag: (rowCount: number) => string;
  #rowCount = 0;
  #settled = false;
  #closed = false;
  #pulling = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: {
    columns: readonly ResultColumn[];
    reader: RowReader;
    end: StreamEnd;
    tag: (rowCount: number) => string;
  }) {
    this.columns = options.columns;
    this.#reader = options.reader;
    this.#end = options.end;
    this.#tag = options.tag;
    this.#spool = new RowStore({
      columns: options.columns,
      connect: () => options.end.connect(),
      spills: true,
    });
  }

  get commandTag(): string {
    return this.#tag(this.#rowCount);
  }

  get isOpen(): boolean {
    return !this.#settled;
  }

  /** Whether DuckDB works on this stream right now. */
  get isPulling(): boolean {
    return this.#pulling;
  }

  async next(): Promise<RowBatch | undefined> {
    if (this.#closed) throw closedError();
    const batch = (await this.#takeSpooled()) ?? (await this.#pull());
    this.#rowCount += batch?.rowCount ?? 0;
    return batch;
  }

  release(): void {
    // What was spooled lies in chunks too.
    if (this.#spool.rowCount === 0) this.#reader.release();
  }

  async spool(): Promise<void> {
    for (let batch = await this.#pull(); batch !== undefined; batch = await this.#pull()) {
      try {
        await this.#spool.append(batch);
      } catch (error) {
        await this.#settle({ kind: 'failed', error });
        throw error;
      }
    }
  }

  async close(): Promise<void> {
    // Who reads on must not take what it has for all there was.
    this.#closed = true;
    this.#spool.close();
    await this.#settle({ kind: 'closed' });
  }

  async #takeSpooled(): Promise<RowBatch | undefined> {
    if (this.#unspooled >= this.#spool.rowCount) return undefined;
    const batch = await this.#spool.read(this.#unspooled, Number.MAX_SAFE_INTEGER);
    this.#unspooled += batch?.rowCount ?? 0;
    return batch !== undefined && 'columns' in batch ? batch : undefined;
  }

  /** One pull at a time, whoever asks: the client, or the next statement that needs the connection. */
  async #pull(): Promise<RowBatch | undefined> {
    const pulled = this.#tail.then(async () => {
      if (this.#settled) return undefined;
      this.#pulling = true;
      this.timer?.start();
      try {
        this.#end.signal.throwIfAborted();
        const batch = await this.#reader.next();
        if (batch === undefined) await this.#settle({ kind: 'complete' });
        return batch;
      } catch (error) {
        const explained = await this.#end.explain(error);
        await this.#settle({ kind: 'failed', error: explained });
        throw explained;
      } finally {
        this.#pulling = false;
        this.timer?.stop();
      }
    });
    this.#tail = pulled.catch(() => undefined);
    return pulled;
  }

  async #settle(outcome: Parameters<StreamEnd['settle']>[0]): Promise<void> {
    if (this.#settled) return;
    this.#settled = true;
    await this.#end.settle(outcome);
  }
}

function closedError(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.objectNotInPrerequisiteState,
    message: 'the rows of the statement were given up before they were read',
    hint: 'Run the statement again; read its rows in one transaction block.',
  });
}
