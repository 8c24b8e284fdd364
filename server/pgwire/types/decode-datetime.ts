/** Dates, times and intervals in the forms that PostgreSQL prints them and ISO 8601 writes them. */
import {
  DuckDBDateValue,
  DuckDBIntervalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
} from '@duckdb/node-api';
import { type CivilDate, civilFromDays, daysFromCivil, microsPerDay, microsPerSecond } from './calendar.ts';
import { datetimeOutOfRange, invalidDatetime } from './parse-error.ts';
import { Oid } from './pg-type.ts';
import { TimeZone } from './time-zone.ts';

/** Years have four digits or more, so that nothing else is taken for one. */
const datePatterns: readonly RegExp[] = [
  /^(?<year>\d{4,7})[-/](?<month>\d{1,2})[-/](?<day>\d{1,2})(?!\d)/,
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?!\d)/,
  // As DateStyle ISO, MDY has it.
  /^(?<month>\d{1,2})[-/](?<day>\d{1,2})[-/](?<year>\d{4,7})(?!\d)/,
  /^(?<name>[a-z]{3,9})\.?[\s-]+(?<day>\d{1,2})(?:,\s*|[\s-]+)(?<year>\d{4,7})(?!\d)/i,
  /^(?<day>\d{1,2})[\s-]+(?<name>[a-z]{3,9})\.?(?:,\s*|[\s-]+)(?<year>\d{4,7})(?!\d)/i,
];
const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const timePattern = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?/;
const offsetPattern = /^([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?/;

export function decodeDate(text: string): DuckDBDateValue {
  const infinite = infinity(text);
  if (infinite !== undefined) return infinite > 0 ? DuckDBDateValue.PosInf : DuckDBDateValue.NegInf;
  const { days } = readDateTime(Oid.date, text);
  return new DuckDBDateValue(days);
}

/** A timestamp without time zone; an offset in the text is ignored, as PostgreSQL does. */
export function decodeTimestamp(text: string): DuckDBTimestampValue {
  const infinite = infinity(text);
  if (infinite !== undefined) return infinite > 0 ? DuckDBTimestampValue.PosInf : DuckDBTimestampValue.NegInf;
  const { days, micros } = readDateTime(Oid.timestamp, text);
  return new DuckDBTimestampValue(BigInt(days) * microsPerDay + micros);
}

/** A timestamp with time zone; without an offset in the text it is in the session's zone. */
export function decodeTimestampTz(text: string, timeZone: TimeZone): DuckDBTimestampTZValue {
  const infinite = infinity(text);
  if (infinite !== undefined)
    return infinite > 0 ? DuckDBTimestampTZValue.PosInf : DuckDBTimestampTZValue.NegInf;
  const named = /^(.*\d)\s+([a-z]+(?:\/[a-z_+-]+\d*)+)$/i.exec(text.trim());
  const zone = named === null ? timeZone : (zoneOf(named[2] ?? '') ?? timeZone);
  const local = zone === timeZone ? text : (named?.[1] ?? text);
  return readTimestampTz(local, zone);
}

function zoneOf(name: string): TimeZone | undefined {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return new TimeZone(name);
  } catch {
    // Reported as a part of the text that makes no sense.
    return undefined;
  }
}

function readTimestampTz(text: string, timeZone: TimeZone): DuckDBTimestampTZValue {
  const { days, micros, offset_s } = readDateTime(Oid.timestamptz, text);
  const local_micros = BigInt(days) * microsPerDay + micros;
  if (offset_s === undefined) return new DuckDBTimestampTZValue(timeZone.instantOf(local_micros));
  return new DuckDBTimestampTZValue(local_micros - BigInt(offset_s) * microsPerSecond);
}

export function decodeTime(text: string): DuckDBTimeValue {
  const { micros } = readTime(Oid.time, text);
  return new DuckDBTimeValue(micros);
}

export function decodeTimeTz(text: string): DuckDBTimeTZValue {
  const { micros, offset_s } = readTime(Oid.timetz, text);
  return DuckDBTimeTZValue.fromMicrosAndOffset(micros, offset_s ?? 0);
}

const monthsOf: Readonly<Record<string, number>> = {
  mil: 12_000,
  millennium: 12_000,
  cent: 1200,
  century: 1200,
  dec: 120,
  decade: 120,
  y: 12,
  yr: 12,
  year: 12,
  mon: 1,
  month: 1,
};
const daysOf: Readonly<Record<string, number>> = { w: 7, week: 7, d: 1, day: 1 };
const microsOf: Readonly<Record<string, number>> = {
  h: 3_600_000_000,
  hr: 3_600_000_000,
  hour: 3_600_000_000,
  m: 60_000_000,
  min: 60_000_000,
  minute: 60_000_000,
  s: 1_000_000,
  sec: 1_000_000,
  second: 1_000_000,
  ms: 1000,
  millisecond: 1000,
  us: 1,
  microsecond: 1,
};

/** `1 year 2 mons -3 days 04:05:06.789`, `3 hours ago`, `P1Y2M3DT4H5M6S`. */
export function decodeInterval(text: string): DuckDBIntervalValue {
  const iso = /^\s*P(?=.)([^T]*)(?:T(.+))?\s*$/i.exec(text);
  const words = iso === null ? text.trim().toLowerCase() : isoWords(iso[1] ?? '', iso[2] ?? '');
  const ago = /\sago$/.test(words) ? -1 : 1;
  const token = /([+-]?)(\d+):(\d{2})(?::(\d{2}(?:\.\d+)?))?|([+-]?\d+(?:\.\d+)?)\s*([a-z]+)/g;
  let months = 0;
  let days = 0;
  let micros = 0;
  let rest = words.replace(/\sago$/, '').replace(/^@\s*/, '');
  if (rest === '') throw invalidDatetime(Oid.interval, text);
  rest = rest.replace(token, (_, sign, hours, minutes, seconds, amount, unit) => {
    if (unit === undefined) {
      const clock = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0);
      micros += (sign === '-' ? -1 : 1) * Math.round(clock * 1_000_000);
      return '';
    }
    const name = unitName(String(unit));
    const value = Number(amount);
    if (name in monthsOf) months += Math.round(value * (monthsOf[name] ?? 0));
    else if (name in daysOf) {
      const whole = value * (daysOf[name] ?? 0);
      days += Math.trunc(whole);
      micros += Math.round((whole - Math.trunc(whole)) * 86_400_000_000);
    } else if (name in microsOf) micros += Math.round(value * (microsOf[name] ?? 0));
    else throw invalidDatetime(Oid.interval, text);
    return '';
  });
  if (rest.trim() !== '') throw invalidDatetime(Oid.interval, text);
  return new DuckDBIntervalValue(ago * months, ago * days, BigInt(ago * micros));
}

function isoWords(date: string, time: string): string {
  // M is months before the T and minutes after it.
  return `${date.replace(/m/gi, 'mon ')} ${time}`.toLowerCase();
}

function unitName(unit: string): string {
  const aliases: Readonly<Record<string, string>> = {
    centuries: 'century',
    millennia: 'millennium',
    c: 'cent',
  };
  const known = aliases[unit] ?? unit;
  if (known in monthsOf || known in daysOf || known in microsOf) return known;
  return known.replace(/s$/, '');
}

function infinity(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'infinity' || word === '+infinity') return 1;
  return word === '-infinity' ? -1 : undefined;
}

interface DateTime {
  readonly days: number;
  /** Of the day; 24:00:00 counts into the next. */
  readonly micros: bigint;
  readonly offset_s: number | undefined;
}

function readDateTime(oid: number, text: string): DateTime {
  let rest = text.trim();
  const bc = /\s*bc$/i.test(rest);
  rest = rest.replace(/\s*(bc|ad)$/i, '');
  const date = readDate(rest);
  if (date === undefined) throw invalidDatetime(oid, text);
  const { year, month, day } = date;
  const civil = { year: bc ? 1 - year : year, month, day };
  const days = daysFromCivil(civil);
  // 31 February gives another day: it does not exist.
  if (year === 0 || !sameDate(civilFromDays(days), civil)) throw datetimeOutOfRange(text);
  rest = rest.slice(date.length).replace(/^(T|\s+)/i, '');
  if (rest === '') return { days, micros: 0n, offset_s: undefined };
  const time = readTime(oid, rest, text);
  return { days, micros: time.micros, offset_s: time.offset_s };
}

/** The date at the beginning of a text, and how long it is. */
function readDate(text: string): (CivilDate & { readonly length: number }) | undefined {
  for (const pattern of datePatterns) {
    const match = pattern.exec(text);
    const fields = match?.groups;
    if (match === null || fields === undefined) continue;
    const name = fields.name?.toLowerCase();
    const month =
      name === undefined ? Number(fields.month) : 1 + monthNames.findIndex((full) => full.startsWith(name));
    if (month === 0) continue;
    return { year: Number(fields.year), month, day: Number(fields.day), length: match[0].length };
  }
  return undefined;
}

function readTime(oid: number, text: string, whole = text): { micros: bigint; offset_s: number | undefined } {
  const trimmed = text.trim();
  const time = timePattern.exec(trimmed);
  if (time === null) throw invalidDatetime(oid, whole);
  const hours = Number(time[1]);
  const minutes = Number(time[2]);
  const seconds = Number(time[3] ?? 0);
  const fraction_micros = Math.round(Number(`0.${time[4] ?? '0'}`) * 1_000_000);
  const micros = BigInt(hours * 3600 + minutes * 60 + seconds) * microsPerSecond + BigInt(fraction_micros);
  if (minutes > 59 || seconds > 60 || micros > microsPerDay) throw datetimeOutOfRange(whole);
  return { micros, offset_s: readOffset(oid, trimmed.slice(time[0].length).trim(), whole) };
}

function readOffset(oid: number, text: string, whole: string): number | undefined {
  if (text === '') return undefined;
  if (/^(z|utc|gmt)$/i.test(text)) return 0;
  const match = offsetPattern.exec(text);
  if (match === null || match[0] !== text) throw invalidDatetime(oid, whole);
  const offset_s = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  if (offset_s >= 16 * 3600) throw invalidDatetime(oid, whole);
  return match[1] === '-' ? -offset_s : offset_s;
}

function sameDate(a: CivilDate, b: CivilDate): boolean {
  return a.year === b.year && a.month === b.month && a.day === b.day;
}
