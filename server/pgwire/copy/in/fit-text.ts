/** Values that the engine gets as text: looked at here, so that an error names its line. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { Format } from '../../codec/frontend.ts';
import { isJson } from '../../types/pg-type.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { checkJson, fromJson } from './from-json.ts';
import { checkText } from './lines.ts';

/** @throws SqlensError when the text is no value of the type */
export type CheckText = (bytes: Buffer, start: number, end: number) => void;

/** @returns undefined when any text is a value of the type */
export function fittingText(
  type: DuckDBType,
  format: Format,
  settings: FormatSettings,
): CheckText | undefined {
  const check = checkOf(type, settings);
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

function checkOf(type: DuckDBType, settings: FormatSettings): ((text: string) => void) | undefined {
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
  if (type.typeId === DuckDBTypeId.UNION) return (text) => void fromJson(type, text, settings);
  return isJson(type) ? checkJson : undefined;
}
