/** Constants that PostgreSQL reads otherwise than DuckDB: whole numbers, bytea, truth values, dates, intervals. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import { quoteLiteral, type Token } from '../../text/tokens.ts';
import { type CastLiteral, castLiterals } from '../cast-literals.ts';
import type { Edits } from '../edits.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

/** What DuckDB is to read instead; undefined: the same. */
type Reader = (text: string, constant: CastLiteral) => string | undefined;

const INTEGERS: Readonly<Record<string, readonly [name: string, bits: number]>> = {
  int2: ['smallint', 16],
  int4: ['integer', 32],
  int8: ['bigint', 64],
};

const READERS: Readonly<Record<string, Reader>> = {
  int2: readInteger,
  int4: readInteger,
  int8: readInteger,
  bool: readBoolean,
  bytea: readBytes,
  interval: readInterval,
  date: readDateTime,
  timestamp: readDateTime,
  timestamptz: readDateTime,
};

export const typedConstants: Rule = {
  name: 'typed-constants',
  needs: ['::', 'cast', ...Object.keys(READERS), 'integer', 'bigint', 'smallint', 'boolean', 'int'],
  apply({ tokens, statement }, edits) {
    if (statement.kind === 'ddl') defaultsOfBytes(tokens, edits);
    for (const constant of castLiterals(tokens)) {
      if (constant.isArray) continue;
      const text = READERS[constant.type]?.(constant.literal.value, constant);
      if (text === undefined) continue;
      edits.replace(constant.literal, quoteLiteral(text));
      // DuckDB's own name says that the text is DuckDB's now: it may be read again.
      const type = tokens[constant.typeFrom];
      if (constant.type === 'bytea' && type !== undefined) edits.replace(type, 'blob');
    }
  },
};

/** `b bytea DEFAULT '\\xdead'` */
function defaultsOfBytes(tokens: readonly Token[], edits: Edits): void {
  for (const [at, token] of tokens.entries()) {
    const literal = tokens[at + 1];
    if (!isWord(token, 'default') || literal?.kind !== 'string' || isOperator(tokens[at + 2], '::')) continue;
    for (let back = at - 1; back > 0; back--) {
      const before = tokens[back];
      if (isOperator(before, ',') || isOperator(before, '(')) break;
      if (isWord(before, 'bytea') || isWord(before, 'blob')) {
        edits.replace(literal, `${quoteLiteral(readBytes(literal.value, { literal }))}::blob`);
        break;
      }
    }
  }
}

/** DuckDB takes 1e3, 1.5, 0x1F and 1_000 as well, and rounds. PostgreSQL 15 does not. */
function readInteger(text: string, { literal, type }: CastLiteral): undefined {
  const [name, bits] = INTEGERS[type] ?? ['integer', 32];
  const digits = text.trim();
  if (!/^[-+]?\d+$/.test(digits)) {
    throw invalid(
      literal,
      SqlState.invalidTextRepresentation,
      `invalid input syntax for type ${name}: "${text}"`,
    );
  }
  const limit = 2n ** BigInt(bits - 1);
  const value = BigInt(digits.replace(/^\+/, '').slice(0, 40));
  if (value < -limit || value >= limit || digits.length > 40) {
    throw invalid(
      literal,
      SqlState.numericValueOutOfRange,
      `value "${text}" is out of range for type ${name}`,
    );
  }
  return undefined;
}

const TRUTH = /^(?:(t|tr|tru|true|y|ye|yes|on|1)|(f|fa|fal|fals|false|n|no|of|off|0))$/i;

function readBoolean(text: string, { literal }: CastLiteral): string {
  const [known, isTrue] = TRUTH.exec(text.trim()) ?? [];
  if (known !== undefined) return isTrue === undefined ? 'false' : 'true';
  throw invalid(
    literal,
    SqlState.invalidTextRepresentation,
    `invalid input syntax for type boolean: "${text}"`,
  );
}

/** bytea in hex or escape format (PostgreSQL manual, 8.4) → DuckDB's \xAA for every byte. */
export function readBytes(text: string, { literal }: Pick<CastLiteral, 'literal'>): string {
  const bytes = text.startsWith('\\x') ? hexBytes(text.slice(2), literal) : escapedBytes(text, literal);
  return [...bytes].map((byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function hexBytes(text: string, literal: Token): Buffer {
  const digits = text.replace(/\s+/g, '');
  const wrong = /[^0-9a-f]/i.exec(digits)?.[0];
  if (wrong !== undefined) {
    throw invalid(literal, SqlState.invalidParameterValue, `invalid hexadecimal digit: "${wrong}"`);
  }
  if (digits.length % 2 === 1) {
    throw invalid(literal, SqlState.invalidParameterValue, 'invalid hexadecimal data: odd number of digits');
  }
  return Buffer.from(digits, 'hex');
}

function escapedBytes(text: string, literal: Token): Buffer {
  const parts: Buffer[] = [];
  for (const [whole, octal, other] of text.matchAll(/\\([0-3][0-7]{2})|\\(\\)|[^\\]+|\\/gs)) {
    if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8)));
    else if (other !== undefined) parts.push(Buffer.from('\\'));
    else if (whole === '\\') {
      throw invalid(literal, SqlState.invalidTextRepresentation, 'invalid input syntax for type bytea');
    } else parts.push(Buffer.from(whole, 'utf8'));
  }
  return Buffer.concat(parts);
}

const ISO_INTERVAL =
  /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d+)?)S)?)?$/i;
const ISO_UNITS = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];

function readInterval(text: string): string | undefined {
  const iso = ISO_INTERVAL.exec(text.trim());
  if (iso !== null) {
    const parts = ISO_UNITS.flatMap((unit, at) =>
      iso[at + 1] === undefined ? [] : [`${iso[at + 1]} ${unit}`],
    );
    return parts.length === 0 ? undefined : parts.join(' ');
  }
  // The sign of what is printed behind days: `-1 days +02:03:00`.
  return /\s\+\d+:\d/.test(text) ? text.replace(/\s\+(?=\d+:\d)/g, ' ') : undefined;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const MONTH = '([a-z]{3,9})\\.?';
const NAMED_DATES: readonly (readonly [pattern: RegExp, year: number, month: number, day: number])[] = [
  [new RegExp(`^${MONTH}[ -](\\d{1,2}),?[ -](\\d{4})(?=$|[ T])`, 'i'), 3, 1, 2],
  [new RegExp(`^(\\d{1,2})[ -]${MONTH},?[ -](\\d{4})(?=$|[ T])`, 'i'), 3, 2, 1],
  [new RegExp(`^(\\d{4})[ -]${MONTH}[ -](\\d{1,2})(?=$|[ T])`, 'i'), 1, 2, 3],
];

/** Dates that PostgreSQL (DateStyle ISO, MDY) reads and DuckDB does not, and offsets behind hours and minutes. */
function readDateTime(text: string): string | undefined {
  let read = text.trim();
  const compact = /^(\d{4})(\d{2})(\d{2})(?=$|[ T])/.exec(read);
  if (compact !== null) read = `${compact[1]}-${compact[2]}-${compact[3]}${read.slice(8)}`;
  const slashes = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?=$|[ T])/.exec(read);
  if (slashes !== null) {
    read = `${slashes[3]}-${pad(slashes[1])}-${pad(slashes[2])}${read.slice(slashes[0].length)}`;
  }
  for (const [pattern, year, month, day] of NAMED_DATES) {
    const found = pattern.exec(read);
    const number = MONTHS.indexOf((found?.[month] ?? '').slice(0, 3).toLowerCase()) + 1;
    if (found === null || number === 0) continue;
    read = `${found[year]}-${pad(String(number))}-${pad(found[day])}${read.slice(found[0].length)}`;
    break;
  }
  read = read.replace(/\s+BC$/i, ' (BC)');
  read = read.replace(/([ T]\d{1,2}:\d{2})(?=\s*(?:[-+]\d|Z$|$))/i, '$1:00');
  return read === text ? undefined : read;
}

function pad(digits: string | undefined): string {
  return (digits ?? '').padStart(2, '0');
}

function invalid(literal: Token, sqlState: SqlState, message: string): SqlensError {
  return new SqlensError({ sqlState, message, position: literal.start + 1 });
}
