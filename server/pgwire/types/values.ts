/** Narrowing of DuckDB's values: a value that does not fit its column's type is a bug, and says so. */
import {
  DuckDBArrayValue,
  DuckDBBitValue,
  type DuckDBBlobValue,
  DuckDBListValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { floorDiv, isInfinite } from './calendar.ts';

/** The value as an instance of a class. */
export function instance<T extends object>(
  value: DuckDBValue,
  expected: abstract new (...parameters: never[]) => T,
): T {
  if (value instanceof expected) return value;
  throw mismatch(expected.name, value);
}

export function numberOf(value: DuckDBValue): number {
  if (typeof value === 'number') return value;
  throw mismatch('a number', value);
}

export function bigintOf(value: DuckDBValue): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw mismatch('an integer', value);
}

export function booleanOf(value: DuckDBValue): boolean {
  if (typeof value === 'boolean') return value;
  throw mismatch('a boolean', value);
}

export function stringOf(value: DuckDBValue): string {
  if (typeof value === 'string') return value;
  throw mismatch('a string', value);
}

export function itemsOf(value: DuckDBValue): readonly DuckDBValue[] {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items;
  throw mismatch('a list', value);
}

/** Microseconds since 1970 of any timestamp type; PostgreSQL has no nanoseconds, so those are cut off. */
export function timestampMicros(value: DuckDBValue): bigint {
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBTimestampSecondsValue) {
    return isInfinite(value.seconds) ? value.seconds : value.seconds * 1_000_000n;
  }
  if (value instanceof DuckDBTimestampMillisecondsValue) {
    return isInfinite(value.millis) ? value.millis : value.millis * 1000n;
  }
  if (value instanceof DuckDBTimestampNanosecondsValue) {
    return isInfinite(value.nanos) ? value.nanos : floorDiv(value.nanos, 1000n);
  }
  throw mismatch('a timestamp', value);
}

/** Microseconds since midnight of TIME and TIME_NS. */
export function timeMicros(value: DuckDBValue): bigint {
  if (value instanceof DuckDBTimeValue) return value.micros;
  if (value instanceof DuckDBTimeNSValue) return value.nanos / 1000n;
  throw mismatch('a time', value);
}

export function bitText(value: DuckDBValue): string {
  return instance(value, DuckDBBitValue).toString();
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function blobText(value: DuckDBBlobValue): string {
  return `\\x${hex(value.bytes)}`;
}

/** bytea_output = escape: what is printable as it is, the rest as three octal digits. */
export function escapedBlobText(value: DuckDBBlobValue): string {
  let text = '';
  for (const byte of value.bytes) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte < 0x20 || byte > 0x7e) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}

export function mismatch(expected: string, value: DuckDBValue, type?: DuckDBType): SqlensError {
  const found = value === null ? 'null' : typeof value === 'object' ? value.constructor.name : typeof value;
  return new SqlensError({
    sqlState: SqlState.internalError,
    message: `a result column${type === undefined ? '' : ` of type ${type}`} holds ${found} where ${expected} belongs`,
    hint: 'This is a defect of SQLens; please report it with the statement.',
  });
}
