import { SqlensError, SqlState } from '../../../common/errors.ts';
import { typeName } from './pg-type.ts';

/** 22P02 as PostgreSQL words it. */
export function invalidText(oid: number, text: string, hint: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: `invalid input syntax for type ${typeName(oid)}: "${text.slice(0, 100)}"`,
    hint,
  });
}

/** 22007 for dates, times and intervals. */
export function invalidDatetime(oid: number, text: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidDatetimeFormat,
    message: `invalid input syntax for type ${typeName(oid)}: "${text.slice(0, 100)}"`,
    hint: 'Write dates and times as ISO 8601 does: 2024-02-29, 12:34:56.789, 2024-02-29 12:34:56+01.',
  });
}

export function outOfRange(oid: number, text: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.numericValueOutOfRange,
    message: `value "${text.slice(0, 100)}" is out of range for type ${typeName(oid)}`,
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
