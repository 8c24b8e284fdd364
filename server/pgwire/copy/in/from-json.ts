/** Structs, maps, unions and lists of them, from the JSON that clients know them as: the inverse of types/json.ts. */
import {
  DuckDBArrayValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { isLosslessNumber, parse, stringify } from 'lossless-json';
import { messageOf, SqlensError, SqlState } from '../../../../common/errors.ts';
import { decodeText } from '../../types/decode-text.ts';
import { innermost, isJson, isNested, pgTypeOf } from '../../types/pg-type.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { fitted } from './fit.ts';

/**
 * @param text JSON, with numbers of any length
 * @throws SqlensError 22P02 when it is no JSON, or not what the type is made of; what a scalar inside is refused with
 */
export function fromJson(type: DuckDBType, text: string, settings: FormatSettings): DuckDBValue {
  return valueOfType(type, parsed(text), settings);
}

/** @throws SqlensError 22P02 as PostgreSQL words it */
export function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidJson(error);
  }
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalidJson(error);
  }
}

function valueOfType(type: DuckDBType, json: unknown, settings: FormatSettings): DuckDBValue {
  if (isJson(type)) return stringify(json) ?? null;
  if (json === null) return null;
  switch (type.typeId) {
    case DuckDBTypeId.STRUCT: {
      const given = fieldsOf(type, json);
      const entries = type.entryNames.map((name, at): [string, DuckDBValue] => {
        const inner = type.entryTypes[at];
        return [name, inner === undefined ? null : valueOfType(inner, given.get(name) ?? null, settings)];
      });
      const unknown = [...given.keys()].find((name) => !type.entryNames.includes(name));
      if (unknown !== undefined) throw mismatched(type, `It has no field "${unknown}".`);
      return new DuckDBStructValue(Object.fromEntries(entries));
    }
    case DuckDBTypeId.MAP: {
      const entries = [...fieldsOf(type, json)].map(([key, value]) => ({
        key: keyOfType(type.keyType, key, settings),
        value: valueOfType(type.valueType, value, settings),
      }));
      return new DuckDBMapValue(entries);
    }
    case DuckDBTypeId.UNION: {
      const [[tag, value] = [], ...others] = fieldsOf(type, json);
      const at = tag === undefined ? -1 : type.memberTags.indexOf(tag);
      const inner = type.memberTypes[at];
      if (tag === undefined || inner === undefined || others.length > 0) {
        throw mismatched(type, `One of these belongs there: ${type.memberTags.join(', ')}.`);
      }
      return new DuckDBUnionValue(tag, valueOfType(inner, value, settings));
    }
    case DuckDBTypeId.LIST: {
      const { valueType } = type;
      return new DuckDBListValue(itemsOf(type, json).map((item) => valueOfType(valueType, item, settings)));
    }
    case DuckDBTypeId.ARRAY: {
      const { valueType } = type;
      const items = itemsOf(type, json);
      if (items.length !== type.length) throw mismatched(type, `It has ${items.length} elements.`);
      return new DuckDBArrayValue(items.map((item) => valueOfType(valueType, item, settings)));
    }
    default:
      return scalarOfType(type, textOf(type, json), settings);
  }
}

/** Keys are strings; that of a nested type is its JSON. */
function keyOfType(type: DuckDBType, key: string, settings: FormatSettings): DuckDBValue {
  const isNestedKey = isNested(innermost(type)) || innermost(type) !== type;
  return isNestedKey ? valueOfType(type, parsed(key), settings) : scalarOfType(type, key, settings);
}

function scalarOfType(type: DuckDBType, text: string, settings: FormatSettings): DuckDBValue {
  return fitted(type, text, () => decodeText(pgTypeOf(type).oid, text, settings).value);
}

function fieldsOf(type: DuckDBType, json: unknown): ReadonlyMap<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json) && !isLosslessNumber(json)) {
    return new Map(Object.entries(json));
  }
  throw mismatched(type, 'A JSON object belongs there.');
}

function itemsOf(type: DuckDBType, json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw mismatched(type, 'A JSON array belongs there.');
}

function textOf(type: DuckDBType, json: unknown): string {
  if (typeof json === 'string') return json;
  if (typeof json === 'boolean' || isLosslessNumber(json)) return json.toString();
  throw mismatched(type, 'A scalar belongs there.');
}

function invalidJson(error: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: 'invalid input syntax for type json',
    detail: messageOf(error),
  });
}

function mismatched(type: DuckDBType, detail: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: `the JSON is no value of type ${type}`,
    detail,
  });
}
