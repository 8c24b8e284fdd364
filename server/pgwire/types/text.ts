/**
 * The text format of every DuckDB type. `textEncoder` looks at a type once and gives a function for its values,
 * since a result has few types and many values.
 */
import { type DuckDBType, DuckDBTypeId, DuckDBVariantValue } from '@duckdb/node-api';
import { arrayText } from './array-text.ts';
import { jsonEncoder } from './json.ts';
import { innermost, isNested } from './pg-type.ts';
import { type FormatSettings, scalarEncoder, type TextEncoder } from './scalar-text.ts';
import { instance, itemsOf } from './values.ts';

/** How PostgreSQL writes a value of this type: arrays as literals, structs and maps as JSON. */
export function textEncoder(type: DuckDBType, settings: FormatSettings): TextEncoder {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return listEncoder(type, settings);
    case DuckDBTypeId.STRUCT:
    case DuckDBTypeId.MAP:
    case DuckDBTypeId.UNION:
      return jsonEncoder(type, settings);
    case DuckDBTypeId.VARIANT:
      return (value) => variantText(instance(value, DuckDBVariantValue), settings);
    default:
      return scalarEncoder(type, settings);
  }
}

function listEncoder(type: DuckDBType, settings: FormatSettings): TextEncoder {
  const element = innermost(type);
  if (isNested(element)) return jsonEncoder(type, settings);
  const encode = textEncoder(element, settings);
  return (value) => arrayText(itemsOf(value), encode);
}

/** A variant is printed as the value it holds. */
function variantText(variant: DuckDBVariantValue, settings: FormatSettings): string {
  const { value, type } = variant;
  if (value === null) return 'null';
  return type === undefined ? String(value) : textEncoder(type, settings)(value);
}
