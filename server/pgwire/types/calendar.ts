/** Dates and times as PostgreSQL's ISO style writes them. Units: days and microseconds since 1970-01-01. */

export const microsPerSecond = 1_000_000n;
export const microsPerDay = 86_400_000_000n;
/** Days from 1970-01-01 to 2000-01-01, where PostgreSQL's binary formats begin. */
export const postgresEpoch_days = 10_957;

/** DuckDB's infinities, in the units of their types. */
const infiniteDays = 2_147_483_647;
const infiniteMicros = 9_223_372_036_854_775_807n;

export interface CivilDate {
  /** Astronomical: 0 is 1 BC, -1 is 2 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The proleptic Gregorian date of a day number (Hinnant's algorithm: eras of 400 years that begin in March). */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** The day number of a date; the inverse of `civilFromDays`. */
export function daysFromCivil({ year, month, day }: CivilDate): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** `2024-02-29`, `0044-03-15 BC`, `infinity`. */
export function dateText(days: number): string {
  const infinite = infinity(days, infiniteDays);
  if (infinite !== undefined) return infinite;
  const { text, era } = dateParts(days);
  return text + era;
}

/** `2024-02-29 12:34:56.5`, without trailing zeros of the fraction. `zone` goes before the era, as in PostgreSQL. */
export function timestampText(micros: bigint, separator: ' ' | 'T' = ' ', zone = ''): string {
  const infinite =
    micros === infiniteMicros ? 'infinity' : micros === -infiniteMicros ? '-infinity' : undefined;
  if (infinite !== undefined) return infinite;
  const days = floorDiv(micros, microsPerDay);
  const { text, era } = dateParts(Number(days));
  return `${text}${separator}${timeText(micros - days * microsPerDay)}${zone}${era}`;
}

export function isInfinite(micros: bigint): boolean {
  return micros === infiniteMicros || micros === -infiniteMicros;
}

export function isInfiniteDate(days: number): boolean {
  return infinity(days, infiniteDays) !== undefined;
}

/** `04:05:06.789`; 24:00:00 is a time too. */
export function timeText(micros: bigint): string {
  const total_s = Number(micros / microsPerSecond);
  const hours = Math.floor(total_s / 3600);
  const minutes = Math.floor(total_s / 60) % 60;
  return `${two(hours)}:${two(minutes)}:${two(total_s % 60)}${fraction(Number(micros % microsPerSecond))}`;
}

/** `+00`, `-03:30`, `+00:53:28`: the parts that are zero are left out from the right. */
export function offsetText(offset_s: number): string {
  const absolute_s = Math.abs(offset_s);
  const hours = two(Math.floor(absolute_s / 3600));
  const minutes = Math.floor(absolute_s / 60) % 60;
  const seconds = absolute_s % 60;
  const rest = seconds !== 0 ? `:${two(minutes)}:${two(seconds)}` : minutes !== 0 ? `:${two(minutes)}` : '';
  return `${offset_s < 0 ? '-' : '+'}${hours}${rest}`;
}

/** PostgreSQL's default interval style: `1 year 2 mons -3 days +04:05:06.789`. */
export function intervalText(months: number, days: number, micros: bigint): string {
  const parts: string[] = [];
  let afterNegative = false;
  const add = (value: number, unit: string): void => {
    if (value === 0) return;
    const plus = afterNegative && value > 0 ? '+' : '';
    parts.push(`${plus}${value} ${unit}${value === 1 ? '' : 's'}`);
    afterNegative = value < 0;
  };
  add(Math.trunc(months / 12), 'year');
  add(months % 12, 'mon');
  add(days, 'day');
  if (parts.length === 0 || micros !== 0n) {
    const sign = micros < 0n ? '-' : afterNegative ? '+' : '';
    parts.push(sign + timeText(micros < 0n ? -micros : micros));
  }
  return parts.join(' ');
}

export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

function infinity(value: number, limit: number): string | undefined {
  if (value === limit) return 'infinity';
  return value === -limit ? '-infinity' : undefined;
}

function dateParts(days: number): { text: string; era: string } {
  const { year, month, day } = civilFromDays(days);
  const shown = year > 0 ? year : 1 - year;
  return { text: `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}`, era: year > 0 ? '' : ' BC' };
}

function fraction(micros: number): string {
  return micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
