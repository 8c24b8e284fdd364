/** The text format of DuckDB's scalar types, as PostgreSQL prints the type that each maps to. */
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBGeometryValue,
  DuckDBIntervalValue,
  DuckDBTimeTZValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { dateText, isInfinite, microsPerSecond, offsetText, timestampText, timeText } from './calendar.ts';
import { type IntervalStyle, styledInterval } from './interval-style.ts';
import { decimalText, float4Text, float8Text } from './numbers.ts';
import type { TimeZone } from './time-zone.ts';
import {
  bigintOf,
  bitText,
  blobText,
  booleanOf,
  escapedBlobText,
  hex,
  instance,
  numberOf,
  stringOf,
  timeMicros,
  timestampMicros,
} from './values.ts';

/** Settings of the session that change how values are printed. */
export interface FormatSettings {
  readonly timeZone: TimeZone;
  /** `hex` unless given. */
  readonly byteaOutput?: 'hex' | 'escape';
  /** `postgres` unless given. */
  readonly intervalStyle?: IntervalStyle;
}

/** Gives the text of a value that is not NULL. */
export type TextEncoder = (value: DuckDBValue) => string;

/** Looks at a type once and gives a function for its values. */
export function scalarEncoder(type: DuckDBType, settings: FormatSettings): TextEncoder {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return (value) => (booleanOf(value) ? 't' : 'f');
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
      return (value) => numberOf(value).toString();
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.INTEGER_LITERAL:
      return (value) => bigintOf(value).toString();
    case DuckDBTypeId.FLOAT:
      return (value) => float4Text(numberOf(value));
    case DuckDBTypeId.DOUBLE:
      return (value) => float8Text(numberOf(value));
    case DuckDBTypeId.DECIMAL:
      return (value) => {
        const decimal = instance(value, DuckDBDecimalValue);
        return decimalText(decimal.value, decimal.scale);
      };
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.STRING_LITERAL:
    case DuckDBTypeId.ENUM:
      return stringOf;
    case DuckDBTypeId.BLOB:
      return settings.byteaOutput === 'escape'
        ? (value) => escapedBlobText(instance(value, DuckDBBlobValue))
        : (value) => blobText(instance(value, DuckDBBlobValue));
    case DuckDBTypeId.BIT:
      return bitText;
    case DuckDBTypeId.UUID:
      return String;
    case DuckDBTypeId.DATE:
      return (value) => dateText(instance(value, DuckDBDateValue).days);
    case DuckDBTypeId.TIME:
    case DuckDBTypeId.TIME_NS:
      return (value) => timeText(timeMicros(value));
    case DuckDBTypeId.TIME_TZ:
      return (value) => {
        const time = instance(value, DuckDBTimeTZValue);
        return timeText(time.micros) + offsetText(time.offset);
      };
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return (value) => timestampText(timestampMicros(value));
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (value) => zonedText(timestampMicros(value), settings.timeZone, ' ');
    case DuckDBTypeId.INTERVAL: {
      const { intervalStyle = 'postgres' } = settings;
      return (value) => {
        const { months, days, micros } = instance(value, DuckDBIntervalValue);
        return styledInterval(intervalStyle, months, days, micros);
      };
    }
    case DuckDBTypeId.GEOMETRY:
      // As PostGIS prints a geometry: well-known binary in hex.
      return (value) => hex(instance(value, DuckDBGeometryValue).bytes).toUpperCase();
    case DuckDBTypeId.SQLNULL:
    case DuckDBTypeId.ANY:
      return String;
    default:
      // A type of a newer DuckDB: its own text is better than no answer.
      return String;
  }
}

/** A timestamptz in the session's zone; the offset follows the time. */
export function zonedText(micros: bigint, timeZone: TimeZone, separator: ' ' | 'T'): string {
  if (isInfinite(micros)) return timestampText(micros);
  const offset_s = timeZone.offsetAt_s(micros);
  const zone = offsetText(offset_s);
  // JSON follows ISO 8601, which has minutes in every offset.
  return timestampText(
    micros + BigInt(offset_s) * microsPerSecond,
    separator,
    separator === 'T' && zone.length === 3 ? `${zone}:00` : zone,
  );
}
