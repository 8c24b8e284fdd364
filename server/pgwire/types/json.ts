/**
 * Nested values (structs, maps, unions and lists of them) as JSON, for which PostgreSQL's clients have a type.
 * Scalars inside follow PostgreSQL's to_json: numbers as numbers with all their digits, timestamps with a T,
 * NaN and infinities as strings; blobs are `\x…` strings.
 */
import {
  DuckDBMapValue,
  type DuckDBStructType,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBUnionType,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from '@duckdb/node-api';
import { timestampText } from './calendar.ts';
import { innermost, isJson, isNested } from './pg-type.ts';
import { type FormatSettings, scalarEncoder, type TextEncoder, zonedText } from './scalar-text.ts';
import { booleanOf, instance, itemsOf, mismatch, numberOf, stringOf, timestampMicros } from './values.ts';

/** Gives the JSON of a value that is not NULL. */
export function jsonEncoder(type: DuckDBType, settings: FormatSettings): TextEncoder {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return (value) => String(booleanOf(value));
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.DECIMAL:
      return scalarEncoder(type, settings);
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE: {
      const encode = scalarEncoder(type, settings);
      return (value) => (Number.isFinite(numberOf(value)) ? encode(value) : JSON.stringify(encode(value)));
    }
    case DuckDBTypeId.VARCHAR:
      return isJson(type) ? stringOf : (value) => JSON.stringify(stringOf(value));
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return (value) => JSON.stringify(timestampText(timestampMicros(value), 'T'));
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (value) => JSON.stringify(zonedText(timestampMicros(value), settings.timeZone, 'T'));
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY: {
      const encode = nullable(jsonEncoder(type.valueType, settings));
      return (value) => `[${itemsOf(value).map(encode).join(',')}]`;
    }
    case DuckDBTypeId.STRUCT:
      return structEncoder(type, settings);
    case DuckDBTypeId.MAP: {
      const key = keyEncoder(type.keyType, settings);
      const encode = nullable(jsonEncoder(type.valueType, settings));
      return (value) => {
        const { entries } = instance(value, DuckDBMapValue);
        return `{${entries.map((entry) => `${JSON.stringify(key(entry.key))}:${encode(entry.value)}`).join(',')}}`;
      };
    }
    case DuckDBTypeId.UNION:
      return unionEncoder(type, settings);
    case DuckDBTypeId.VARIANT:
      return (value) => {
        const { value: inner, type: innerType } = instance(value, DuckDBVariantValue);
        if (inner === null) return 'null';
        return innerType === undefined
          ? JSON.stringify(String(inner))
          : jsonEncoder(innerType, settings)(inner);
      };
    default: {
      const encode = scalarEncoder(type, settings);
      return (value) => JSON.stringify(encode(value));
    }
  }
}

function nullable(encode: TextEncoder): TextEncoder {
  return (value) => (value === null ? 'null' : encode(value));
}

/** JSON has only strings for keys; a nested key is the string of its JSON. */
function keyEncoder(type: DuckDBType, settings: FormatSettings): TextEncoder {
  const nested = isNested(innermost(type)) || innermost(type) !== type;
  return nested ? jsonEncoder(type, settings) : scalarEncoder(type, settings);
}

/** In the order of the type: a JavaScript object would put names that look like numbers first. */
function structEncoder(type: DuckDBStructType, settings: FormatSettings): TextEncoder {
  const entries = type.entryTypes.map((entryType, index) => {
    const name = type.entryNames[index] ?? '';
    // row(1, 2) has no names; PostgreSQL calls the fields of such a row f1, f2.
    const key = JSON.stringify(name === '' ? `f${index + 1}` : name);
    return { name, key, encode: nullable(jsonEncoder(entryType, settings)) };
  });
  return (value) => {
    const struct = instance(value, DuckDBStructValue).entries;
    return `{${entries.map(({ name, key, encode }) => `${key}:${encode(struct[name] ?? null)}`).join(',')}}`;
  };
}

function unionEncoder(type: DuckDBUnionType, settings: FormatSettings): TextEncoder {
  const members = new Map(
    type.memberTags.map((tag, index) => {
      const memberType = type.memberTypes[index];
      return [tag, memberType === undefined ? undefined : nullable(jsonEncoder(memberType, settings))];
    }),
  );
  return (value: DuckDBValue) => {
    const { tag, value: inner } = instance(value, DuckDBUnionValue);
    const encode = members.get(tag);
    if (encode === undefined) throw mismatch('a member of the union', value, type);
    return `{${JSON.stringify(tag)}:${encode(inner)}}`;
  };
}
