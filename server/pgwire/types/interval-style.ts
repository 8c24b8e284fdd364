/** Intervals in the styles of the setting IntervalStyle (PostgreSQL manual, 8.5.5). */
import { intervalText } from './calendar.ts';

export type IntervalStyle = 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';

/** An interval in the units that its text counts; those of the time have one sign. */
interface Parts {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: bigint;
  readonly minutes: number;
  readonly seconds: number;
  readonly micros: number;
}

/** @returns undefined for a name that is no style */
export function intervalStyleOf(name: string): IntervalStyle | undefined {
  return (['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'] as const).find(
    (style) => style === name,
  );
}

export function styledInterval(style: IntervalStyle, months: number, days: number, micros: bigint): string {
  switch (style) {
    case 'postgres':
      return intervalText(months, days, micros);
    case 'postgres_verbose':
      return verbose(partsOf(months, days, micros));
    case 'sql_standard':
      return sqlStandard(partsOf(months, days, micros));
    case 'iso_8601':
      return iso8601(partsOf(months, days, micros));
  }
}

function partsOf(months: number, days: number, micros: bigint): Parts {
  const seconds = micros / 1_000_000n;
  return {
    years: Math.trunc(months / 12),
    months: months % 12,
    days,
    hours: seconds / 3600n,
    minutes: Number((seconds / 60n) % 60n),
    seconds: Number(seconds % 60n),
    micros: Number(micros % 1_000_000n),
  };
}

/** Seconds and their fraction without a sign, zeros at its end left out. */
function secondsText({ seconds, micros }: Parts): string {
  const whole = String(Math.abs(seconds));
  if (micros === 0) return whole;
  return `${whole}.${String(Math.abs(micros)).padStart(6, '0').replace(/0+$/, '')}`;
}

function verbose(parts: Parts): string {
  let text = '@';
  let isZero = true;
  let isBefore = false;
  const add = (value: bigint, unit: string): void => {
    if (value === 0n) return;
    // "ago" turns every sign around; the first value decides.
    if (isZero) isBefore = value < 0n;
    const shown = isBefore ? -value : value;
    text += ` ${shown} ${unit}${shown === 1n ? '' : 's'}`;
    isZero = false;
  };
  add(BigInt(parts.years), 'year');
  add(BigInt(parts.months), 'mon');
  add(BigInt(parts.days), 'day');
  add(parts.hours, 'hour');
  add(BigInt(parts.minutes), 'min');
  if (parts.seconds !== 0 || parts.micros !== 0) {
    const isNegative = parts.seconds < 0 || parts.micros < 0;
    if (isZero) isBefore = isNegative;
    const isOne = Math.abs(parts.seconds) === 1 && parts.micros === 0;
    text += ` ${isNegative === isBefore ? '' : '-'}${secondsText(parts)} sec${isOne ? '' : 's'}`;
    isZero = false;
  }
  if (isZero) text += ' 0';
  return isBefore ? `${text} ago` : text;
}

function iso8601(parts: Parts): string {
  const part = (value: number | bigint, unit: string): string =>
    Number(value) === 0 ? '' : `${value}${unit}`;
  const date = part(parts.years, 'Y') + part(parts.months, 'M') + part(parts.days, 'D');
  const isNegative = parts.seconds < 0 || parts.micros < 0;
  const seconds =
    parts.seconds === 0 && parts.micros === 0 ? '' : `${isNegative ? '-' : ''}${secondsText(parts)}S`;
  const time = part(parts.hours, 'H') + part(parts.minutes, 'M') + seconds;
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

function sqlStandard(parts: Parts): string {
  const { years, months, days, hours, minutes, seconds, micros } = parts;
  const values = [years, months, days, Number(hours), minutes, seconds, micros];
  const hasNegative = values.some((value) => value < 0);
  const hasPositive = values.some((value) => value > 0);
  if (!hasNegative && !hasPositive) return '0';
  const hasYearMonth = years !== 0 || months !== 0;
  const hasTime = hours !== 0n || minutes !== 0 || seconds !== 0 || micros !== 0;
  const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
  const padded = secondsText(parts).replace(/^(\d)(?=\.|$)/, '0$1');
  const time = `${absolute(hours)}:${String(Math.abs(minutes)).padStart(2, '0')}:${padded}`;
  const sign = hasNegative ? '-' : '';
  const isMixed = (hasNegative && hasPositive) || (hasYearMonth && (days !== 0 || hasTime));
  if (isMixed) {
    const signOf = (isNegative: boolean): string => (isNegative ? '-' : '+');
    const isTimeNegative = hours < 0n || minutes < 0 || seconds < 0 || micros < 0;
    const date = `${signOf(years < 0 || months < 0)}${Math.abs(years)}-${Math.abs(months)}`;
    return `${date} ${signOf(days < 0)}${Math.abs(days)} ${signOf(isTimeNegative)}${time}`;
  }
  if (hasYearMonth) return `${sign}${Math.abs(years)}-${Math.abs(months)}`;
  return days === 0 ? `${sign}${time}` : `${sign}${Math.abs(days)} ${time}`;
}
