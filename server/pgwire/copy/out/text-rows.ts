/**
 * Rows of COPY's text and csv formats as CopyData messages, as PostgreSQL writes them (copyto.c). A value is written as it
 * goes over the wire otherwise, straight from the engine's memory where that is possible, and then escaped in place.
 */
import type { ResultColumn, RowBatch } from '../../../query/api.ts';
import type { CopyOptions } from '../../../query/copy/options.ts';
import { ByteSink } from '../../codec/byte-sink.ts';
import { rowBuffer_bytes } from '../../codec/data-rows.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { escaperOf } from './escape.ts';
import { type PutColumn, textColumn } from './text-columns.ts';

export interface CopyRows {
  readonly size_bytes: number;
  /** What stands before the rows. */
  begin(): void;
  /** Gives what writes a row of this batch. */
  writer(batch: RowBatch): (row: number) => void;
  /** What stands behind the rows. */
  end(): void;
  /** Hands over the complete messages. */
  take(): Buffer;
}

const copyDataType = 0x64;
const newline = 0x0a;
const firstBuffer_bytes = 2048;

export class TextRows implements CopyRows {
  readonly #sink = new ByteSink(firstBuffer_bytes);
  readonly #columns: readonly ResultColumn[];
  readonly #options: CopyOptions;
  readonly #put: readonly PutColumn[];
  readonly #delimiter: number;
  readonly #null: Buffer;

  constructor(columns: readonly ResultColumn[], options: CopyOptions, settings: FormatSettings) {
    this.#columns = columns;
    this.#options = options;
    this.#put = columns.map(({ type }, at) => textColumn(type, at, options, settings, columns.length === 1));
    this.#delimiter = options.delimiter.charCodeAt(0);
    this.#null = Buffer.from(options.null, options.encoding);
  }

  get size_bytes(): number {
    return this.#sink.offset;
  }

  begin(): void {
    if (this.#options.header === 'none') return;
    const sink = this.#sink;
    this.#beginRow();
    for (const [at, { name }] of this.#columns.entries()) {
      if (at > 0) this.#putByte(this.#delimiter);
      const bytes = Buffer.from(name, this.#options.encoding);
      const start = sink.offset;
      sink.ensure(bytes.length);
      sink.offset += bytes.copy(sink.buffer, start);
      escaperOf(this.#options, false, this.#columns.length === 1)(sink, start);
    }
    this.#endRow();
  }

  writer(batch: RowBatch): (row: number) => void {
    const sink = this.#sink;
    const values = this.#put.map((column) => column(batch));
    const nullText = this.#null;
    return (row) => {
      this.#beginRow();
      try {
        for (let at = 0; at < values.length; at++) {
          if (at > 0) this.#putByte(this.#delimiter);
          if (values[at]?.(row, sink) === true) continue;
          sink.ensure(nullText.length);
          sink.offset += nullText.copy(sink.buffer, sink.offset);
        }
      } catch (error) {
        sink.offset = sink.rowStart;
        throw error;
      }
      this.#endRow();
    };
  }

  end(): void {}

  take(): Buffer {
    return this.#sink.take(rowBuffer_bytes + rowBuffer_bytes / 8);
  }

  #beginRow(): void {
    const sink = this.#sink;
    sink.rowStart = sink.offset;
    sink.ensure(5);
    sink.buffer[sink.offset] = copyDataType;
    sink.offset += 5;
  }

  #endRow(): void {
    const sink = this.#sink;
    this.#putByte(newline);
    const { buffer, rowStart } = sink;
    // The length counts itself, not the type.
    const length = sink.offset - rowStart - 1;
    buffer[rowStart + 1] = length >> 24;
    buffer[rowStart + 2] = length >> 16;
    buffer[rowStart + 3] = length >> 8;
    buffer[rowStart + 4] = length;
  }

  #putByte(byte: number): void {
    const sink = this.#sink;
    sink.ensure(1);
    sink.buffer[sink.offset++] = byte;
  }
}
