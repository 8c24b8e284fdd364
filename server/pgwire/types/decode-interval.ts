/** Intervals in the forms that PostgreSQL takes: its own, SQL's (`1-2 3 4:05:06`) and ISO 8601's. */
import { DuckDBIntervalValue } from '@duckdb/node-api';
import { roundHalfEven } from './datetime-fields.ts';
import { intervalFieldOutOfRange, invalidDatetime } from './parse-error.ts';
import { Oid } from './pg-type.ts';

/** What a unit counts, and how many of it. */
type Unit =
  | { readonly kind: 'months' | 'days'; readonly count: number }
  | { readonly kind: 'micros'; readonly count: number };

const SECOND: Unit = { kind: 'micros', count: 1_000_000 };
const MINUTE: Unit = { kind: 'micros', count: 60_000_000 };
const HOUR: Unit = { kind: 'micros', count: 3_600_000_000 };
const DAY: Unit = { kind: 'days', count: 1 };
const WEEK: Unit = { kind: 'days', count: 7 };
const MONTH: Unit = { kind: 'months', count: 1 };
const YEAR: Unit = { kind: 'months', count: 12 };

const unitNames: readonly (readonly [Unit, string])[] = [
  [{ kind: 'micros', count: 1 }, 'microsecond microseconds us usec usecs usecond useconds microsecon'],
  [{ kind: 'micros', count: 1000 }, 'millisecond milliseconds ms msec msecs msecond mseconds millisecon'],
  [SECOND, 'second seconds s sec secs'],
  [MINUTE, 'minute minutes m min mins'],
  [HOUR, 'hour hours h hr hrs'],
  [DAY, 'day days d'],
  [WEEK, 'week weeks w'],
  [MONTH, 'month months mon mons'],
  [YEAR, 'year years y yr yrs'],
  [{ kind: 'months', count: 120 }, 'decade decades dec decs'],
  [{ kind: 'months', count: 1200 }, 'century centuries c cent'],
  [{ kind: 'months', count: 12_000 }, 'millennium millennia mil mils'],
];
const units: ReadonlyMap<string, Unit> = new Map(
  unitNames.flatMap(([unit, names]) => names.split(' ').map((name) => [name, unit] as const)),
);

const tokenPattern =
  /\s*(?:(?<time>[+-]?\d+:\d+(?::\d+)?(?:\.\d*)?)|(?<years>[+-]?\d+)-(?<months>\d+)(?![\d-])|(?<sign>[+-]?)\s*(?<whole>\d*)(?<fraction>\.\d*)?(?=[^:]|$)|(?<word>[a-z]+)|(?<at>@))/iy;

/** `1 year 2 mons -3 days 04:05:06.789`, `3 hours ago`, `P1Y2M3DT4H5M6S`. @throws SqlensError 22007, 22015 */
export function decodeInterval(text: string, isSqlStandard = false): DuckDBIntervalValue {
  const tokens = tokensOf(text);
  // In SQL's style a sign at the beginning that is the only one counts for all.
  const isNegative = isSqlStandard && /^\s*-[^+-]*$/.test(text.replace(/(\d)-(\d)/, '$1 $2'));
  const amounts = new Amounts(text, isNegative);
  const isRead =
    tokens === undefined
      ? readIso(text.trim(), amounts)
      : readWords(tokens, amounts) || readIso(text.trim(), amounts.clear());
  if (!isRead) throw invalidDatetime(Oid.interval, text);
  return amounts.value();
}

interface Token {
  readonly kind: 'time' | 'years' | 'number' | 'word';
  readonly text: string;
}

/** @returns undefined when a part of it is none */
function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < trimmed.length) {
    const match = tokenPattern.exec(trimmed);
    const groups = match?.groups;
    if (match === null || groups === undefined) return undefined;
    const { time, years, sign = '', whole, fraction, word } = groups;
    if (time !== undefined) tokens.push({ kind: 'time', text: time });
    else if (years !== undefined) tokens.push({ kind: 'years', text: match[0].trim() });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.toLowerCase() });
    else if (groups.at === undefined) {
      const number = `${whole ?? ''}${fraction ?? ''}`;
      if (!/\d/.test(number)) {
        // An empty match: what stands here is a word or nothing known.
        const letters = /\s*([a-z]+)/iy;
        letters.lastIndex = match.index;
        const found = sign === '' ? letters.exec(trimmed)?.[1] : undefined;
        if (found === undefined) {
          const at = /\s*@/y;
          at.lastIndex = match.index;
          if (sign !== '' || at.exec(trimmed) === null) return undefined;
          tokenPattern.lastIndex = at.lastIndex;
          continue;
        }
        tokens.push({ kind: 'word', text: found.toLowerCase() });
        tokenPattern.lastIndex = letters.lastIndex;
        continue;
      }
      tokens.push({ kind: 'number', text: sign + number });
    }
  }
  return tokens.length === 0 ? undefined : tokens;
}

/** From the right, as PostgreSQL reads: a unit stands behind its number. */
function readWords(tokens: readonly Token[], amounts: Amounts): boolean {
  let unit: Unit | undefined;
  let isUnitOpen = false;
  let isBefore = false;
  for (let at = tokens.length - 1; at >= 0; at--) {
    const token = tokens[at];
    if (token === undefined) return false;
    switch (token.kind) {
      case 'word': {
        if (token.text === 'ago') {
          if (at !== tokens.length - 1) return false;
          isBefore = true;
          break;
        }
        unit = units.get(token.text);
        if (unit === undefined) return false;
        isUnitOpen = true;
        break;
      }
      case 'time':
        if (!amounts.addTime(token.text)) return false;
        // A number before a time counts days.
        unit = DAY;
        isUnitOpen = false;
        break;
      case 'years':
        if (!amounts.addYears(token.text)) return false;
        isUnitOpen = false;
        break;
      case 'number': {
        const counted: Unit = unit ?? SECOND;
        if (!amounts.add(token.text, counted)) return false;
        unit = counted === HOUR ? DAY : counted;
        isUnitOpen = false;
        break;
      }
    }
  }
  if (isUnitOpen || amounts.isEmpty) return false;
  if (isBefore) amounts.negative();
  return true;
}

const isoUnits: Readonly<Record<string, Unit>> = {
  Y: YEAR,
  M: MONTH,
  W: WEEK,
  D: DAY,
  TH: HOUR,
  TM: MINUTE,
  TS: SECOND,
};

/** `P1Y2M3DT4H5M6S`, `P0001-02-03T04:05:06`. */
function readIso(text: string, amounts: Amounts): boolean {
  const match = /^P([^T]*)(?:T(.+))?$/.exec(text);
  if (match === null || text === 'P') return text === 'PT';
  const [, date = '', time = ''] = match;
  const dated = /^([+-]?\d+)-(\d+)(?:-(\d+))?$/.exec(date);
  if (dated !== null) {
    if (!amounts.add(dated[1] ?? '', YEAR) || !amounts.add(dated[2] ?? '', MONTH)) return false;
    if (dated[3] !== undefined && !amounts.add(dated[3], DAY)) return false;
  } else if (!readDesignators(date, '', amounts)) return false;
  if (time === '') return true;
  return /^[+-]?\d+:/.test(time) ? amounts.addTime(time) : readDesignators(time, 'T', amounts);
}

function readDesignators(text: string, prefix: string, amounts: Amounts): boolean {
  const pattern = /([+-]?\d*(?:\.\d*)?)([A-Z])/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    const unit = isoUnits[prefix + (match?.[2] ?? '')];
    if (match === null || unit === undefined || !/\d/.test(match[1] ?? '')) return false;
    if (!amounts.add(match[1] ?? '', unit, true)) return false;
  }
  return true;
}

const maxInt32 = 2_147_483_647n;

class Amounts {
  readonly #text: string;
  readonly #isNegative: boolean;
  #months = 0n;
  #days = 0n;
  #micros = 0n;
  readonly #seen = new Set<Unit>();

  /** @param isNegative whatever the signs of the parts */
  constructor(text: string, isNegative: boolean) {
    this.#text = text;
    this.#isNegative = isNegative;
  }

  get isEmpty(): boolean {
    return this.#seen.size === 0;
  }

  clear(): this {
    this.#months = 0n;
    this.#days = 0n;
    this.#micros = 0n;
    this.#seen.clear();
    return this;
  }

  /** @returns false for a unit that was there before */
  add(number: string, unit: Unit, mayRepeat = false): boolean {
    if (!mayRepeat && this.#seen.has(unit)) return false;
    this.#seen.add(unit);
    const [, sign = '', whole = '', fractionDigits = ''] = /^([+-]?)(\d*)\.?(\d*)$/.exec(number) ?? [];
    const factor = sign === '-' || this.#isNegative ? -1 : 1;
    const count = BigInt(whole === '' ? '0' : whole) * BigInt(factor) * BigInt(unit.count);
    const fraction = Number(`0.${fractionDigits === '' ? '0' : fractionDigits}`) * factor;
    switch (unit.kind) {
      case 'micros':
        this.#micros += count + BigInt(roundHalfEven(fraction * unit.count));
        break;
      case 'days':
        this.#days += count;
        this.#addDays(fraction * unit.count);
        break;
      case 'months':
        this.#months += count;
        // A fraction of years is whole months, one of months is days.
        if (unit === MONTH) this.#addDays(fraction * 30);
        else this.#months += BigInt(roundHalfEven(fraction * unit.count));
        break;
    }
    return true;
  }

  /** `[-]h:m[:s[.f]]`, or `m:s.f`. */
  addTime(text: string): boolean {
    if (this.#seen.has(HOUR) || this.#seen.has(MINUTE) || this.#seen.has(SECOND)) return false;
    const [, sign = '', first = '', second = '', third, fraction = ''] =
      /^([+-]?)(\d+):(\d+)(?::(\d+))?(?:\.(\d*))?$/.exec(text) ?? [];
    if (first === '') return false;
    const isMinutes = third === undefined && text.includes('.');
    const [hours, minutes, seconds] = isMinutes ? ['0', first, second] : [first, second, third ?? '0'];
    for (const unit of [HOUR, MINUTE, SECOND]) this.#seen.add(unit);
    if (BigInt(minutes) > 59n || BigInt(seconds) > 60n) throw intervalFieldOutOfRange(this.#text);
    const total_s = BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
    const micros = total_s * 1_000_000n + BigInt(roundHalfEven(Number(`0.${fraction}0`) * 1_000_000));
    this.#micros += sign === '-' || this.#isNegative ? -micros : micros;
    return true;
  }

  /** SQL's years and months. */
  addYears(text: string): boolean {
    if (this.#seen.has(YEAR) || this.#seen.has(MONTH)) return false;
    const [, sign = '', years = '', months = ''] = /^([+-]?)(\d+)-(\d+)$/.exec(text) ?? [];
    if (BigInt(months) > 11n) throw intervalFieldOutOfRange(this.#text);
    this.#seen.add(YEAR).add(MONTH);
    const total = BigInt(years) * 12n + BigInt(months);
    this.#months += sign === '-' || this.#isNegative ? -total : total;
    return true;
  }

  negative(): void {
    this.#months = -this.#months;
    this.#days = -this.#days;
    this.#micros = -this.#micros;
  }

  value(): DuckDBIntervalValue {
    const isInt32 = (value: bigint): boolean => value >= -maxInt32 - 1n && value <= maxInt32;
    const fits =
      isInt32(this.#months) && isInt32(this.#days) && BigInt.asIntN(64, this.#micros) === this.#micros;
    if (!fits) throw intervalFieldOutOfRange(this.#text);
    return new DuckDBIntervalValue(Number(this.#months), Number(this.#days), this.#micros);
  }

  /** Days of which the part behind the point is time. */
  #addDays(days: number): void {
    const whole = Math.trunc(days);
    this.#days += BigInt(whole);
    this.#micros += BigInt(roundHalfEven((days - whole) * 86_400_000_000));
  }
}
