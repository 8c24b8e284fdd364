import { foreignSqlState, SqlensError, SqlState } from '../../../common/errors.ts';
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

/** bytea's errors do not repeat the value. */
export function invalidBytea(hint: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: 'invalid input syntax for type bytea',
    hint,
  });
}

export function invalidHex(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}

export function invalidJson(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: 'invalid input syntax for type json',
    hint: 'Quote names and strings with ", and leave no comma behind the last element.',
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

/** 22008 for a date or time that no calendar lacks, but that has no room in the type. */
export function valueOutOfRange(type: 'date' | 'timestamp', text: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.datetimeFieldOverflow,
    message: `${type} out of range: "${text.slice(0, 100)}"`,
    hint:
      type === 'date'
        ? 'Dates reach from 4714-11-24 BC to 5874898-06-02.'
        : 'Timestamps reach from 4714-11-24 BC to 294247-01-10.',
  });
}

/** 22009 for an offset of a zone that is farther from UTC than any. */
export function displacementOutOfRange(text: string): SqlensError {
  return new SqlensError({
    sqlState: foreignSqlState('22009') ?? SqlState.datetimeFieldOverflow,
    message: `time zone displacement out of range: "${text.slice(0, 100)}"`,
    hint: 'Offsets reach from -15:59:59 to +15:59:59.',
  });
}

export function unknownZone(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `time zone "${name.toLowerCase().slice(0, 100)}" not recognized`,
    hint: 'Name a zone as the tz database does: Europe/Berlin.',
  });
}

/** 22015 for an interval with a part that is too large. */
export function intervalFieldOutOfRange(text: string): SqlensError {
  return new SqlensError({
    sqlState: foreignSqlState('22015') ?? SqlState.datetimeFieldOverflow,
    message: `interval field value out of range: "${text.slice(0, 100)}"`,
    hint: 'Months and days have 32 bits, the time 64 bits of microseconds.',
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
