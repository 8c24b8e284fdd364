/** Rows on their way into the engine: values are written into the memory of a chunk, column by column. */

import { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CopyInColumn } from '../../../query/api.ts';
import type { CopyOptions } from '../../../query/copy/options.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { type ColumnReader, chunkRows, columnReader } from './column-readers.ts';

/** A chunk of long values is full before its rows are. */
const maxChunk_bytes = 16 * 1024 * 1024;

export class ChunkWriter {
  readonly #relation: string;
  readonly #target: readonly CopyInColumn[];
  readonly #readers: readonly ColumnReader[];
  /** A bit a row, 0 for NULL; undefined while a column has none. */
  readonly #validities: (Uint8Array<ArrayBuffer> | undefined)[];
  #row = 0;
  /** The first column of the row that must not be NULL and is; -1 for none. */
  #refused = -1;
  #size_bytes = 0;

  constructor(
    relation: string,
    target: readonly CopyInColumn[],
    options: CopyOptions,
    settings: FormatSettings,
  ) {
    this.#relation = relation;
    this.#target = target;
    const format = options.format === 'binary' ? 'binary' : 'text';
    this.#readers = target.map(({ type, stored }) => columnReader(type, stored, format, settings));
    this.#validities = target.map(() => undefined);
  }

  get rowCount(): number {
    return this.#row;
  }

  /** About what the values take. */
  get size_bytes(): number {
    return this.#size_bytes;
  }

  get isFull(): boolean {
    return this.#row >= chunkRows || this.#size_bytes >= maxChunk_bytes;
  }

  beginRow(): void {
    this.#refused = -1;
  }

  /** @throws SqlensError 23502 */
  endRow(): void {
    if (this.#refused >= 0) throw this.#nullRefused(this.#refused);
    this.#row++;
  }

  putNull(column: number): void {
    // Said when the row is whole: what is wrong with a value behind it comes first.
    if (this.#refused < 0 && this.#target[column]?.isNotNull === true) this.#refused = column;
    let validity = this.#validities[column];
    if (validity === undefined) {
      validity = new Uint8Array(chunkRows / 8).fill(0xff);
      this.#validities[column] = validity;
    }
    const row = this.#row;
    validity[row >> 3] = (validity[row >> 3] ?? 0) & ~(1 << (row & 7));
    this.#readers[column]?.putNull(row);
  }

  /** @throws SqlensError when the bytes are no value of the column's type */
  put(column: number, bytes: Buffer, start: number, end: number): void {
    this.#restore(column);
    this.#readers[column]?.put(this.#row, bytes, start, end);
    this.#size_bytes += 16 + end - start;
  }

  /** The chunk that was filled; the next row begins another one. */
  take(): DuckDBDataChunk {
    const rowCount = this.#row;
    const chunk = DuckDBDataChunk.create(
      this.#target.map(({ stored }) => stored),
      rowCount,
    );
    for (const [at, reader] of this.#readers.entries()) {
      const vector = duckdb.data_chunk_get_vector(chunk.chunk, at);
      reader.fill({ chunk, column: at, vector, rowCount });
      const validity = this.#validities[at];
      this.#validities[at] = undefined;
      // A column that is written value by value has its NULLs from those.
      if (validity === undefined || reader.keepsNulls) continue;
      duckdb.vector_ensure_validity_writable(vector);
      duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer, 0, Math.ceil(rowCount / 8));
    }
    this.#row = 0;
    this.#size_bytes = 0;
    return chunk;
  }

  /** A row that lacked its last bytes is read again: what was NULL then is NULL again, and what was not is not. */
  #restore(column: number): void {
    const validity = this.#validities[column];
    if (validity === undefined) return;
    const row = this.#row;
    validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
  }

  #nullRefused(column: number): SqlensError {
    return new SqlensError({
      sqlState: SqlState.notNullViolation,
      message: `null value in column "${this.#target[column]?.name}" of relation "${this.#relation}" violates not-null constraint`,
    });
  }
}
