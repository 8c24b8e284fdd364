/** Dates and times in every form that PostgreSQL takes; what a text says is read by datetime-fields.ts. */
import {
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
} from '@duckdb/node-api';
import { civilFromDays, daysFromCivil, microsPerDay, microsPerSecond } from './calendar.ts';
import { type DateTimeFields, FieldError, readFields } from './datetime-fields.ts';
import {
  datetimeOutOfRange,
  displacementOutOfRange,
  invalidDatetime,
  unknownZone,
  valueOutOfRange,
} from './parse-error.ts';
import { Oid } from './pg-type.ts';
import { TimeZone } from './time-zone.ts';

/** Julian day 0, PostgreSQL's first date: 4714-11-24 BC. */
const firstDay = -2_440_588;
/** 5874898-06-02, the last that PostgreSQL has. */
const lastDay = 2_145_042_905;
const infiniteMicros = DuckDBTimestampValue.PosInf.micros;

export function decodeDate(text: string, timeZone: TimeZone): DuckDBDateValue {
  const fields = read(Oid.date, text);
  switch (fields.special) {
    case 'infinity':
      return DuckDBDateValue.PosInf;
    case '-infinity':
      return DuckDBDateValue.NegInf;
    case undefined:
      break;
    default:
      return new DuckDBDateValue(
        Math.floor(Number(specialMicros(fields.special, timeZone) / microsPerSecond) / 86_400),
      );
  }
  const days = daysOf(Oid.date, text, fields);
  // A time is checked, and forgotten.
  if (fields.hours !== undefined) timeOf(text, fields);
  if (days < firstDay || days > lastDay) throw valueOutOfRange('date', text);
  return new DuckDBDateValue(days);
}

/** A timestamp without time zone; an offset in the text is ignored, as PostgreSQL does. */
export function decodeTimestamp(text: string, timeZone: TimeZone): DuckDBTimestampValue {
  const fields = read(Oid.timestamp, text);
  switch (fields.special) {
    case 'infinity':
      return DuckDBTimestampValue.PosInf;
    case '-infinity':
      return DuckDBTimestampValue.NegInf;
    case undefined:
      break;
    default:
      return new DuckDBTimestampValue(specialMicros(fields.special, timeZone));
  }
  return new DuckDBTimestampValue(inRange(text, localMicros(Oid.timestamp, text, fields)));
}

/** A timestamp with time zone; without a zone in the text it is in the session's. */
export function decodeTimestampTz(text: string, timeZone: TimeZone): DuckDBTimestampTZValue {
  const fields = read(Oid.timestamptz, text);
  switch (fields.special) {
    case 'infinity':
      return DuckDBTimestampTZValue.PosInf;
    case '-infinity':
      return DuckDBTimestampTZValue.NegInf;
    case 'epoch':
      return new DuckDBTimestampTZValue(0n);
    case undefined:
      break;
    default:
      return new DuckDBTimestampTZValue(timeZone.instantOf(specialMicros(fields.special, timeZone)));
  }
  const local_micros = localMicros(Oid.timestamptz, text, fields);
  const offset_s = fields.offset_s;
  const instant_micros =
    offset_s === undefined
      ? zoneOf(fields, timeZone).instantOf(local_micros)
      : local_micros - BigInt(offset_s) * microsPerSecond;
  return new DuckDBTimestampTZValue(inRange(text, instant_micros));
}

/** @param timeZone for `now` */
export function decodeTime(text: string, timeZone: TimeZone): DuckDBTimeValue {
  const fields = read(Oid.time, text);
  if (fields.special === 'now') return new DuckDBTimeValue(ofDay(specialMicros('now', timeZone)));
  return new DuckDBTimeValue(timeOnly(Oid.time, text, fields));
}

export function decodeTimeTz(text: string, timeZone: TimeZone): DuckDBTimeTZValue {
  const fields = read(Oid.timetz, text);
  const isNow = fields.special === 'now';
  const micros = isNow ? ofDay(specialMicros('now', timeZone)) : timeOnly(Oid.timetz, text, fields);
  if (fields.offset_s !== undefined) return DuckDBTimeTZValue.fromMicrosAndOffset(micros, fields.offset_s);
  const zone = zoneOf(fields, timeZone);
  // Without a date, the offset of today.
  const hasDate = !isNow && isDated(fields);
  const local_micros = hasDate
    ? BigInt(daysOf(Oid.timetz, text, fields)) * microsPerDay + micros
    : (nowMicros() / microsPerDay) * microsPerDay + micros;
  const offset_s = zone.offsetAt_s(zone.instantOf(local_micros));
  return DuckDBTimeTZValue.fromMicrosAndOffset(micros, offset_s);
}

function read(oid: number, text: string): DateTimeFields {
  let fields: DateTimeFields;
  try {
    fields = readFields(text);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    if (error.problem === 'displacement') throw displacementOutOfRange(text);
    throw error.problem === 'format' ? invalidDatetime(oid, text) : datetimeOutOfRange(text);
  }
  if (fields.zone !== undefined && zoneNamed(fields.zone) === undefined) throw unknownZone(fields.zone);
  const isSpecial = fields.special !== undefined;
  const isOther = isDated(fields) || fields.hours !== undefined || fields.day !== undefined;
  if (isSpecial && isOther) throw invalidDatetime(oid, text);
  return fields;
}

function isDated(fields: DateTimeFields): boolean {
  return fields.year !== undefined || fields.julianDay !== undefined;
}

/** The time of a day alone; a date beside it is checked, and needed by zones whose offset changes. */
function timeOnly(oid: number, text: string, fields: DateTimeFields): bigint {
  if (fields.special !== undefined || fields.hours === undefined) throw invalidDatetime(oid, text);
  if (isDated(fields)) daysOf(oid, text, fields);
  else if (fields.month !== undefined || fields.day !== undefined || fields.zone !== undefined) {
    throw invalidDatetime(oid, text);
  }
  return timeOf(text, fields);
}

function localMicros(oid: number, text: string, fields: DateTimeFields): bigint {
  const days = daysOf(oid, text, fields);
  return BigInt(days) * microsPerDay + (fields.hours === undefined ? 0n : timeOf(text, fields));
}

function daysOf(oid: number, text: string, fields: DateTimeFields): number {
  if (fields.julianDay !== undefined) return fields.julianDay + firstDay;
  const { year, isTwoDigitYear = false, isBc = false } = fields;
  if (year === undefined) throw invalidDatetime(oid, text);
  if (isBc && year === 0) throw datetimeOutOfRange(text);
  const full = isBc ? 1 - year : isTwoDigitYear ? year + (year < 70 ? 2000 : 1900) : year;
  if (full === 0 && !isBc) throw datetimeOutOfRange(text);
  if (fields.dayOfYear !== undefined) {
    const first = daysFromCivil({ year: full, month: 1, day: 1 });
    const next = daysFromCivil({ year: full + 1, month: 1, day: 1 });
    if (fields.dayOfYear < 1 || first + fields.dayOfYear > next) throw datetimeOutOfRange(text);
    return first + fields.dayOfYear - 1;
  }
  const { month, day } = fields;
  if (month === undefined || day === undefined) throw invalidDatetime(oid, text);
  const days = daysFromCivil({ year: full, month, day });
  const civil = civilFromDays(days);
  // 31 February gives another day: it does not exist.
  if (month < 1 || month > 12 || civil.month !== month || civil.day !== day) throw datetimeOutOfRange(text);
  return days;
}

/** Of the day; 24:00:00 counts into the next. */
function timeOf(text: string, fields: DateTimeFields): bigint {
  const { hours = 0, minutes = 0, seconds = 0, fraction_micros = 0, half } = fields;
  if (half !== undefined && hours > 12) throw datetimeOutOfRange(text);
  const hour = half === undefined ? hours : (hours % 12) + (half === 'pm' ? 12 : 0);
  const micros = BigInt(hour * 3600 + minutes * 60 + seconds) * microsPerSecond + BigInt(fraction_micros);
  if (hour > 24 || minutes > 59 || seconds > 60 || micros > microsPerDay) throw datetimeOutOfRange(text);
  return micros;
}

function inRange(text: string, micros: bigint): bigint {
  const isPostgres = micros >= BigInt(firstDay) * microsPerDay;
  if (!isPostgres || micros >= infiniteMicros) throw valueOutOfRange('timestamp', text);
  return micros;
}

function zoneOf(fields: DateTimeFields, timeZone: TimeZone): TimeZone {
  return (fields.zone === undefined ? undefined : zoneNamed(fields.zone)) ?? timeZone;
}

function zoneNamed(name: string): TimeZone | undefined {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return new TimeZone(name);
  } catch {
    return undefined;
  }
}

function nowMicros(): bigint {
  return BigInt(Date.now()) * 1000n;
}

/** The local time that a word stands for. */
function specialMicros(
  special: 'epoch' | 'now' | 'today' | 'tomorrow' | 'yesterday',
  timeZone: TimeZone,
): bigint {
  if (special === 'epoch') return 0n;
  const now_micros = nowMicros();
  const local_micros = now_micros + BigInt(timeZone.offsetAt_s(now_micros)) * microsPerSecond;
  if (special === 'now') return local_micros;
  const midnight_micros = local_micros - ofDay(local_micros);
  return midnight_micros + (special === 'today' ? 0n : special === 'tomorrow' ? microsPerDay : -microsPerDay);
}

function ofDay(micros: bigint): bigint {
  return ((micros % microsPerDay) + microsPerDay) % microsPerDay;
}
