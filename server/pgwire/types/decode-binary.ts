/** Parameters in binary format, by the type that the client declared or was told. */
import {
  DuckDBBitValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  DuckDBUUIDValue,
  type DuckDBValue,
  LIST,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ParameterValue } from '../../query/api.ts';
import { malformed } from '../codec/protocol-error.ts';
import { microsPerDay, postgresEpoch_days } from './calendar.ts';
import { decodeNumeric, decodeText } from './decode-text.ts';
import { decodeNumericBinary } from './numeric-binary.ts';
import { parameterText } from './parameter-text.ts';
import { invalidBinary, sqlName } from './parse-error.ts';
import { duckdbTypeOf, elementOid, Oid, typeName } from './pg-type.ts';
import type { FormatSettings } from './scalar-text.ts';

const postgresEpoch_micros = BigInt(postgresEpoch_days) * microsPerDay;
const maxInt64 = 9_223_372_036_854_775_807n;
const minInt64 = -9_223_372_036_854_775_808n;

/** @throws SqlensError 22P03 for bytes that are no value of the type, 0A000 for a type without binary input */
export function decodeBinary(oid: number, bytes: Buffer, settings: FormatSettings): ParameterValue {
  const element = elementOid(oid);
  if (element !== undefined) return decodeArray(oid, element, bytes, settings);
  if (oid === Oid.numeric) return decodeNumeric(decodeNumericBinary(bytes));
  return { value: decodeScalar(oid, bytes), type: duckdbTypeOf(oid) };
}

function decodeScalar(oid: number, bytes: Buffer): DuckDBValue {
  switch (oid) {
    case Oid.bool:
      return sized(oid, bytes, 1).readUInt8(0) !== 0;
    case Oid.int2:
      return sized(oid, bytes, 2).readInt16BE(0);
    case Oid.int4:
      return sized(oid, bytes, 4).readInt32BE(0);
    case Oid.oid:
      return sized(oid, bytes, 4).readUInt32BE(0);
    case Oid.int8:
      return sized(oid, bytes, 8).readBigInt64BE(0);
    case Oid.float4:
      return sized(oid, bytes, 4).readFloatBE(0);
    case Oid.float8:
      return sized(oid, bytes, 8).readDoubleBE(0);
    case Oid.bytea:
      return new DuckDBBlobValue(bytes);
    case Oid.uuid:
      return DuckDBUUIDValue.fromUint128(BigInt(`0x${sized(oid, bytes, 16).toString('hex')}`));
    case Oid.char:
    case Oid.name:
    case Oid.text:
    case Oid.bpchar:
    case Oid.varchar:
    case Oid.json:
      return parameterText(bytes);
    case Oid.jsonb:
      if (bytes[0] !== 1) throw invalidBinary(oid, `jsonb version ${bytes[0] ?? 'missing'}, 1 belongs there`);
      return parameterText(bytes.subarray(1));
    case Oid.date:
      return decodeDate(sized(oid, bytes, 4).readInt32BE(0));
    case Oid.time:
      return new DuckDBTimeValue(decodeTime(oid, sized(oid, bytes, 8)));
    case Oid.timetz: {
      const micros = decodeTime(oid, sized(oid, bytes, 12));
      // PostgreSQL counts seconds west of UTC.
      const west_s = bytes.readInt32BE(8);
      if (Math.abs(west_s) > DuckDBTimeTZValue.MaxOffset) throw invalidBinary(oid, `offset of ${west_s} s`);
      return DuckDBTimeTZValue.fromMicrosAndOffset(micros, -west_s);
    }
    case Oid.timestamp: {
      const micros = decodeTimestamp(sized(oid, bytes, 8).readBigInt64BE(0));
      return new DuckDBTimestampValue(micros);
    }
    case Oid.timestamptz: {
      const micros = decodeTimestamp(sized(oid, bytes, 8).readBigInt64BE(0));
      return new DuckDBTimestampTZValue(micros);
    }
    case Oid.interval:
      sized(oid, bytes, 16);
      return new DuckDBIntervalValue(bytes.readInt32BE(12), bytes.readInt32BE(8), bytes.readBigInt64BE(0));
    case Oid.bit:
    case Oid.varbit:
      return decodeBits(oid, bytes);
    default:
      throw new SqlensError({
        sqlState: SqlState.featureNotSupported,
        message: `no binary input for ${typeName(oid)} (OID ${oid})`,
        hint: 'Send this parameter as text.',
      });
  }
}

function sized(oid: number, bytes: Buffer, length_bytes: number): Buffer {
  if (bytes.length === length_bytes) return bytes;
  // PostgreSQL's own readers run out of bytes before they see what is wrong.
  if (bytes.length < length_bytes) throw malformed('insufficient data left in message');
  throw invalidBinary(oid, `${bytes.length} bytes, ${length_bytes} belong there`);
}

function decodeDate(days: number): DuckDBDateValue {
  if (days === 2_147_483_647) return DuckDBDateValue.PosInf;
  if (days === -2_147_483_648) return DuckDBDateValue.NegInf;
  // The last 30 years of the range do not fit DuckDB's epoch.
  if (days + postgresEpoch_days >= 2_147_483_647) throw invalidBinary(Oid.date, 'out of range');
  return new DuckDBDateValue(days + postgresEpoch_days);
}

function decodeTime(oid: number, bytes: Buffer): bigint {
  const micros = bytes.readBigInt64BE(0);
  if (micros < 0n || micros > microsPerDay) throw invalidBinary(oid, 'not a time of day');
  return micros;
}

function decodeTimestamp(micros: bigint): bigint {
  if (micros === maxInt64) return DuckDBTimestampValue.PosInf.micros;
  if (micros === minInt64) return DuckDBTimestampValue.NegInf.micros;
  if (micros + postgresEpoch_micros >= maxInt64) throw invalidBinary(Oid.timestamp, 'out of range');
  return micros + postgresEpoch_micros;
}

function decodeBits(oid: number, bytes: Buffer): DuckDBBitValue {
  const length = bytes.length < 4 ? -1 : bytes.readInt32BE(0);
  if (length < 0 || bytes.length !== 4 + Math.ceil(length / 8))
    throw invalidBinary(oid, 'its length does not fit');
  return DuckDBBitValue.fromLengthAndPredicate(
    length,
    (index) => ((bytes.readUInt8(4 + (index >> 3)) >> (7 - (index & 7))) & 1) === 1,
  );
}

const maxDimensions = 6;

function decodeArray(oid: number, element: number, bytes: Buffer, settings: FormatSettings): ParameterValue {
  if (bytes.length < 12) throw invalidBinary(oid, `${bytes.length} bytes, at least 12 belong there`);
  const dimensionCount = bytes.readInt32BE(0);
  if (dimensionCount < 0 || dimensionCount > maxDimensions)
    throw invalidBinary(oid, `${dimensionCount} dimensions`);
  const actual = bytes.readUInt32BE(8);
  if (actual !== element) throw wrongElement(actual, element);
  const reader = new ArrayElements(oid, element, bytes, settings);
  const dimensions = Array.from({ length: dimensionCount }, () => reader.dimension());
  if (dimensionCount === 0) return { value: new DuckDBListValue([]), type: duckdbTypeOf(oid) };
  const value = reader.list(dimensions);
  // Numerics differ in width: their text finds one type for all of them.
  if (element === Oid.numeric) return decodeText(oid, literal(value), settings);
  let type = duckdbTypeOf(oid);
  for (let level = 1; level < dimensionCount && type !== undefined; level++) type = LIST(type);
  return { value, type };
}

function literal(value: DuckDBValue): string {
  if (value instanceof DuckDBListValue) return `{${value.items.map(literal).join(',')}}`;
  return value === null ? 'NULL' : String(value);
}

class ArrayElements {
  readonly #oid: number;
  readonly #element: number;
  readonly #bytes: Buffer;
  readonly #settings: FormatSettings;
  #at = 12;

  constructor(oid: number, element: number, bytes: Buffer, settings: FormatSettings) {
    this.#oid = oid;
    this.#element = element;
    this.#bytes = bytes;
    this.#settings = settings;
  }

  /** The length of a dimension; its lower bound does not matter to DuckDB. */
  dimension(): number {
    const length = this.#int32();
    this.#int32();
    // Each element takes at least its length word, so no count can exceed the bytes.
    if (length < 0 || length * 4 > this.#bytes.length)
      throw invalidBinary(this.#oid, `a dimension of ${length}`);
    return length;
  }

  list(dimensions: readonly number[]): DuckDBListValue {
    const list = this.#level(dimensions);
    if (this.#at !== this.#bytes.length) throw invalidBinary(this.#oid, 'bytes are left over');
    return list;
  }

  #level(dimensions: readonly number[]): DuckDBListValue {
    const [length = 0, ...inner] = dimensions;
    const next = (): DuckDBValue => (inner.length === 0 ? this.#value() : this.#level(inner));
    return new DuckDBListValue(Array.from({ length }, next));
  }

  #value(): DuckDBValue {
    const length_bytes = this.#int32();
    if (length_bytes === -1) return null;
    if (length_bytes < 0 || this.#at + length_bytes > this.#bytes.length) {
      throw invalidBinary(this.#oid, `an element of ${length_bytes} bytes`);
    }
    const bytes = this.#bytes.subarray(this.#at, this.#at + length_bytes);
    this.#at += length_bytes;
    return decodeBinary(this.#element, bytes, this.#settings).value;
  }

  #int32(): number {
    if (this.#at + 4 > this.#bytes.length) throw invalidBinary(this.#oid, 'it ends early');
    const value = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }
}

function wrongElement(actual: number, expected: number): SqlensError {
  const named = (oid: number): string => `${oid} (${sqlName(oid)})`;
  return new SqlensError({
    sqlState: SqlState.datatypeMismatch,
    message: `binary data has array element type ${named(actual)} instead of expected ${named(expected)}`,
    hint: 'Declare the type of the array that is sent.',
  });
}
