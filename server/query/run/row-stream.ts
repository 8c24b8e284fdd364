/** Rows of one DuckDB result as they are pulled, a few hundred at a time, so that no conversion holds the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type DuckDBDataChunk,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
  ResultReturnType,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { BatchMemory, RowBatch } from '../api.ts';
import { type VectorMemory, vectorMemory } from './vector-memory.ts';

/** What converting one batch may take; encoding it takes as long again, and others wait meanwhile. */
const BATCH_TARGET_MS = 1.5;
const MIN_BATCH_ROWS = 8;
const MAX_BATCH_ROWS = 1024;

export interface ChunkSource {
  /** The next chunk, undefined at the end; rejects when the stream broke. */
  nextChunk(): Promise<DuckDBDataChunk | undefined>;
}

/**
 * A stream that is looked at when it ends. DuckDB gives no more chunks whether it is complete, or failed half-way, was
 * interrupted or had to give way to another statement; only the result knows which.
 */
export class CheckedStream implements ChunkSource {
  readonly #result: DuckDBResult;
  #complete = false;

  constructor(result: DuckDBResult) {
    this.#result = result;
  }

  async nextChunk(): Promise<DuckDBDataChunk | undefined> {
    if (this.#complete) return undefined;
    const chunk = await this.#result.fetchChunk();
    if (chunk !== null && chunk.rowCount > 0) return chunk;
    // A result that holds an error has no type any more.
    if (this.#result.returnType !== ResultReturnType.QUERY_RESULT) throw new IncompleteStreamError();
    this.#complete = true;
    return undefined;
  }
}

/** The stream broke; why is found out by running the statement in a way that says so. */
export class IncompleteStreamError extends SqlensError {
  constructor() {
    super({ sqlState: SqlState.internalError, message: 'the statement failed while its rows were read' });
  }
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

/** Cuts chunks into batches. Columns that have to be converted value by value make small ones, so that no conversion holds the event loop. */
export class RowReader {
  readonly #source: ChunkSource;
  readonly #types: readonly DuckDBType[];
  #chunk: OpenChunk | undefined;
  #position = 0;
  #batchRows = 64;
  /** Of which there are no more rows to give. */
  #given: DuckDBDataChunk | undefined;

  constructor(source: ChunkSource, types: readonly DuckDBType[]) {
    this.#source = source;
    this.#types = types;
  }

  async next(): Promise<RowBatch | undefined> {
    this.#given = undefined;
    for (;;) {
      if (this.#chunk === undefined) {
        const chunk = await this.#source.nextChunk();
        if (chunk === undefined) return undefined;
        this.#chunk = this.#open(chunk);
        this.#position = 0;
      } else {
        await nextTurn();
      }
      const batch = this.#cut(this.#chunk);
      if (batch.rowCount > 0) return batch;
    }
  }

  /**
   * Frees what the batches until now lie in, which nobody reads any more. The garbage collector sees a small object
   * where megabytes of strings are, and leaves it for long. The vectors themselves stay, for the views of them; what
   * they point to goes.
   */
  release(): void {
    if (this.#given !== undefined) duckdb.data_chunk_reset(this.#given.chunk);
    this.#given = undefined;
  }

  #open(chunk: DuckDBDataChunk): OpenChunk {
    const { rowCount } = chunk;
    const memory = this.#types.map((type, column) => vectorMemory(chunk, column, type, rowCount));
    return { chunk, rowCount, memory };
  }

  #cut(open: OpenChunk): RowBatch {
    const from = this.#position;
    const byValue = open.memory.includes(undefined);
    const end = byValue ? Math.min(open.rowCount, from + this.#batchRows) : open.rowCount;
    const started_ms = performance.now();
    const batch = new ChunkBatch(open, from, end);
    if (byValue) this.#adapt(end - from, performance.now() - started_ms);
    this.#position = end;
    if (end >= open.rowCount) {
      this.#chunk = undefined;
      this.#given = open.chunk;
    }
    return batch;
  }

  #adapt(rows: number, duration_ms: number): void {
    if (rows < this.#batchRows && duration_ms < BATCH_TARGET_MS) return;
    const fitting = Math.floor((rows * BATCH_TARGET_MS) / Math.max(duration_ms, 0.01));
    this.#batchRows = Math.max(MIN_BATCH_ROWS, Math.min(MAX_BATCH_ROWS, fitting, this.#batchRows * 2));
  }
}

interface OpenChunk {
  readonly chunk: DuckDBDataChunk;
  readonly rowCount: number;
  readonly memory: readonly (VectorMemory | undefined)[];
}

/** Rows of a chunk. It holds the chunk, whose memory lives as long as it does. */
class ChunkBatch implements RowBatch {
  readonly memory: BatchMemory;
  readonly #open: OpenChunk;
  readonly #end: number;
  #columns: readonly (readonly DuckDBValue[])[] | undefined;

  constructor(open: OpenChunk, from: number, end: number) {
    this.#open = open;
    this.#end = end;
    this.memory = {
      firstRow: from,
      columns: open.memory.map(
        (memory, column) => memory ?? { kind: 'values', values: valuesOf(open.chunk, column, from, end) },
      ),
    };
  }

  get rowCount(): number {
    return this.#end - this.memory.firstRow;
  }

  /** Converted when they are asked for: who reads the memory has no need of them. */
  get columns(): readonly (readonly DuckDBValue[])[] {
    const { firstRow } = this.memory;
    this.#columns ??= this.memory.columns.map((column, at) =>
      column.kind === 'values' ? column.values : valuesOf(this.#open.chunk, at, firstRow, this.#end),
    );
    return this.#columns;
  }
}

function valuesOf(chunk: DuckDBDataChunk, column: number, from: number, end: number): DuckDBValue[] {
  const vector = chunk.getColumnVector(column);
  const values: DuckDBValue[] = new Array(end - from);
  for (let row = from; row < end; row++) values[row - from] = vector.getItem(row);
  return values;
}
