import { SqlensError, SqlState } from '../../../common/errors.ts';
import { Oid, typeName } from './pg-type.ts';

/** As SQL calls the types that pg_type calls otherwise; PostgreSQL's messages do. */
const sqlNames = new Map<number, string>([
  [Oid.bool, 'boolean'],
  [Oid.int2, 'smallint'],
  [Oid.int4, 'integer'],
  [Oid.int8, 'bigint'],
  [Oid.float4, 'real'],
  [Oid.float8, 'double precision'],
  [Oid.timetz, 'time with time zone'],
  [Oid.timestamptz, 'timestamp with time zone'],
]);

export function sqlName(oid: number): string {
  return sqlNames.get(oid) ?? typeName(oid);
}

/** 22P02 as PostgreSQL words it. */
export function invalidText(oid: number, text: string, hint: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: `invalid input syntax for type ${sqlName(oid)}: "${text.slice(0, 100)}"`,
    hint,
  });
}

/** 22007 for dates, times and intervals. */
export function invalidDatetime(oid: number, text: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidDatetimeFormat,
    message: `invalid input syntax for type ${sqlName(oid)}: "${text.slice(0, 100)}"`,
    hint: 'Write dates and times as ISO 8601 does: 2024-02-29, 12:34:56.789, 2024-02-29 12:34:56+01.',
  });
}

/** 22008 for a date or time with a field that no calendar has. */
export function datetimeOutOfRange(text: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.datetimeFieldOverflow,
    message: `date/time field value out of range: "${text.slice(0, 100)}"`,
    hint: 'Check the month, the day of the month and the time of the day.',
  });
}

export function outOfRange(oid: number, text: string): SqlensError {
  const value = `"${text.slice(0, 100)}"`;
  const isFloat = oid === Oid.float4 || oid === Oid.float8;
  return new SqlensError({
    sqlState: SqlState.numericValueOutOfRange,
    message: `${isFloat ? value : `value ${value}`} is out of range for type ${sqlName(oid)}`,
    hint: 'Use a wider type for this parameter.',
  });
}

/** 22P03 for bytes that are not the type's binary format. */
export function invalidBinary(oid: number, detail: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidBinaryRepresentation,
    message: `invalid binary representation of type ${typeName(oid)}`,
    detail,
    hint: 'Send this parameter as text, or declare its type as what the bytes are.',
  });
}
