/** Makes values that were read as PostgreSQL's types fit the engine's: width and scale, range, unit, elements. */
import {
  DuckDBArrayValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import { floorDiv, isInfinite } from '../../types/calendar.ts';
import { invalidText, outOfRange } from '../../types/parse-error.ts';
import { Oid } from '../../types/pg-type.ts';
import { bigintOf, itemsOf, numberOf, timeMicros, timestampMicros } from '../../types/values.ts';

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

const ranges: ReadonlyMap<DuckDBTypeId, Range> = new Map([
  [DuckDBTypeId.TINYINT, { min: -128n, max: 127n }],
  [DuckDBTypeId.UTINYINT, { min: 0n, max: 255n }],
  [DuckDBTypeId.USMALLINT, { min: 0n, max: 65_535n }],
  [DuckDBTypeId.UINTEGER, { min: 0n, max: 4_294_967_295n }],
  [DuckDBTypeId.UBIGINT, { min: 0n, max: 2n ** 64n - 1n }],
  [DuckDBTypeId.HUGEINT, { min: -(2n ** 127n), max: 2n ** 127n - 1n }],
  [DuckDBTypeId.UHUGEINT, { min: 0n, max: 2n ** 128n - 1n }],
]);

/**
 * @param text the value's text, where it came as such
 * @param decode reads it as the PostgreSQL type of the column
 * @throws SqlensError 22003 when the value is not in the column's range, and what `decode` throws
 */
export function fitted(type: DuckDBType, text: string | undefined, decode: () => DuckDBValue): DuckDBValue {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL:
      // By itself: the digits that are to be rounded away may be any number.
      if (text !== undefined) {
        return new DuckDBDecimalValue(scaled(text, type.width, type.scale), type.width, type.scale);
      }
      return fittedValue(type, decode());
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return text === undefined ? fittedValue(type, decode()) : inRange(type, scaled(text, 39, 0));
    default:
      return fittedValue(type, decode());
  }
}

function fittedValue(type: DuckDBType, value: DuckDBValue): DuckDBValue {
  if (value === null) return null;
  const isList = type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY;
  if (value instanceof DuckDBListValue && !isList) throw wrongDimensions();
  switch (type.typeId) {
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
      return Number(inRange(type, BigInt(numberOf(value))));
    case DuckDBTypeId.UINTEGER:
      return Number(inRange(type, bigintOf(value)));
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return inRange(type, wholeOf(value));
    case DuckDBTypeId.DECIMAL:
      return new DuckDBDecimalValue(scaled(String(value), type.width, type.scale), type.width, type.scale);
    case DuckDBTypeId.TIMESTAMP_S: {
      const micros = timestampMicros(value);
      return new DuckDBTimestampSecondsValue(isInfinite(micros) ? micros : floorDiv(micros, 1_000_000n));
    }
    case DuckDBTypeId.TIMESTAMP_MS: {
      const micros = timestampMicros(value);
      return new DuckDBTimestampMillisecondsValue(isInfinite(micros) ? micros : floorDiv(micros, 1000n));
    }
    case DuckDBTypeId.TIMESTAMP_NS: {
      const micros = timestampMicros(value);
      const nanos = isInfinite(micros) ? micros : micros * 1000n;
      if (BigInt.asIntN(64, nanos) !== nanos) throw outOfRange(Oid.timestamp, String(value));
      return new DuckDBTimestampNanosecondsValue(nanos);
    }
    case DuckDBTypeId.TIME_NS:
      return new DuckDBTimeNSValue(timeMicros(value) * 1000n);
    case DuckDBTypeId.LIST: {
      const { valueType } = type;
      return new DuckDBListValue(elementsOf(value).map((item) => fittedValue(valueType, item)));
    }
    case DuckDBTypeId.ARRAY: {
      const items = elementsOf(value);
      if (items.length !== type.length) throw wrongLength(items.length, type.length);
      const { valueType } = type;
      return new DuckDBArrayValue(items.map((item) => fittedValue(valueType, item)));
    }
    default:
      return value;
  }
}

function elementsOf(value: DuckDBValue): readonly DuckDBValue[] {
  if (value instanceof DuckDBListValue) return itemsOf(value);
  throw wrongDimensions();
}

/** PostgreSQL's arrays may have any number of dimensions, those of the engine have what their type says. */
export function wrongDimensions(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: 'the array has other dimensions than its column',
    hint: 'Declare the column with as many [] as the arrays have dimensions.',
  });
}

function wholeOf(value: DuckDBValue): bigint {
  return value instanceof DuckDBDecimalValue ? scaled(String(value), 39, 0) : bigintOf(value);
}

function inRange(type: DuckDBType, value: bigint): bigint {
  const range = ranges.get(type.typeId);
  if (range === undefined || (value >= range.min && value <= range.max)) return value;
  throw new SqlensError({
    sqlState: SqlState.numericValueOutOfRange,
    message: `value "${value}" is out of range for type ${type.toString().toLowerCase()}`,
  });
}

/** Exponents beyond this are zero or too large in every type. */
const maxExponent = 1000;

/**
 * A decimal text as value × 10^scale, rounded half away from zero, as PostgreSQL rounds.
 * @throws SqlensError 22P02, or 22003 when it has more than `width` digits
 */
export function scaled(text: string, width: number, scale: number): bigint {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,6}))?\s*$/i.exec(text);
  const fraction = match?.[3] ?? '';
  const digits = `${match?.[2] ?? ''}${fraction}`;
  if (match === null || digits === '') {
    if (/^\s*([+-]?inf(inity)?|nan)\s*$/i.test(text)) throw outOfRange(Oid.numeric, text.trim());
    throw invalidText(Oid.numeric, text, 'Write a decimal number.');
  }
  const exponent = Number(match[4] ?? 0) - fraction.length + scale;
  const significant = digits.replace(/^0+/, '');
  if (significant === '' || exponent < -significant.length - 1) return 0n;
  if (exponent > maxExponent) throw overflow(width, scale);
  let value: bigint;
  if (exponent >= 0) {
    value = BigInt(significant) * 10n ** BigInt(exponent);
  } else {
    const kept = significant.slice(0, exponent);
    const isUp = (significant.at(exponent) ?? '0') >= '5' && -exponent <= significant.length;
    value = BigInt(kept === '' ? '0' : kept) + (isUp ? 1n : 0n);
  }
  if (value >= 10n ** BigInt(width)) throw overflow(width, scale);
  return match[1] === '-' ? -value : value;
}

function overflow(width: number, scale: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.numericValueOutOfRange,
    message: 'numeric field overflow',
    detail: `A field with precision ${width}, scale ${scale} must round to an absolute value less than 10^${width - scale}.`,
  });
}

export function wrongLength(found: number, expected: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidTextRepresentation,
    message: `an array of ${found} elements where ${expected} belong`,
  });
}
