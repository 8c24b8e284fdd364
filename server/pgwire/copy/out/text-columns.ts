/** Columns of COPY's text and csv formats: the text of each value, escaped where it could need it. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { RowBatch } from '../../../query/api.ts';
import type { CopyOptions } from '../../../query/copy/options.ts';
import type { ByteSink } from '../../codec/byte-sink.ts';
import { type PutValue, putText } from '../../types/from-memory.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { textEncoder } from '../../types/text.ts';
import { escaperOf } from './escape.ts';

/** Writes the value of a row at the sink's end. @returns false for NULL, of which nothing is written */
export type PutField = (row: number, sink: ByteSink) => boolean;

/** Gives the writer of a column for one batch. */
export type PutColumn = (batch: RowBatch) => PutField;

/** @param isOnly the column is the only one */
export function textColumn(
  type: DuckDBType,
  at: number,
  options: CopyOptions,
  settings: FormatSettings,
  isOnly: boolean,
): PutColumn {
  const isForced = options.forceQuote[at] === true;
  const escapeText = !isForced && isPlain(type, options) ? undefined : escaperOf(options, isForced, isOnly);
  const convert = options.encoding === 'latin1' ? toLatin1 : undefined;
  const finish = (sink: ByteSink, start: number) => {
    convert?.(sink, start);
    escapeText?.(sink, start);
  };
  const isFinished = convert === undefined && escapeText === undefined;
  let encode: ReturnType<typeof textEncoder> | undefined;
  return (batch) => {
    const { memory } = batch;
    const column = memory?.columns[at];
    if (memory !== undefined && column?.kind === 'memory') {
      const put = putText(type, column, settings);
      if (put !== undefined) {
        const whole: PutValue = isFinished ? put : finished(put, finish);
        return fromMemory(whole, column.validity, memory.firstRow);
      }
    }
    const values = column?.kind === 'values' ? column.values : (batch.columns[at] ?? []);
    encode ??= textEncoder(type, settings);
    const text = encode;
    return (row, sink) => {
      const value = values[row] ?? null;
      if (value === null) return false;
      const start = sink.offset;
      putString(text(value), sink);
      finish(sink, start);
      return true;
    };
  };
}

function finished(put: PutValue, finish: (sink: ByteSink, start: number) => void): PutValue {
  return (row, sink) => {
    const start = sink.offset;
    put(row, sink);
    finish(sink, start);
  };
}

function fromMemory(put: PutValue, validity: Uint8Array | undefined, firstRow: number): PutField {
  return (row, sink) => {
    const at = firstRow + row;
    if (validity !== undefined && (((validity[at >> 3] ?? 0) >> (at & 7)) & 1) === 0) return false;
    put(at, sink);
    return true;
  };
}

/** Characters that numbers, dates and truth values are made of, infinities included. */
const plainCharacters = /^[^0-9A-Za-z+\-.: ]$/;

/** Whether no value of the type could need escaping or quoting. */
function isPlain(type: DuckDBType, { delimiter, quote, null: nullText, format }: CopyOptions): boolean {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.DATE:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      if (format === 'text') return plainCharacters.test(delimiter);
      // A value that reads as NULL is quoted.
      return plainCharacters.test(delimiter) && plainCharacters.test(quote) && nullText === '';
    default:
      return false;
  }
}

function putString(text: string, sink: ByteSink): void {
  sink.ensure(text.length < 1024 ? text.length * 3 : Buffer.byteLength(text));
  sink.offset += sink.buffer.write(text, sink.offset);
}

function toLatin1(sink: ByteSink, start: number): void {
  const text = sink.buffer.toString('utf8', start, sink.offset);
  for (const character of text) {
    if ((character.codePointAt(0) ?? 0) <= 0xff) continue;
    const bytes = [...Buffer.from(character)].map((byte) => `0x${byte.toString(16)}`).join(' ');
    throw new SqlensError({
      sqlState: SqlState.untranslatableCharacter,
      message: `character with byte sequence ${bytes} in encoding "UTF8" has no equivalent in encoding "LATIN1"`,
      hint: 'Copy as UTF8.',
    });
  }
  sink.offset = start + sink.buffer.write(text, start, 'latin1');
}
