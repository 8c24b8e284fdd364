/** Rows of one DuckDB result as they are pulled, a few hundred at a time, so that no conversion holds the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DuckDBDataChunk, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { RowBatch } from './api.ts';

/** What converting one batch may take; encoding it takes as long again, and others wait meanwhile. */
const BATCH_TARGET_MS = 1.5;
const MIN_BATCH_ROWS = 8;
const MAX_BATCH_ROWS = 1024;

export interface ChunkSource {
  /** The next chunk, undefined at the end; rejects when the stream broke. */
  nextChunk(): Promise<DuckDBDataChunk | undefined>;
}

/**
 * A stream that ends with a sentinel row. DuckDB's streams end the same way whether they are complete or failed
 * half-way; only the sentinel tells. The statement was wrapped by `withSentinel`.
 */
export class SentinelStream implements ChunkSource {
  readonly #result: DuckDBResult;
  readonly #flagColumn: number;
  #complete = false;

  constructor(result: DuckDBResult) {
    this.#result = result;
    this.#flagColumn = result.columnCount - 1;
  }

  async nextChunk(): Promise<DuckDBDataChunk | undefined> {
    while (!this.#complete) {
      const chunk = await this.#result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) throw new IncompleteStreamError();
      const lastRow = chunk.rowCount - 1;
      if (chunk.getColumnVector(this.#flagColumn).getItem(lastRow) !== true) return chunk;
      this.#complete = true;
      return chunk;
    }
    return undefined;
  }
}

/** The stream broke; why is found out by running the statement in a way that says so. */
export class IncompleteStreamError extends SqlensError {
  constructor() {
    super({ sqlState: SqlState.internalError, message: 'the statement failed while its rows were read' });
  }
}

/** @param columnCount columns of the statement itself */
export function withSentinel(
  sql: string,
  columnCount: number,
): { readonly text: string; readonly prefixLength: number } {
  const prefix = 'SELECT *, FALSE FROM (\n';
  const nulls = 'NULL, '.repeat(columnCount);
  return { text: `${prefix}${sql}\n) UNION ALL SELECT ${nulls}TRUE`, prefixLength: prefix.length };
}

/** A result that was materialised, for statements that cannot be wrapped. */
export class ChunkList implements ChunkSource {
  readonly #chunks: DuckDBDataChunk[];

  constructor(chunks: readonly DuckDBDataChunk[]) {
    this.#chunks = [...chunks];
  }

  async nextChunk(): Promise<DuckDBDataChunk | undefined> {
    return this.#chunks.shift();
  }
}

/** Converts chunks to batches of JavaScript values; columns beyond `columnCount` (the sentinel's) are left out. */
export class RowReader {
  readonly #source: ChunkSource;
  readonly #columnCount: number;
  readonly #hasSentinel: boolean;
  #chunk: DuckDBDataChunk | undefined;
  #position = 0;
  #batchRows = 64;

  constructor(source: ChunkSource, columnCount: number, hasSentinel: boolean) {
    this.#source = source;
    this.#columnCount = columnCount;
    this.#hasSentinel = hasSentinel;
  }

  async next(): Promise<RowBatch | undefined> {
    for (;;) {
      if (this.#chunk === undefined) {
        this.#chunk = await this.#source.nextChunk();
        this.#position = 0;
        if (this.#chunk === undefined) return undefined;
      } else {
        await nextTurn();
      }
      const batch = this.#convert(this.#chunk);
      if (batch.rowCount > 0) return batch;
    }
  }

  #convert(chunk: DuckDBDataChunk): RowBatch {
    const started_ms = performance.now();
    const rowCount = this.#rowsOf(chunk);
    const end = Math.min(rowCount, this.#position + this.#batchRows);
    const columns: DuckDBValue[][] = [];
    for (let column = 0; column < this.#columnCount; column++) {
      const vector = chunk.getColumnVector(column);
      const values: DuckDBValue[] = new Array(end - this.#position);
      for (let row = this.#position; row < end; row++) values[row - this.#position] = vector.getItem(row);
      columns.push(values);
    }
    const batch = { rowCount: end - this.#position, columns };
    this.#adapt(end - this.#position, performance.now() - started_ms);
    this.#position = end;
    if (end >= rowCount) this.#chunk = undefined;
    return batch;
  }

  #adapt(rows: number, duration_ms: number): void {
    if (rows < this.#batchRows && duration_ms < BATCH_TARGET_MS) return;
    const fitting = Math.floor((rows * BATCH_TARGET_MS) / Math.max(duration_ms, 0.01));
    this.#batchRows = Math.max(MIN_BATCH_ROWS, Math.min(MAX_BATCH_ROWS, fitting, this.#batchRows * 2));
  }

  #rowsOf(chunk: DuckDBDataChunk): number {
    if (!this.#hasSentinel) return chunk.rowCount;
    const flags = chunk.getColumnVector(this.#columnCount);
    return flags.getItem(chunk.rowCount - 1) === true ? chunk.rowCount - 1 : chunk.rowCount;
  }
}
