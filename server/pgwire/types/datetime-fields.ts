/**
 * What a text says of a date and a time, in every form that PostgreSQL takes under DateStyle MDY (its manual, appendix
 * B): fields are told by their shape, in nearly any order.
 */
import { zoneAbbreviations } from './zone-abbreviations.ts';

export interface DateTimeFields {
  /** Words that stand for a whole value. */
  special?: 'infinity' | '-infinity' | 'epoch' | 'now' | 'today' | 'tomorrow' | 'yesterday';
  /** As written: years before Christ count from 1. */
  year?: number;
  month?: number;
  day?: number;
  /** Of the year, in place of month and day. */
  dayOfYear?: number;
  julianDay?: number;
  isTwoDigitYear?: boolean;
  isBc?: boolean;
  hours?: number;
  minutes?: number;
  seconds?: number;
  fraction_micros?: number;
  half?: 'am' | 'pm';
  offset_s?: number;
  /** A zone by its name, whose offset depends on the date. */
  zone?: string;
}

/** What a text is not. */
export type FieldProblem = 'format' | 'field' | 'month or day' | 'displacement';

export class FieldError extends Error {
  readonly problem: FieldProblem;

  constructor(problem: FieldProblem) {
    super(problem);
    this.problem = problem;
  }
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const longMonths =
  'january february march april may june july august september october november december'.split(' ');
const weekdays = new Set(
  'sun sunday mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday'.split(
    ' ',
  ),
);
/** Words that say nothing. */
const noise = new Set(['at', 'on', 't', ...weekdays]);

const shapes = {
  time: /(\d+):(\d+)(?::(\d+)(?:\.(\d*))?)?/y,
  isoDate: /(\d{3,})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/y,
  usDate: /(\d{1,2})([-/.])(\d{1,2})\2(\d{1,7})(?!\d)/y,
  namedDate: /(\d{1,7})[-/]([a-z]{3,9})[-/](\d{1,7})(?!\d)/iy,
  monthFirst: /([a-z]{3,9})[-/](\d{1,7})[-/](\d{1,7})(?!\d)/iy,
  yearDay: /(\d{4,})[.-](\d{3})(?!\d)/y,
  julian: /j(?:ulian|d)?\s*(\d+)(?!\d)/iy,
  offset: /([+-])(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?(?!\d)|([+-])(\d{3,6})(?!\d)/y,
  digits: /(\d+)(?:\.(\d*))?/y,
  zone: /[a-z]+(?:\/[a-z0-9_+-]+)+/iy,
  word: /[+-]?[a-z]+/iy,
} as const;

/** @throws FieldError */
export function readFields(text: string): DateTimeFields {
  const reader = new FieldReader(text.trim());
  return reader.read();
}

class FieldReader {
  readonly #text: string;
  readonly #fields: DateTimeFields = {};
  #at = 0;
  /** Numbers that stand alone, for dates with a month's name. */
  #hasNamedMonth = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): DateTimeFields {
    if (this.#text === '') throw new FieldError('format');
    while (this.#skip()) this.#field();
    return this.#fields;
  }

  /** @returns false at the end */
  #skip(): boolean {
    while (/[\s,;]/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#at < this.#text.length;
  }

  #match(shape: RegExp): RegExpExecArray | undefined {
    shape.lastIndex = this.#at;
    const match = shape.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at = shape.lastIndex;
    return match;
  }

  #field(): void {
    const fields = this.#fields;
    if (this.#hasTime() && fields.offset_s === undefined) {
      const offset = this.#match(shapes.offset);
      if (offset !== undefined) {
        this.#offset(offset);
        return;
      }
    }
    const time = this.#match(shapes.time);
    if (time !== undefined) {
      this.#time(time[1], time[2], time[3] ?? '0', time[4]);
      return;
    }
    if (!this.#hasDate() && this.#date()) return;
    const digits = this.#match(shapes.digits);
    if (digits !== undefined) {
      this.#number(digits[1] ?? '', digits[2]);
      return;
    }
    const zone = this.#match(shapes.zone);
    if (zone !== undefined) {
      if (fields.zone !== undefined || fields.offset_s !== undefined) throw new FieldError('format');
      fields.zone = zone[0];
      return;
    }
    const word = this.#match(shapes.word);
    if (word === undefined) throw new FieldError('format');
    this.#word(word[0].toLowerCase());
  }

  #hasDate(): boolean {
    const { year, month, day, julianDay, dayOfYear } = this.#fields;
    return (
      (year !== undefined && (dayOfYear !== undefined || (month !== undefined && day !== undefined))) ||
      julianDay !== undefined
    );
  }

  #hasTime(): boolean {
    return this.#fields.hours !== undefined;
  }

  /** A date in one piece. */
  #date(): boolean {
    if (this.#hasNamedMonth || this.#fields.day !== undefined || this.#fields.year !== undefined)
      return false;
    const iso = this.#match(shapes.isoDate);
    if (iso !== undefined) {
      this.#setDate(iso[1] ?? '', Number(iso[2]), Number(iso[3]));
      return true;
    }
    const us = this.#match(shapes.usDate);
    if (us !== undefined) {
      this.#setDate(us[4] ?? '', Number(us[1]), Number(us[3]));
      return true;
    }
    const named = this.#match(shapes.namedDate);
    if (named !== undefined) {
      const [, first = '', name = '', last = ''] = named;
      const month = monthOf(name);
      if (month === undefined) throw new FieldError('format');
      if (first.length > 2) this.#setDate(first, month, Number(last));
      else this.#setDate(last, month, Number(first));
      return true;
    }
    const monthFirst = this.#match(shapes.monthFirst);
    if (monthFirst !== undefined) {
      const month = monthOf(monthFirst[1] ?? '');
      if (month === undefined) throw new FieldError('format');
      this.#setDate(monthFirst[3] ?? '', month, Number(monthFirst[2]));
      return true;
    }
    const yearDay = this.#match(shapes.yearDay);
    if (yearDay !== undefined) {
      this.#fields.year = Number(yearDay[1]);
      this.#fields.dayOfYear = Number(yearDay[2]);
      return true;
    }
    const julian = this.#match(shapes.julian);
    if (julian === undefined) return false;
    this.#fields.julianDay = Number(julian[1]);
    return true;
  }

  #setDate(year: string, month: number, day: number): void {
    this.#fields.year = Number(year);
    this.#fields.isTwoDigitYear = year.length <= 2;
    this.#fields.month = month;
    this.#fields.day = day;
  }

  #time(hours = '', minutes = '', seconds = '0', fraction: string | undefined): void {
    if (this.#hasTime()) throw new FieldError('format');
    this.#fields.hours = Number(hours);
    this.#fields.minutes = Number(minutes);
    this.#fields.seconds = Number(seconds);
    this.#fields.fraction_micros = fraction === undefined ? 0 : roundHalfEven(Number(`0.${fraction}0`) * 1e6);
  }

  #offset([
    ,
    sign,
    hours = '',
    minutes = '0',
    seconds = '0',
    packedSign,
    packed = '',
  ]: RegExpExecArray): void {
    const isPacked = packedSign !== undefined;
    const digits = packed.padStart(packed.length <= 4 ? 4 : 6, '0');
    const parts = isPacked
      ? [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4) === '' ? '0' : digits.slice(4)]
      : [hours, minutes, seconds];
    const [h = 0, m = 0, s = 0] = parts.map(Number);
    if (h > 15 || m > 59 || s > 59) throw new FieldError('displacement');
    const total_s = h * 3600 + m * 60 + s;
    this.#fields.offset_s = (isPacked ? packedSign : sign) === '-' ? -total_s : total_s;
  }

  /** Digits without separators: a date or a time by their number, or the day or year beside a month's name. */
  #number(digits: string, fraction: string | undefined): void {
    const fields = this.#fields;
    if (digits.length >= 6 && !this.#hasDate() && !this.#hasNamedMonth && fraction === undefined) {
      const year = digits.slice(0, -4);
      this.#setDate(year, Number(digits.slice(-4, -2)), Number(digits.slice(-2)));
      return;
    }
    const isTime = (digits.length === 6 || digits.length === 4) && !this.#hasTime();
    if (isTime && this.#hasDate()) {
      this.#time(
        digits.slice(0, 2),
        digits.slice(2, 4),
        digits.length === 6 ? digits.slice(4) : '0',
        fraction,
      );
      return;
    }
    if (fraction !== undefined && fraction !== '') throw new FieldError('format');
    if (digits.length > 2 && fields.year === undefined) fields.year = Number(digits);
    else if (fields.month !== undefined && fields.day === undefined) fields.day = Number(digits);
    else if (fields.month === undefined && fields.day === undefined && digits.length <= 2) {
      fields.day = Number(digits);
    } else if (fields.year === undefined) {
      fields.year = Number(digits);
      fields.isTwoDigitYear = true;
    } else throw new FieldError('format');
  }

  #word(word: string): void {
    const fields = this.#fields;
    const month = monthOf(word);
    if (month !== undefined) {
      if (fields.month !== undefined) throw new FieldError('format');
      this.#hasNamedMonth = true;
      fields.month = month;
      // "Jan." and "January, 8".
      if (this.#text.charAt(this.#at) === '.') this.#at++;
      return;
    }
    if (noise.has(word)) return;
    switch (word) {
      case 'infinity':
      case '+infinity':
        this.#special('infinity');
        return;
      case '-infinity':
        this.#special('-infinity');
        return;
      case 'epoch':
      case 'now':
      case 'today':
      case 'tomorrow':
      case 'yesterday':
        this.#special(word);
        return;
      case 'allballs':
        this.#time('0', '0', '0', undefined);
        fields.offset_s = 0;
        return;
      case 'am':
      case 'pm':
        if (fields.half !== undefined) throw new FieldError('format');
        fields.half = word;
        return;
      case 'ad':
      case 'bc':
        if (fields.isBc !== undefined) throw new FieldError('format');
        fields.isBc = word === 'bc';
        return;
      default: {
        const offset_s = zoneAbbreviations.get(word);
        if (offset_s === undefined || fields.offset_s !== undefined) throw new FieldError('format');
        fields.offset_s = offset_s;
      }
    }
  }

  #special(special: NonNullable<DateTimeFields['special']>): void {
    if (this.#fields.special !== undefined) throw new FieldError('format');
    this.#fields.special = special;
  }
}

function monthOf(word: string): number | undefined {
  const name = word.toLowerCase();
  const index = Math.max(months.indexOf(name), longMonths.indexOf(name), name === 'sept' ? 8 : -1);
  return index < 0 ? undefined : index + 1;
}

/** As C's rint: what lies in the middle goes to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
