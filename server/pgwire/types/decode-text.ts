/** Parameters in text format, by the type that the client declared. */
import {
  DECIMAL,
  DuckDBBitValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBUUIDValue,
  type DuckDBValue,
  HUGEINT,
  LIST,
} from '@duckdb/node-api';
import type { ParameterValue } from '../../query/api.ts';
import { type ArrayItem, parseArray } from './array-text.ts';
import {
  decodeDate,
  decodeTime,
  decodeTimestamp,
  decodeTimestampTz,
  decodeTimeTz,
} from './decode-datetime.ts';
import { decodeInterval } from './decode-interval.ts';
import { invalidBytea, invalidHex, invalidText, outOfRange } from './parse-error.ts';
import { duckdbTypeOf, elementOid, Oid } from './pg-type.ts';
import type { FormatSettings } from './scalar-text.ts';

/** @throws SqlensError 22P02, 22003 or 22007 when the text is no value of the type */
export function decodeText(oid: number, text: string, settings: FormatSettings): ParameterValue {
  const element = elementOid(oid);
  if (element !== undefined) return decodeArray(oid, element, text, settings);
  if (oid === Oid.numeric) return decodeNumeric(text);
  return { value: decodeScalar(oid, text, settings), type: duckdbTypeOf(oid) };
}

function decodeScalar(oid: number, text: string, settings: FormatSettings): DuckDBValue {
  switch (oid) {
    case Oid.bool:
      return decodeBool(text);
    case Oid.int2:
      return Number(decodeInteger(oid, text, -32_768n, 32_767n));
    case Oid.int4:
      return Number(decodeInteger(oid, text, -2_147_483_648n, 2_147_483_647n));
    case Oid.int8:
      return decodeInteger(oid, text, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n);
    case Oid.oid:
      return Number(decodeInteger(oid, text, 0n, 4_294_967_295n));
    case Oid.float4:
      return decodeFloat(oid, text, Math.fround);
    case Oid.float8:
      return decodeFloat(oid, text, (value) => value);
    case Oid.bytea:
      return new DuckDBBlobValue(decodeBytea(text));
    case Oid.uuid:
      return decodeUuid(text);
    case Oid.bit:
    case Oid.varbit:
      if (!/^[01]*$/.test(text)) throw invalidText(oid, text, 'Write bits as 0 and 1.');
      return DuckDBBitValue.fromString(text);
    case Oid.date:
      return decodeDate(text, settings.timeZone);
    case Oid.time:
      return decodeTime(text, settings.timeZone);
    case Oid.timetz:
      return decodeTimeTz(text, settings.timeZone);
    case Oid.timestamp:
      return decodeTimestamp(text, settings.timeZone);
    case Oid.timestamptz:
      return decodeTimestampTz(text, settings.timeZone);
    case Oid.interval:
      return decodeInterval(text, settings.intervalStyle === 'sql_standard');
    default:
      return text;
  }
}

function decodeBool(text: string): boolean {
  const word = text.trim().toLowerCase();
  // PostgreSQL takes unambiguous beginnings: "tr", "of".
  if (word === '1' || (word !== '' && ('true'.startsWith(word) || 'yes'.startsWith(word))) || word === 'on')
    return true;
  if (
    word === '0' ||
    (word !== '' && ('false'.startsWith(word) || 'no'.startsWith(word))) ||
    /^off?$/.test(word)
  ) {
    return false;
  }
  throw invalidText(Oid.bool, text, 'Write true or false.');
}

function decodeInteger(oid: number, text: string, min: bigint, max: bigint): bigint {
  const digits = text.trim();
  if (!/^[+-]?\d{1,100}$/.test(digits))
    throw invalidText(oid, text, 'Write a whole number in decimal digits.');
  const value = BigInt(digits.replace(/^\+/, ''));
  if (value < min || value > max) throw outOfRange(oid, text);
  return value;
}

function decodeFloat(oid: number, text: string, round: (value: number) => number): number {
  const trimmed = text.trim();
  const word = /^([+-]?)(?:inf|infinity)$/i.exec(trimmed);
  if (word !== null) return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(trimmed)) return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed))
    throw invalidText(oid, text, 'Write a decimal number.');
  const value = round(Number(trimmed));
  const isLost = value === 0 && /^[+-]?[0.]*[1-9]/.test(trimmed);
  if (!Number.isFinite(value) || isLost) throw outOfRange(oid, text);
  return value;
}

const maxDecimalDigits = 38;

/** A numeric keeps its digits: the DECIMAL has just the width and scale that the value is written with. */
export function decodeNumeric(text: string): ParameterValue {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,5}))?$/i.exec(text.trim());
  const digits = `${match?.[2] ?? ''}${match?.[3] ?? ''}`;
  if (match === null || digits === '') {
    if (/^\s*([+-]?inf(inity)?|nan)\s*$/i.test(text)) throw outOfRange(Oid.numeric, text);
    throw invalidText(Oid.numeric, text, 'Write a decimal number.');
  }
  const exponent = Number(match[4] ?? 0) - (match[3] ?? '').length;
  const significant = digits.replace(/^0+/, '');
  if (significant.length + Math.abs(exponent) > 10 * maxDecimalDigits) throw outOfRange(Oid.numeric, text);
  const scale = Math.max(0, -exponent);
  const unscaled =
    BigInt(significant === '' ? '0' : significant) * (exponent > 0 ? 10n ** BigInt(exponent) : 1n);
  const width = Math.max(unscaled.toString().length, scale, 1);
  const value = match[1] === '-' ? -unscaled : unscaled;
  // HUGEINT reaches into the 39th digit.
  if (width > maxDecimalDigits && scale === 0 && BigInt.asIntN(128, value) === value)
    return { value, type: HUGEINT };
  if (width > maxDecimalDigits) throw outOfRange(Oid.numeric, text);
  return { value: new DuckDBDecimalValue(value, width, scale), type: DECIMAL(width, scale) };
}

function decodeBytea(text: string): Uint8Array {
  const hint = 'Write bytea as \\x and hexadecimal digits.';
  if (text.startsWith('\\x')) {
    const digits = text.slice(2).replace(/\s/g, '');
    const foreign = /[^0-9a-f]/i.exec(digits)?.[0];
    if (foreign !== undefined) throw invalidHex(`invalid hexadecimal digit: "${foreign}"`, hint);
    if (digits.length % 2 === 1) throw invalidHex('invalid hexadecimal data: odd number of digits', hint);
    return Buffer.from(digits, 'hex');
  }
  // The older escape format: \\ and three octal digits; every other character is its own bytes.
  if (/\\(?!\\|[0-3][0-7]{2})/.test(text.replace(/\\\\/g, ''))) throw invalidBytea(hint);
  const parts = text.split(/(\\\\|\\[0-3][0-7]{2})/);
  return Buffer.concat(parts.map((part) => escapedBytes(part)));
}

function escapedBytes(part: string): Buffer {
  if (part === '\\\\') return Buffer.from('\\');
  if (/^\\[0-3][0-7]{2}$/.test(part)) return Buffer.from([Number.parseInt(part.slice(1), 8)]);
  return Buffer.from(part, 'utf8');
}

function decodeUuid(text: string): DuckDBUUIDValue {
  // Hyphens may stand behind any four digits.
  if (!/^(?:\{(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}\}|(?:[0-9a-f]{4}-?){7}[0-9a-f]{4})$/i.test(text)) {
    throw invalidText(Oid.uuid, text, 'Write a UUID as 123e4567-e89b-12d3-a456-426614174000.');
  }
  const digits = text.replace(/[-{}]/g, '');
  return DuckDBUUIDValue.fromUint128(BigInt(`0x${digits}`));
}

function decodeArray(oid: number, element: number, text: string, settings: FormatSettings): ParameterValue {
  const items = parseArray(text);
  if (element === Oid.numeric) return decodeNumericArray(items);
  const convert = (item: ArrayItem): DuckDBValue => {
    if (item === null) return null;
    if (typeof item === 'string') return decodeScalar(element, item, settings);
    return new DuckDBListValue(item.map(convert));
  };
  const depth = depthOf(items);
  let type = duckdbTypeOf(oid);
  for (let level = 1; level < depth && type !== undefined; level++) type = LIST(type);
  return { value: new DuckDBListValue(items.map(convert)), type };
}

/** One DECIMAL type that holds every element. */
function decodeNumericArray(items: readonly ArrayItem[]): ParameterValue {
  let scale = 0;
  let whole = 1;
  const widen = (item: ArrayItem): void => {
    if (item === null) return;
    if (typeof item !== 'string') {
      item.forEach(widen);
      return;
    }
    const { value } = decodeNumeric(item);
    // A HUGEINT of 39 digits: no DECIMAL holds it, and dropping it would be a lie.
    if (!(value instanceof DuckDBDecimalValue)) throw outOfRange(Oid.numeric, item);
    scale = Math.max(scale, value.scale);
    whole = Math.max(whole, value.width - value.scale);
  };
  items.forEach(widen);
  if (whole + scale > maxDecimalDigits) throw outOfRange(Oid.numeric, 'the elements of an array');
  const convert = (item: ArrayItem): DuckDBValue => {
    if (item === null) return null;
    if (typeof item !== 'string') return new DuckDBListValue(item.map(convert));
    const { value } = decodeNumeric(item);
    if (!(value instanceof DuckDBDecimalValue)) return null;
    return new DuckDBDecimalValue(value.value * 10n ** BigInt(scale - value.scale), whole + scale, scale);
  };
  let type = LIST(DECIMAL(whole + scale, scale));
  for (let level = 1; level < depthOf(items); level++) type = LIST(type);
  return { value: new DuckDBListValue(items.map(convert)), type };
}

function depthOf(items: readonly ArrayItem[]): number {
  const first = items[0];
  return typeof first === 'object' && first !== null ? 1 + depthOf(first) : 1;
}
