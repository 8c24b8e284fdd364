/** COPY's binary format (PostgreSQL manual, COPY, File Formats): a signature, rows as in DataRow, and -1 at the end. */
import type { ResultColumn, RowBatch } from '../../../query/api.ts';
import { DataRows } from '../../codec/data-rows.ts';
import { type ColumnWriter, columnWriters } from '../../session/columns.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { binaryHeader } from '../binary-header.ts';
import type { CopyRows } from './text-rows.ts';

const copyDataType = 0x64;

export class BinaryRows implements CopyRows {
  readonly #rows = new DataRows(copyDataType);
  readonly #columns: readonly ColumnWriter[];
  /** The header shares the message of the first row. */
  #prefix: Uint8Array | undefined = binaryHeader;

  constructor(columns: readonly ResultColumn[], settings: FormatSettings) {
    this.#columns = columnWriters(columns, ['binary'], settings);
  }

  get size_bytes(): number {
    return this.#rows.size_bytes;
  }

  begin(): void {}

  writer(batch: RowBatch): (row: number) => void {
    const rows = this.#rows;
    const writers = this.#columns.map((column) => column(batch));
    return (row) => {
      rows.beginRow(writers.length, this.#prefix);
      try {
        for (const write of writers) write(row, rows);
      } catch (error) {
        rows.abandonRow();
        throw error;
      }
      rows.endRow();
      this.#prefix = undefined;
    };
  }

  end(): void {
    // A row of -1 columns.
    this.#rows.beginRow(0xffff, this.#prefix);
    this.#rows.endRow();
  }

  take(): Buffer {
    return this.#rows.take();
  }
}
