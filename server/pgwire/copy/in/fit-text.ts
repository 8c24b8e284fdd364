/** Values that the engine gets as text: looked at here, so that an error names its line. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../../common/errors.ts';
import type { Format } from '../../codec/frontend.ts';
import { isJson, isNested } from '../../types/pg-type.ts';
import { checkText } from './lines.ts';

/** @throws SqlensError when the text is no value of the type */
export type CheckText = (bytes: Buffer, start: number, end: number) => void;

/** @returns undefined when any text is a value of the type */
export function fittingText(type: DuckDBType, format: Format): CheckText | undefined {
  const check = checkOf(type);
  if (format === 'text') return check === undefined ? undefined : (...part) => check(textOf(...part));
  // The lines of the text formats were looked at as they came.
  return (bytes, start, end) => {
    checkText(bytes.subarray(start, end));
    check?.(textOf(bytes, start, end));
  };
}

function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end);
}

function checkOf(type: DuckDBType): ((text: string) => void) | undefined {
  if (type.typeId === DuckDBTypeId.ENUM) {
    const values = new Set(type.values);
    return (text) => {
      if (values.has(text)) return;
      throw new SqlensError({
        sqlState: SqlState.invalidTextRepresentation,
        message: `invalid input value for enum ${type.alias ?? 'type'}: "${text.slice(0, 100)}"`,
      });
    };
  }
  const isList = type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY;
  return isJson(type) || isNested(type) || isList ? checkJson : undefined;
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.invalidTextRepresentation,
      message: 'invalid input syntax for type json',
      detail: messageOf(error),
    });
  }
}
