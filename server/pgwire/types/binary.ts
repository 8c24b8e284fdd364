/** The binary format of results, by PostgreSQL's send functions. */
import {
  DuckDBArrayValue,
  DuckDBBitValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBTimeTZValue,
  type DuckDBType,
  DuckDBUUIDValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { isInfinite, isInfiniteDate, microsPerDay, postgresEpoch_days } from './calendar.ts';
import { encodeNumeric } from './numeric-binary.ts';
import { elementOid, innermost, Oid, pgTypeOf, typeName } from './pg-type.ts';
import type { FormatSettings } from './scalar-text.ts';
import { textEncoder } from './text.ts';
import {
  bigintOf,
  booleanOf,
  instance,
  itemsOf,
  mismatch,
  numberOf,
  timeMicros,
  timestampMicros,
} from './values.ts';

/** Gives the bytes of a value that is not NULL. */
export type BinaryEncoder = (value: DuckDBValue) => Buffer;

const postgresEpoch_micros = BigInt(postgresEpoch_days) * microsPerDay;

/** Types whose binary format is their text. */
const textual: ReadonlySet<number> = new Set([Oid.text, Oid.json]);

export function binaryEncoder(type: DuckDBType, settings: FormatSettings): BinaryEncoder {
  const { oid } = pgTypeOf(type);
  if (textual.has(oid)) {
    const encode = textEncoder(type, settings);
    return (value) => Buffer.from(encode(value), 'utf8');
  }
  const element = elementOid(oid);
  if (element !== undefined) return arrayEncoder(element, binaryEncoder(innermost(type), settings));
  return scalarEncoder(oid);
}

function scalarEncoder(oid: number): BinaryEncoder {
  switch (oid) {
    case Oid.bool:
      return (value) => Buffer.from([booleanOf(value) ? 1 : 0]);
    case Oid.int2:
      return (value) => filled(2, (bytes) => bytes.writeInt16BE(numberOf(value)));
    case Oid.int4:
      return (value) => filled(4, (bytes) => bytes.writeInt32BE(numberOf(value)));
    case Oid.int8:
      return (value) => filled(8, (bytes) => bytes.writeBigInt64BE(bigintOf(value)));
    case Oid.float4:
      return (value) => filled(4, (bytes) => bytes.writeFloatBE(numberOf(value)));
    case Oid.float8:
      return (value) => filled(8, (bytes) => bytes.writeDoubleBE(numberOf(value)));
    case Oid.numeric:
      return (value) =>
        value instanceof DuckDBDecimalValue
          ? encodeNumeric(value.value, value.scale)
          : encodeNumeric(bigintOf(value), 0);
    case Oid.bytea:
      return (value) => Buffer.from(instance(value, DuckDBBlobValue).bytes);
    case Oid.uuid:
      return (value) => {
        const digits = uint128(value).toString(16).padStart(32, '0');
        return Buffer.from(digits, 'hex');
      };
    case Oid.date:
      return (value) =>
        filled(4, (bytes) => bytes.writeInt32BE(postgresDays(instance(value, DuckDBDateValue).days)));
    case Oid.time:
      return (value) => filled(8, (bytes) => bytes.writeBigInt64BE(timeMicros(value)));
    case Oid.timetz:
      return (value) => {
        const time = instance(value, DuckDBTimeTZValue);
        return filled(12, (bytes) => bytes.writeInt32BE(-time.offset, bytes.writeBigInt64BE(time.micros)));
      };
    case Oid.timestamp:
    case Oid.timestamptz:
      return (value) => filled(8, (bytes) => bytes.writeBigInt64BE(postgresMicros(timestampMicros(value))));
    case Oid.interval:
      return (value) => {
        const interval = instance(value, DuckDBIntervalValue);
        return filled(16, (bytes) => {
          bytes.writeBigInt64BE(interval.micros, 0);
          bytes.writeInt32BE(interval.days, 8);
          bytes.writeInt32BE(interval.months, 12);
        });
      };
    case Oid.varbit:
      return (value) => bits(instance(value, DuckDBBitValue));
    default:
      throw new SqlensError({
        sqlState: SqlState.featureNotSupported,
        message: `no binary output for ${typeName(oid)} (OID ${oid})`,
        hint: 'Ask for this column in text format.',
      });
  }
}

function uint128(value: DuckDBValue): bigint {
  if (value instanceof DuckDBUUIDValue) return value.toUint128();
  throw mismatch('a UUID', value);
}

function filled(length_bytes: number, fill: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.allocUnsafe(length_bytes);
  fill(bytes);
  return bytes;
}

/** Days since 2000 in PostgreSQL's int4. @throws SqlensError 0A000 */
export function postgresDays(days: number): number {
  if (isInfiniteDate(days)) return days > 0 ? 2_147_483_647 : -2_147_483_648;
  if (days - postgresEpoch_days < -2_147_483_647) throw unrepresentable(Oid.date);
  return days - postgresEpoch_days;
}

/** Microseconds since 2000 in PostgreSQL's int8. @throws SqlensError 0A000 */
export function postgresMicros(micros: bigint): bigint {
  if (isInfinite(micros)) return micros > 0n ? micros : micros - 1n;
  const shifted = micros - postgresEpoch_micros;
  if (BigInt.asIntN(64, shifted) !== shifted) throw unrepresentable(Oid.timestamp);
  return shifted;
}

function bits(value: DuckDBBitValue): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 8));
  bytes.writeInt32BE(value.length);
  for (let index = 0; index < value.length; index++) {
    if (!value.getBool(index)) continue;
    const at = 4 + (index >> 3);
    bytes.writeUInt8(bytes.readUInt8(at) | (0x80 >> (index & 7)), at);
  }
  return bytes;
}

/** Header (dimensions, whether there are NULLs, element type), lengths of the dimensions, then the elements. */
function arrayEncoder(element: number, encode: BinaryEncoder): BinaryEncoder {
  return (value) => {
    const dimensions = dimensionsOf(itemsOf(value));
    const parts: Buffer[] = [];
    let hasNull = false;
    const visit = (item: DuckDBValue, level: number): void => {
      const nested = item instanceof DuckDBListValue || item instanceof DuckDBArrayValue;
      if (nested !== level < dimensions.length || (nested && item.items.length !== dimensions[level])) {
        throw unrepresentable(element);
      }
      if (nested) {
        for (const inner of item.items) visit(inner, level + 1);
        return;
      }
      hasNull ||= item === null;
      const bytes = item === null ? undefined : encode(item);
      parts.push(filled(4, (length) => length.writeInt32BE(bytes?.length ?? -1)));
      if (bytes !== undefined) parts.push(bytes);
    };
    if (dimensions.length > 0) visit(value, 0);
    const header = Buffer.alloc(12 + dimensions.length * 8);
    header.writeInt32BE(dimensions.length, 0);
    header.writeInt32BE(hasNull ? 1 : 0, 4);
    header.writeUInt32BE(element, 8);
    dimensions.forEach((length, index) => {
      header.writeInt32BE(length, 12 + index * 8);
      header.writeInt32BE(1, 16 + index * 8);
    });
    return Buffer.concat([header, ...parts]);
  };
}

/** By the first element of each level; an empty array has no dimensions. */
function dimensionsOf(items: readonly DuckDBValue[]): number[] {
  const first = items[0];
  if (first === undefined) return [];
  if (!(first instanceof DuckDBListValue || first instanceof DuckDBArrayValue)) return [items.length];
  const inner = dimensionsOf(first.items);
  return inner.length === 0 ? [] : [items.length, ...inner];
}

function unrepresentable(oid: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `a value of ${typeName(oid)} has no binary form in PostgreSQL: out of range, or lists of different lengths`,
    hint: 'Ask for this column in text format, or cast it to json.',
  });
}
