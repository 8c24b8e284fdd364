/** The ways a statement gives its rows to the protocol. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { ResultColumn, RowBatch, RowsExecution } from './api.ts';
import type { RowReader } from './row-stream.ts';
import type { StatementTimer } from './statement-timer.ts';

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

/** Rows that a spool may hold when another statement needs the connection of an open stream. */
const MAX_SPOOLED_CELLS = 4_000_000;

export interface StreamEnd {
  /** Called once: at the end of the rows, at an error or at close. */
  settle(
    outcome: { readonly kind: 'complete' | 'closed' } | { readonly kind: 'failed'; readonly error: unknown },
  ): Promise<void>;
  /** Turns what a stream threw into what the client is told. */
  explain(error: unknown): Promise<unknown>;
  tooLarge(): Error;
  /** Aborted when the statement is cancelled. */
  readonly signal: AbortSignal;
}

/** Rows pulled from DuckDB as the client takes them. */
export class StreamExecution implements RowsExecution {
  readonly kind = 'rows';
  readonly columns: readonly ResultColumn[];
  /** Counts the time of every pull towards the statement's timeout. */
  timer: StatementTimer | undefined;
  readonly #reader: RowReader;
  readonly #end: StreamEnd;
  readonly #spooled: RowBatch[] = [];
  readonly #tag: (rowCount: number) => string;
  #rowCount = 0;
  #settled = false;
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
    const spooled = this.#spooled.shift();
    const batch = spooled ?? (this.#settled ? undefined : await this.#pull());
    this.#rowCount += batch?.rowCount ?? 0;
    return batch;
  }

  /** Reads the rest into memory, so that the connection is free. */
  async spool(): Promise<void> {
    let cells = 0;
    while (!this.#settled) {
      const batch = await this.#pull();
      if (batch === undefined) break;
      cells += batch.rowCount * batch.columns.length;
      if (cells > MAX_SPOOLED_CELLS) {
        const error = this.#end.tooLarge();
        await this.#settle({ kind: 'failed', error });
        throw error;
      }
      this.#spooled.push(batch);
    }
  }

  async close(): Promise<void> {
    this.#spooled.length = 0;
    await this.#settle({ kind: 'closed' });
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
