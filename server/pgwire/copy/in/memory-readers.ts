/**
 * The commonest types, read from bytes straight into the engine's memory. Whatever is not in the form that PostgreSQL
 * writes goes the longer way, which knows all forms and all errors.
 */
import {
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { daysFromCivil, postgresEpoch_days } from '../../types/calendar.ts';
import { bigintOf, booleanOf, instance, numberOf } from '../../types/values.ts';
import type { ReadInto } from './column-readers.ts';

export interface FastReader {
  readonly width_bytes: number;
  readonly read: ReadInto;
  /** Puts a value that was read the longer way. */
  readonly write: (data: DataView, row: number, value: DuckDBValue) => void;
}

export function fastText(type: DuckDBType): FastReader | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return { width_bytes: 1, read: readBool, write: writeBool };
    case DuckDBTypeId.SMALLINT:
      return { width_bytes: 2, read: whole(4, setInt16), write: writeInt16 };
    case DuckDBTypeId.INTEGER:
      return { width_bytes: 4, read: whole(9, setInt32), write: writeInt32 };
    case DuckDBTypeId.BIGINT:
      return { width_bytes: 8, read: whole(15, setInt64), write: writeInt64 };
    case DuckDBTypeId.FLOAT:
      return { width_bytes: 4, read: decimal(setFloat), write: writeFloat };
    case DuckDBTypeId.DOUBLE:
      return { width_bytes: 8, read: decimal(setDouble), write: writeDouble };
    case DuckDBTypeId.DATE:
      return { width_bytes: 4, read: readDate, write: writeDate };
    case DuckDBTypeId.TIMESTAMP:
      return { width_bytes: 8, read: readTimestamp, write: writeTimestamp };
    case DuckDBTypeId.TIMESTAMP_TZ:
      return { width_bytes: 8, read: () => false, write: writeTimestampTz };
    default:
      return undefined;
  }
}

export function fastBinary(type: DuckDBType): FastReader | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return { width_bytes: 1, read: sized(1, binaryBool), write: writeBool };
    case DuckDBTypeId.SMALLINT:
      return { width_bytes: 2, read: sized(2, binaryInt16), write: writeInt16 };
    case DuckDBTypeId.INTEGER:
      return { width_bytes: 4, read: sized(4, binaryInt32), write: writeInt32 };
    case DuckDBTypeId.BIGINT:
      return { width_bytes: 8, read: sized(8, binaryInt64), write: writeInt64 };
    case DuckDBTypeId.FLOAT:
      // The bits of a float are moved as those of an integer.
      return { width_bytes: 4, read: sized(4, binaryInt32), write: writeFloat };
    case DuckDBTypeId.DOUBLE:
      return { width_bytes: 8, read: sized(8, binaryInt64), write: writeDouble };
    case DuckDBTypeId.DATE:
      return { width_bytes: 4, read: binaryDate, write: writeDate };
    case DuckDBTypeId.TIMESTAMP:
      return { width_bytes: 8, read: () => false, write: writeTimestamp };
    case DuckDBTypeId.TIMESTAMP_TZ:
      return { width_bytes: 8, read: () => false, write: writeTimestampTz };
    default:
      return undefined;
  }
}

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;

type SetNumber = (data: DataView, row: number, value: number) => void;

const setInt16: SetNumber = (data, row, value) => data.setInt16(row * 2, value, true);
const setInt32: SetNumber = (data, row, value) => data.setInt32(row * 4, value, true);
const setFloat: SetNumber = (data, row, value) => data.setFloat32(row * 4, value, true);
const setDouble: SetNumber = (data, row, value) => data.setFloat64(row * 8, value, true);

/** Of at most 2^53. */
const setInt64: SetNumber = (data, row, value) => {
  const high = Math.floor(value / 2 ** 32);
  data.setInt32(row * 8 + 4, high, true);
  data.setUint32(row * 8, value - high * 2 ** 32, true);
};

/** Digits, so few that they fit for sure, with or without a minus sign. */
function whole(maxDigits: number, set: SetNumber): ReadInto {
  return (data, row, bytes, start, end) => {
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    const length = end - first;
    if (length === 0 || length > maxDigits) return false;
    let value = 0;
    for (let at = first; at < end; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return false;
      value = value * 10 + digit;
    }
    set(data, row, isNegative ? -value : value);
    return true;
  };
}

const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/**
 * Decimals of at most 15 digits: numerator and denominator are exact doubles, so that one division rounds once, as it
 * should (Clinger's fast path).
 */
function decimal(set: SetNumber): ReadInto {
  return (data, row, bytes, start, end) => {
    const isNegative = bytes[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    if (end - first > 16 || end === first) return false;
    let value = 0;
    let digits = 0;
    let decimals = -1;
    for (let at = first; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === DOT && decimals < 0) {
        decimals = 0;
        continue;
      }
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) return false;
      value = value * 10 + digit;
      digits++;
      if (decimals >= 0) decimals++;
    }
    if (digits === 0 || digits > 15) return false;
    if (decimals > 0) value /= powersOfTen[decimals] ?? 1;
    set(data, row, isNegative ? -value : value);
    return true;
  };
}

const readBool: ReadInto = (data, row, bytes, start, end) => {
  if (end - start !== 1) return false;
  const byte = bytes[start];
  // t, f, and the digits.
  if (byte !== 0x74 && byte !== 0x66) return false;
  data.setUint8(row, byte === 0x74 ? 1 : 0);
  return true;
};

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970 of YYYY-MM-DD; undefined when it is not that, or no date. */
function daysOf(bytes: Buffer, at: number): number | undefined {
  if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return undefined;
  const year = pair(bytes, at) * 100 + pair(bytes, at + 2);
  const month = pair(bytes, at + 5);
  const day = pair(bytes, at + 8);
  // NaN fails as well.
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && isLeap ? 29 : (monthDays[month - 1] ?? 0);
  return day <= last ? daysFromCivil({ year, month, day }) : undefined;
}

/** Two digits; NaN when they are not. */
function pair(bytes: Buffer, at: number): number {
  const tens = (bytes[at] ?? 0) - ZERO;
  const ones = (bytes[at + 1] ?? 0) - ZERO;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return Number.NaN;
  return tens * 10 + ones;
}

const readDate: ReadInto = (data, row, bytes, start, end) => {
  if (end - start !== 10) return false;
  const days = daysOf(bytes, start);
  if (days === undefined) return false;
  data.setInt32(row * 4, days, true);
  return true;
};

const COLON = 0x3a;
const SPACE = 0x20;

/** YYYY-MM-DD HH:MM:SS, and up to six digits of a second. */
const readTimestamp: ReadInto = (data, row, bytes, start, end) => {
  const length = end - start;
  if (length < 19 || length > 26 || length === 20) return false;
  const days = daysOf(bytes, start);
  if (days === undefined || bytes[start + 10] !== SPACE) return false;
  if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return false;
  const hours = pair(bytes, start + 11);
  const minutes = pair(bytes, start + 14);
  const seconds = pair(bytes, start + 17);
  if (!(hours <= 23 && minutes <= 59 && seconds <= 59)) return false;
  let micros = 0;
  if (length > 20) {
    if (bytes[start + 19] !== DOT) return false;
    for (let at = start + 20; at < start + 26; at++) {
      const digit = at < end ? (bytes[at] ?? 0) - ZERO : 0;
      if (digit < 0 || digit > 9) return false;
      micros = micros * 10 + digit;
    }
  }
  const seconds_total = days * 86_400 + hours * 3600 + minutes * 60 + seconds;
  const total = seconds_total * 1e6;
  // The year 9999 is beyond 2^53 microseconds.
  if (Math.abs(total) < 9e15) setInt64(data, row, total + micros);
  else data.setBigInt64(row * 8, BigInt(seconds_total) * 1_000_000n + BigInt(micros), true);
  return true;
};

function sized(
  length_bytes: number,
  read: (data: DataView, row: number, bytes: Buffer, at: number) => void,
): ReadInto {
  return (data, row, bytes, start, end) => {
    if (end - start !== length_bytes) return false;
    read(data, row, bytes, start);
    return true;
  };
}

function binaryBool(data: DataView, row: number, bytes: Buffer, at: number): void {
  data.setUint8(row, bytes[at] === 0 ? 0 : 1);
}

function binaryInt16(data: DataView, row: number, bytes: Buffer, at: number): void {
  data.setInt16(row * 2, bytes.readInt16BE(at), true);
}

function binaryInt32(data: DataView, row: number, bytes: Buffer, at: number): void {
  data.setInt32(row * 4, bytes.readInt32BE(at), true);
}

function binaryInt64(data: DataView, row: number, bytes: Buffer, at: number): void {
  data.setInt32(row * 8 + 4, bytes.readInt32BE(at), true);
  data.setInt32(row * 8, bytes.readInt32BE(at + 4), true);
}

/** Days that are far from the infinities. */
const binaryDate: ReadInto = (data, row, bytes, start, end) => {
  if (end - start !== 4) return false;
  const days = bytes.readInt32BE(start);
  if (days < -1_000_000_000 || days > 1_000_000_000) return false;
  data.setInt32(row * 4, days + postgresEpoch_days, true);
  return true;
};

type Write = FastReader['write'];

const writeBool: Write = (data, row, value) => data.setUint8(row, booleanOf(value) ? 1 : 0);
const writeInt16: Write = (data, row, value) => data.setInt16(row * 2, numberOf(value), true);
const writeInt32: Write = (data, row, value) => data.setInt32(row * 4, numberOf(value), true);
const writeInt64: Write = (data, row, value) => data.setBigInt64(row * 8, bigintOf(value), true);
const writeFloat: Write = (data, row, value) => data.setFloat32(row * 4, numberOf(value), true);
const writeDouble: Write = (data, row, value) => data.setFloat64(row * 8, numberOf(value), true);
const writeDate: Write = (data, row, value) =>
  data.setInt32(row * 4, instance(value, DuckDBDateValue).days, true);
const writeTimestamp: Write = (data, row, value) =>
  data.setBigInt64(row * 8, instance(value, DuckDBTimestampValue).micros, true);
const writeTimestampTz: Write = (data, row, value) =>
  data.setBigInt64(row * 8, instance(value, DuckDBTimestampTZValue).micros, true);
