/**
 * Rows kept to be read again: in memory while they are few, then in a temporary table of a connection of their own,
 * which DuckDB moves to disk when memory is short. Nobody else sees the table.
 */
import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../../common/errors.ts';
import type { ResultColumn, RowBatch } from '../../api.ts';
import { type Batch, reversed, sizeOf_bytes, sliceBatch } from './batches.ts';

const MAX_MEMORY_BYTES = 4 * 2 ** 20;
/** Rows of the catalog are messages, which no table takes. */
const MAX_MESSAGES_BYTES = 64 * 2 ** 20;
/** DuckDB's own vectors hold as many. */
const CHUNK_ROWS = 2048;

export interface RowStoreOptions {
  /** Whether rows beyond what fits into memory are to be kept; otherwise the owner stops as they are no longer few. */
  readonly spills: boolean;
  /** Undefined for the catalog's rows. */
  readonly columns: readonly ResultColumn[] | undefined;
  readonly connect: () => Promise<DuckDBConnection>;
}

interface Table {
  readonly connection: DuckDBConnection;
  readonly appender: DuckDBAppender;
  readonly columns: readonly ResultColumn[];
}

export class RowStore {
  readonly #options: RowStoreOptions;
  #rowCount = 0;
  #held: { readonly first: number; readonly batch: Batch }[] = [];
  #held_bytes = 0;
  #table: Table | undefined;
  /** The appender holds rows that the table has not. */
  #unflushed = false;

  constructor(options: RowStoreOptions) {
    this.#options = options;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Whether they still fit into memory. */
  get isSmall(): boolean {
    return this.#table === undefined && this.#held_bytes <= MAX_MEMORY_BYTES;
  }

  /** @throws 54000 when they cannot be kept */
  async append(batch: Batch): Promise<void> {
    if (this.#table !== undefined) {
      this.#write(this.#table, batch);
      this.#rowCount += batch.rowCount;
      return;
    }
    this.#held.push({ first: this.#rowCount, batch });
    this.#held_bytes += sizeOf_bytes(batch);
    this.#rowCount += batch.rowCount;
    const { columns } = this.#options;
    if (columns === undefined) {
      if (this.#held_bytes > MAX_MESSAGES_BYTES) throw tooMany();
    } else if (this.#options.spills && this.#held_bytes > MAX_MEMORY_BYTES) {
      await this.#spill(columns);
    }
  }

  /**
   * Rows [from, from + count) as far as there are, at most as many as are convenient in one batch.
   * @returns undefined when there is none
   */
  async read(from: number, count: number): Promise<Batch | undefined> {
    const end = Math.min(from + count, this.#rowCount);
    if (from < 0 || from >= end) return undefined;
    const table = this.#table;
    if (this.#unflushed) table?.appender.flushSync();
    this.#unflushed = false;
    if (table !== undefined) return readTable(table, from, Math.min(end, from + CHUNK_ROWS));
    const holder = this.#holderOf(from);
    return holder === undefined
      ? undefined
      : sliceBatch(holder.batch, from - holder.first, end - holder.first);
  }

  /** The same downwards: rows before `before`, the nearest first, at most `count` of them. */
  async readBackward(before: number, count: number): Promise<Batch | undefined> {
    const first = Math.max(0, before - Math.min(count, CHUNK_ROWS));
    if (this.#table === undefined && before > 0) {
      const holder = this.#holderOf(before - 1);
      if (holder === undefined) return undefined;
      const from = Math.max(first, holder.first);
      return reversed(sliceBatch(holder.batch, from - holder.first, before - holder.first));
    }
    const batch = await this.read(first, before - first);
    return batch === undefined ? undefined : reversed(batch);
  }

  close(): void {
    this.#held = [];
    const table = this.#table;
    this.#table = undefined;
    if (table === undefined) return;
    table.appender.closeSync();
    table.connection.closeSync();
  }

  #holderOf(row: number): { readonly first: number; readonly batch: Batch } | undefined {
    let low = 0;
    let high = this.#held.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#held[middle]?.first ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    return this.#held[low];
  }

  async #spill(columns: readonly ResultColumn[]): Promise<void> {
    const connection = await this.#options.connect();
    try {
      const definitions = columns.map(({ type }, at) => `c${at} ${type.toString()}`);
      await connection.run(`CREATE TEMP TABLE kept (${definitions.join(', ')})`);
      const appender = await connection.createAppender('kept', 'main', 'temp');
      this.#table = { connection, appender, columns };
    } catch (error) {
      connection.closeSync();
      throw new SqlensError({
        sqlState: SqlState.programLimitExceeded,
        message: 'the rows of a cursor are too many to keep',
        detail: messageOf(error),
        hint: 'Declare the cursor with NO SCROLL, and read it before the transaction writes.',
        cause: error,
      });
    }
    const held = this.#held;
    this.#held = [];
    this.#held_bytes = 0;
    for (const { batch } of held) this.#write(this.#table, batch);
  }

  #write({ appender, columns }: Table, batch: Batch): void {
    if (!('columns' in batch)) throw tooMany();
    for (let from = 0; from < batch.rowCount; from += CHUNK_ROWS) {
      const to = Math.min(batch.rowCount, from + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(
        columns.map(({ type }) => type),
        to - from,
      );
      for (const [at, values] of batch.columns.entries()) chunk.setColumnValues(at, values.slice(from, to));
      appender.appendDataChunk(chunk);
    }
    this.#unflushed = true;
  }
}

/** The rows in the order in which they were appended: nothing is ever deleted, so rowid counts them. */
async function readTable({ connection, columns }: Table, from: number, to: number): Promise<RowBatch> {
  const reader = await connection.runAndReadAll(
    `SELECT * FROM temp.main.kept WHERE rowid >= ${from} AND rowid < ${to} ORDER BY rowid`,
  );
  const values = reader.getColumns();
  return { rowCount: to - from, columns: columns.map((_, at) => values[at] ?? []) };
}

function tooMany(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `the rows of a cursor over the catalog take more than ${MAX_MESSAGES_BYTES} bytes`,
    hint: 'Select less of the catalog at a time.',
  });
}
