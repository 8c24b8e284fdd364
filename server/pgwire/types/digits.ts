/** Numbers and dates written as ASCII straight into a buffer: what text results of millions of rows are made of. */
import type { ByteSink } from '../codec/byte-sink.ts';
import { float8Text } from './numbers.ts';
import { putShortest, SHORTEST_BYTES } from './shortest-digits.ts';

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;

/** Digits of the longest whole number that `putWhole` takes, and a sign. */
const WHOLE_BYTES = 17;
const BILLION = 1_000_000_000;

/** A whole number whose magnitude is at most 2^53. */
export function putWhole(value: number, sink: ByteSink): void {
  sink.ensure(WHOLE_BYTES);
  const { buffer } = sink;
  let rest = value;
  if (rest < 0) {
    buffer[sink.offset++] = MINUS;
    rest = -rest;
  }
  if (rest < BILLION) {
    sink.offset = putSmall(rest, buffer, sink.offset);
  } else {
    const high = Math.floor(rest / BILLION);
    sink.offset = putSmall(high, buffer, sink.offset);
    putPadded(rest - high * BILLION, 9, buffer, sink.offset);
    sink.offset += 9;
  }
}

/** Text of ASCII characters alone. */
export function putAscii(text: string, sink: ByteSink): void {
  const { length } = text;
  sink.ensure(length);
  const { buffer, offset } = sink;
  for (let at = 0; at < length; at++) buffer[offset + at] = text.charCodeAt(at);
  sink.offset = offset + length;
}

/**
 * A float8 as `float8Text` writes it. From 1e-4 to 1e15 PostgreSQL and JavaScript lay the shortest digits out alike.
 * Numbers of few decimals do without JavaScript's search: a decimal of at most 15 digits that reads back as the number
 * is its shortest, since no two of them read back as the same.
 */
export function putFloat8(value: number, sink: ByteSink): void {
  const magnitude = Math.abs(value);
  if (!(magnitude >= 1e-4 && magnitude < 1e15)) {
    putAscii(float8Text(value), sink);
    return;
  }
  if (Math.floor(value) === value) {
    putWhole(value, sink);
    return;
  }
  if (magnitude < 1e11) {
    const scaled = Math.round(magnitude * 1e4);
    if (scaled / 1e4 === magnitude) {
      if (value < 0) {
        sink.ensure(1);
        sink.buffer[sink.offset++] = MINUS;
      }
      putFourDecimals(scaled, sink);
      return;
    }
  }
  sink.ensure(SHORTEST_BYTES + 1);
  const negative = value < 0 ? 1 : 0;
  sink.buffer[sink.offset] = MINUS;
  const end = putShortest(magnitude, sink.buffer, sink.offset + negative);
  if (end > 0) sink.offset = end;
  else putAscii(String(value), sink);
}

/** A number of ten-thousandths, without the zeros at its end. */
function putFourDecimals(scaled: number, sink: ByteSink): void {
  const whole = Math.floor(scaled / 1e4);
  putWhole(whole, sink);
  sink.ensure(5);
  let fraction = scaled - whole * 1e4;
  let places = 4;
  while (fraction % 10 === 0) {
    fraction /= 10;
    places--;
  }
  sink.buffer[sink.offset] = DOT;
  putPadded(fraction, places, sink.buffer, sink.offset + 1);
  sink.offset += places + 1;
}

/** Days that have a year of four digits. */
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/**
 * As `civilFromDays` and `dateText`, in whole numbers of 32 bits, which these years allow.
 * @returns false for days outside the years 1 to 9999: nothing was written
 */
export function putDate(days: number, sink: ByteSink): boolean {
  if (days < FIRST_DAY || days > LAST_DAY) return false;
  const shifted = (days + 719_468) | 0;
  const era = (shifted / 146_097) | 0;
  const dayOfEra = shifted - era * 146_097;
  const leaps = ((dayOfEra / 1460) | 0) - ((dayOfEra / 36_524) | 0) + ((dayOfEra / 146_096) | 0);
  const yearOfEra = ((dayOfEra - leaps) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const marchMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * marchMonth + 2) / 5) | 0) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  sink.ensure(10);
  const { buffer, offset } = sink;
  putPadded(year, 4, buffer, offset);
  buffer[offset + 4] = MINUS;
  putPadded(month, 2, buffer, offset + 5);
  buffer[offset + 7] = MINUS;
  putPadded(day, 2, buffer, offset + 8);
  sink.offset = offset + 10;
  return true;
}

const COLON = 0x3a;
const SPACE = 0x20;
const MICROS_PER_DAY = 86_400_000_000;

/** @returns false where `putDate` does, or when the number is not exact: nothing was written */
export function putTimestamp(micros: number, sink: ByteSink): boolean {
  if (!Number.isSafeInteger(micros)) return false;
  const days = Math.floor(micros / MICROS_PER_DAY);
  if (!putDate(days, sink)) return false;
  const ofDay = micros - days * MICROS_PER_DAY;
  const seconds = Math.floor(ofDay / 1e6);
  sink.ensure(16);
  const { buffer } = sink;
  let at = sink.offset;
  buffer[at] = SPACE;
  putPadded(Math.floor(seconds / 3600), 2, buffer, at + 1);
  buffer[at + 3] = COLON;
  putPadded(Math.floor(seconds / 60) % 60, 2, buffer, at + 4);
  buffer[at + 6] = COLON;
  putPadded(seconds % 60, 2, buffer, at + 7);
  at += 9;
  let fraction = ofDay - seconds * 1e6;
  if (fraction > 0) {
    let places = 6;
    while (fraction % 10 === 0) {
      fraction /= 10;
      places--;
    }
    buffer[at] = DOT;
    putPadded(fraction, places, buffer, at + 1);
    at += places + 1;
  }
  sink.offset = at;
  return true;
}

/** @returns where the digits end */
function putSmall(value: number, buffer: Buffer, start: number): number {
  let end = start + 1;
  for (let bound = 10; value >= bound; bound *= 10) end++;
  let rest = value | 0;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    buffer[at] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function putPadded(value: number, length: number, buffer: Buffer, start: number): void {
  let rest = value | 0;
  for (let at = start + length - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    buffer[at] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}
