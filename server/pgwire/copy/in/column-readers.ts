/** How each type's values are read from COPY's data: common ones byte by byte into memory, others through their values. */

import {
  type DuckDBArrayType,
  DuckDBArrayValue,
  type DuckDBDataChunk,
  type DuckDBListType,
  DuckDBListValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { Format } from '../../codec/frontend.ts';
import { type ArrayItem, parseArray } from '../../types/array-text.ts';
import { decodeBinary } from '../../types/decode-binary.ts';
import { decodeText } from '../../types/decode-text.ts';
import { decodeNumericBinary } from '../../types/numeric-binary.ts';
import { Oid, pgTypeOf } from '../../types/pg-type.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { fitted, wrongDimensions, wrongLength } from './fit.ts';
import { type CheckText, fittingText } from './fit-text.ts';
import { fromJson } from './from-json.ts';
import { checkText } from './lines.ts';
import { type FastReader, fastBinary, fastText } from './memory-readers.ts';

type Vector = ReturnType<typeof duckdb.data_chunk_get_vector>;

/** Rows per chunk: DuckDB's vector size. */
export const chunkRows = 2048;

export interface FilledChunk {
  readonly chunk: DuckDBDataChunk;
  readonly column: number;
  readonly vector: Vector;
  readonly rowCount: number;
}

export interface ColumnReader {
  /** Whether NULLs are written with the values. */
  readonly keepsNulls: boolean;
  /** @throws SqlensError when the bytes are no value of the type */
  put(row: number, bytes: Buffer, start: number, end: number): void;
  putNull(row: number): void;
  /** Writes the rows that were put into a chunk, and begins anew. */
  fill(filled: FilledChunk): void;
}

/**
 * Reads a value into its place in the memory.
 * @returns false when the bytes need a closer look
 */
export type ReadInto = (data: DataView, row: number, bytes: Buffer, start: number, end: number) => boolean;

export function columnReader(
  type: DuckDBType,
  stored: DuckDBType,
  format: Format,
  settings: FormatSettings,
): ColumnReader {
  if (stored.typeId === DuckDBTypeId.VARCHAR) return new StringReader(fittingText(type, format, settings));
  const decode = decoder(type, format, settings);
  const fast = format === 'text' ? fastText(type) : fastBinary(type);
  return fast === undefined ? new ValueReader(decode) : new MemoryReader(fast, decode);
}

type Decode = (bytes: Buffer, start: number, end: number) => DuckDBValue;

/** By the protocol's own readers of parameters, and then made to fit the column. */
function decoder(type: DuckDBType, format: Format, settings: FormatSettings): Decode {
  const { oid } = pgTypeOf(type);
  if (oid === Oid.json) {
    return (bytes, start, end) => {
      // The lines of the text formats were looked at as they came.
      if (format === 'binary') checkText(bytes.subarray(start, end));
      return fromJson(type, bytes.toString('utf8', start, end), settings);
    };
  }
  if (format === 'text') {
    if (isListType(type)) {
      return (bytes, start, end) => fromArray(type, parseArray(bytes.toString('utf8', start, end)), settings);
    }
    return (bytes, start, end) => {
      const text = bytes.toString('utf8', start, end);
      return fitted(type, text, () => decodeText(oid, text, settings).value);
    };
  }
  if (oid === Oid.numeric) {
    return (bytes, start, end) => {
      const text = decodeNumericBinary(bytes.subarray(start, end));
      return fitted(type, text, () => decodeText(oid, text, settings).value);
    };
  }
  return (bytes, start, end) =>
    // A copy: the value may hold on to it, and the buffer is used again.
    fitted(type, undefined, () => decodeBinary(oid, Buffer.from(bytes.subarray(start, end)), settings).value);
}

/** Values are put one beside the other into memory of ours, and copied from there as a whole. */
/** Element by element, so that each is made to fit by its own digits. */
function fromArray(type: DuckDBType, item: ArrayItem, settings: FormatSettings): DuckDBValue {
  if (item === null) return null;
  if (isListType(type)) {
    if (typeof item === 'string') throw wrongDimensions();
    const items = item.map((inner) => fromArray(type.valueType, inner, settings));
    if (type.typeId === DuckDBTypeId.LIST) return new DuckDBListValue(items);
    if (items.length !== type.length) throw wrongLength(items.length, type.length);
    return new DuckDBArrayValue(items);
  }
  if (typeof item !== 'string') throw wrongDimensions();
  return fitted(type, item, () => decodeText(pgTypeOf(type).oid, item, settings).value);
}

function isListType(type: DuckDBType): type is DuckDBListType | DuckDBArrayType {
  return type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY;
}

class MemoryReader implements ColumnReader {
  readonly keepsNulls = false;
  readonly #width_bytes: number;
  readonly #read: ReadInto;
  readonly #decode: Decode;
  readonly #write: FastReader['write'];
  readonly #memory: ArrayBuffer;
  readonly #data: DataView;

  constructor({ width_bytes, read, write }: FastReader, decode: Decode) {
    this.#width_bytes = width_bytes;
    this.#read = read;
    this.#decode = decode;
    this.#write = write;
    this.#memory = new ArrayBuffer(chunkRows * width_bytes);
    this.#data = new DataView(this.#memory);
  }

  put(row: number, bytes: Buffer, start: number, end: number): void {
    if (this.#read(this.#data, row, bytes, start, end)) return;
    this.#write(this.#data, row, this.#decode(bytes, start, end));
  }

  putNull(): void {}

  fill({ vector, rowCount }: FilledChunk): void {
    duckdb.copy_data_to_vector(vector, 0, this.#memory, 0, rowCount * this.#width_bytes);
  }
}

/** DuckDB's string_t: a length and, up to here, the bytes themselves. */
const maxInline_bytes = 12;
const stringWidth_bytes = 16;

class StringReader implements ColumnReader {
  readonly keepsNulls = false;
  readonly #check: CheckText | undefined;
  readonly #memory = new ArrayBuffer(chunkRows * stringWidth_bytes);
  readonly #inline = new Uint8Array(this.#memory);
  /** Longer strings, which the engine has to find room for: rows, and where each begins among the bytes. */
  readonly #longRows: number[] = [];
  readonly #longStarts: number[] = [];
  #long: Buffer = Buffer.alloc(0);
  #long_bytes = 0;

  constructor(check: CheckText | undefined) {
    this.#check = check;
  }

  put(row: number, bytes: Buffer, start: number, end: number): void {
    this.#check?.(bytes, start, end);
    const length_bytes = end - start;
    if (length_bytes > maxInline_bytes) this.#putLong(row, bytes, start, end);
    const inline = this.#inline;
    const at = row * stringWidth_bytes;
    const kept_bytes = length_bytes > maxInline_bytes ? 0 : length_bytes;
    inline[at] = kept_bytes;
    for (let index = 0; index < kept_bytes; index++) inline[at + 4 + index] = bytes[start + index] ?? 0;
    // Strings are compared with what stands behind them.
    for (let index = kept_bytes; index < maxInline_bytes; index++) inline[at + 4 + index] = 0;
  }

  putNull(row: number): void {
    const at = row * stringWidth_bytes;
    this.#inline.fill(0, at, at + stringWidth_bytes);
  }

  fill({ vector, rowCount }: FilledChunk): void {
    duckdb.copy_data_to_vector(vector, 0, this.#memory, 0, rowCount * stringWidth_bytes);
    this.#longStarts.push(this.#long_bytes);
    for (const [at, row] of this.#longRows.entries()) {
      const bytes = this.#long.subarray(this.#longStarts[at], this.#longStarts[at + 1]);
      // A row that lacked its last bytes was put twice: the later one counts, and one that will come does not yet.
      if (row < rowCount) duckdb.vector_assign_string_element_len(vector, row, bytes);
    }
    this.#longRows.length = 0;
    this.#longStarts.length = 0;
    this.#long_bytes = 0;
    if (this.#long.length > maxKept_bytes) this.#long = Buffer.alloc(0);
  }

  #putLong(row: number, bytes: Buffer, start: number, end: number): void {
    const needed_bytes = this.#long_bytes + end - start;
    if (needed_bytes > this.#long.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed_bytes * 2, 65_536));
      this.#long.copy(grown, 0, 0, this.#long_bytes);
      this.#long = grown;
    }
    this.#longRows.push(row);
    this.#longStarts.push(this.#long_bytes);
    this.#long_bytes += bytes.copy(this.#long, this.#long_bytes, start, end);
  }
}

/** Room for long strings that is kept from chunk to chunk. */
const maxKept_bytes = 1024 * 1024;

class ValueReader implements ColumnReader {
  readonly keepsNulls = true;
  readonly #decode: Decode;
  readonly #values: DuckDBValue[] = [];

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  put(row: number, bytes: Buffer, start: number, end: number): void {
    this.#values[row] = this.#decode(bytes, start, end);
  }

  putNull(row: number): void {
    this.#values[row] = null;
  }

  fill({ chunk, column, rowCount }: FilledChunk): void {
    this.#values.length = rowCount;
    chunk.setColumnValues(column, this.#values);
    this.#values.length = 0;
  }
}
