/**
 * Values read from DuckDB's memory and written as they go over the wire, without a JavaScript value between: several
 * times as fast as by value, and the same bytes. Types that are not here go by value (text.ts, binary.ts).
 */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import type { VectorMemory } from '../../query/api.ts';
import type { ByteSink } from '../codec/byte-sink.ts';
import { postgresDays, postgresMicros } from './binary.ts';
import { dateText, timestampText } from './calendar.ts';
import { putAscii, putDate, putFloat8, putTimestamp, putWhole } from './digits.ts';
import { float4Text } from './numbers.ts';
import { type FormatSettings, zonedText } from './scalar-text.ts';

/** Writes the value of a row, which is not NULL, at the sink's end. */
export type PutValue = (row: number, sink: ByteSink) => void;

/** The text format of a column. @returns undefined for types that go by value */
export function putText(
  type: DuckDBType,
  { data, strings }: VectorMemory,
  settings: FormatSettings,
): PutValue | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return (row, sink) => {
        sink.ensure(1);
        sink.buffer[sink.offset++] = data.getUint8(row) === 0 ? 0x66 : 0x74;
      };
    case DuckDBTypeId.TINYINT:
      return (row, sink) => putWhole(data.getInt8(row), sink);
    case DuckDBTypeId.UTINYINT:
      return (row, sink) => putWhole(data.getUint8(row), sink);
    case DuckDBTypeId.SMALLINT:
      return (row, sink) => putWhole(data.getInt16(row * 2, true), sink);
    case DuckDBTypeId.USMALLINT:
      return (row, sink) => putWhole(data.getUint16(row * 2, true), sink);
    case DuckDBTypeId.INTEGER:
      return (row, sink) => putWhole(data.getInt32(row * 4, true), sink);
    case DuckDBTypeId.UINTEGER:
      return (row, sink) => putWhole(data.getUint32(row * 4, true), sink);
    case DuckDBTypeId.BIGINT:
      return (row, sink) => {
        const value = int64(data, row);
        if (Number.isSafeInteger(value)) putWhole(value, sink);
        else putAscii(data.getBigInt64(row * 8, true).toString(), sink);
      };
    case DuckDBTypeId.FLOAT:
      return (row, sink) => putAscii(float4Text(data.getFloat32(row * 4, true)), sink);
    case DuckDBTypeId.DOUBLE:
      return (row, sink) => putFloat8(data.getFloat64(row * 8, true), sink);
    case DuckDBTypeId.DATE:
      return (row, sink) => {
        const days = data.getInt32(row * 4, true);
        if (!putDate(days, sink)) putAscii(dateText(days), sink);
      };
    case DuckDBTypeId.TIMESTAMP:
      return (row, sink) => {
        if (putTimestamp(int64(data, row), sink)) return;
        putAscii(timestampText(data.getBigInt64(row * 8, true)), sink);
      };
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (row, sink) =>
        putAscii(zonedText(data.getBigInt64(row * 8, true), settings.timeZone, ' '), sink);
    case DuckDBTypeId.VARCHAR:
      return strings === undefined ? undefined : putString(data, strings);
    default:
      return undefined;
  }
}

/** The binary format of a column. @returns undefined for types that go by value */
export function putBinary(type: DuckDBType, { data, strings }: VectorMemory): PutValue | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return (row, sink) => {
        sink.ensure(1);
        sink.buffer[sink.offset++] = data.getUint8(row) === 0 ? 0 : 1;
      };
    case DuckDBTypeId.TINYINT:
      return (row, sink) => putInt16(data.getInt8(row), sink);
    case DuckDBTypeId.UTINYINT:
      return (row, sink) => putInt16(data.getUint8(row), sink);
    case DuckDBTypeId.SMALLINT:
      return (row, sink) => putInt16(data.getInt16(row * 2, true), sink);
    case DuckDBTypeId.USMALLINT:
      return (row, sink) => putInt32(data.getUint16(row * 2, true), sink);
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.FLOAT:
      // The bits of a float are those of the integer.
      return (row, sink) => putInt32(data.getInt32(row * 4, true), sink);
    case DuckDBTypeId.UINTEGER:
      return (row, sink) => putInt64(0, data.getUint32(row * 4, true), sink);
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.DOUBLE:
      return (row, sink) => putInt64(data.getUint32(row * 8 + 4, true), data.getUint32(row * 8, true), sink);
    case DuckDBTypeId.DATE:
      return (row, sink) => putInt32(postgresDays(data.getInt32(row * 4, true)), sink);
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (row, sink) => {
        sink.ensure(8);
        const micros = postgresMicros(data.getBigInt64(row * 8, true));
        sink.offset = sink.buffer.writeBigInt64BE(micros, sink.offset);
      };
    case DuckDBTypeId.VARCHAR:
      return strings === undefined ? undefined : putString(data, strings);
    default:
      return undefined;
  }
}

/** Below this, copying byte by byte is faster than a view of the source. */
const SHORT_STRING_BYTES = 64;

/** VARCHAR is UTF-8 in DuckDB, as it is on the wire. */
function putString(data: DataView, strings: NonNullable<VectorMemory['strings']>): PutValue {
  const inline = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return (row, sink) => {
    const at = row * 16;
    const length_bytes = data.getUint32(at, true);
    sink.ensure(length_bytes);
    const { buffer, offset } = sink;
    let source = inline;
    let start = at + 4;
    if (length_bytes > 12) {
      start = strings.locate(row);
      source = strings.bytes;
    }
    if (length_bytes > SHORT_STRING_BYTES) {
      buffer.set(source.subarray(start, start + length_bytes), offset);
    } else {
      for (let index = 0; index < length_bytes; index++) buffer[offset + index] = source[start + index] ?? 0;
    }
    sink.offset = offset + length_bytes;
  };
}

/** An int64 as a double: exact up to 2^53, and no safe integer beyond. */
function int64(data: DataView, row: number): number {
  return data.getInt32(row * 8 + 4, true) * 2 ** 32 + data.getUint32(row * 8, true);
}

function putInt16(value: number, sink: ByteSink): void {
  sink.ensure(2);
  const { buffer, offset } = sink;
  buffer[offset] = value >> 8;
  buffer[offset + 1] = value;
  sink.offset = offset + 2;
}

function putInt32(value: number, sink: ByteSink): void {
  sink.ensure(4);
  const { buffer, offset } = sink;
  buffer[offset] = value >> 24;
  buffer[offset + 1] = value >> 16;
  buffer[offset + 2] = value >> 8;
  buffer[offset + 3] = value;
  sink.offset = offset + 4;
}

function putInt64(high: number, low: number, sink: ByteSink): void {
  putInt32(high, sink);
  putInt32(low, sink);
}
