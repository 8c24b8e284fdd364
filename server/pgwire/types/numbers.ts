/**
 * Floating-point numbers as PostgreSQL prints them: the fewest digits that read back as the same number, and never a
 * decimal exactly between two numbers, since PostgreSQL does not rely on how a reader rounds those.
 */

/** Significant digits and the power of ten of the first: ("123", -2) is 0.0123. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

/** Where a number's bits are looked at. */
const bits = new DataView(new ArrayBuffer(8));

/** float8: fixed notation for exponents from -4 to 14, as in PostgreSQL 12 and later. */
export function float8Text(value: number): string {
  return special(value) ?? sign(value) + layout(shortestFloat8(Math.abs(value)), 15);
}

/** float4: as float8, but the digits of single precision, fixed notation up to 10^5. */
export function float4Text(value: number): string {
  const single = Math.fround(value);
  const special4 = special(single);
  if (special4 !== undefined) return special4;
  const magnitude = Math.abs(single);
  return sign(single) + layout(quickFloat4(magnitude) ?? shortestFloat4(magnitude), 6);
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  if (value === Number.NEGATIVE_INFINITY) return '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return undefined;
}

function sign(value: number): string {
  return value < 0 ? '-' : '';
}

/** JavaScript's digits, but for whole numbers from 2^54 to 2^78, whose neighbours may lie around so few digits. */
function shortestFloat8(value: number): Decimal {
  const shortest = value.toExponential();
  if (value < 2 ** 54 || value > 2 ** 78) return decimalOf(shortest);
  bits.setFloat64(0, value);
  const halfUnit = 2n ** BigInt((bits.getUint16(0) >> 4) - 1023 - 53);
  let candidate = decimalOf(shortest);
  for (
    let digits = candidate.digits.length;
    distance(candidate, value) >= halfUnit && digits < 17;
    digits++
  ) {
    candidate = decimalOf(value.toExponential(digits));
  }
  return candidate;
}

/** How far a whole number is from a double, exactly. */
function distance({ digits, exponent }: Decimal, value: number): bigint {
  const difference = BigInt(digits.padEnd(exponent + 1, '0')) - BigInt(value);
  return difference < 0n ? -difference : difference;
}

/** The powers of ten that a double holds exactly. */
const powersOfTen = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/**
 * The shortest digits of a single by arithmetic in double precision: the usual case, twenty times as fast as the
 * search by text, and worth it for columns of features.
 *
 * @returns undefined where double precision cannot decide
 */
function quickFloat4(value: number): Decimal | undefined {
  bits.setFloat32(0, value);
  const pattern = bits.getUint32(0);
  const binaryExponent = pattern >>> 23;
  // Powers of two have a nearer neighbour below.
  if (binaryExponent === 0 || (pattern & 0x7fffff) === 0) return undefined;
  const exponent = Math.floor(Math.log10(value));
  const half = 2 ** (binaryExponent - 151);
  // Double precision errs by a hundred-millionth of the distance to the next single.
  const doubt = half * 1e-6;
  let best: Decimal | undefined;
  for (let places = 8; places >= 0; places--) {
    const up = powersOfTen[Math.max(0, places - exponent)];
    const down = powersOfTen[Math.max(0, exponent - places)];
    if (up === undefined || down === undefined) return undefined;
    const scaled = (value * up) / down;
    const whole = Math.round(scaled);
    const off = Math.abs((whole * down) / up - value);
    if (off > half + doubt) return best;
    const tie = Math.abs(scaled - Math.floor(scaled) - 0.5) < 1e-5;
    if (off > half - doubt || tie) return undefined;
    const digits = whole.toString();
    best = { digits, exponent: exponent + digits.length - places - 1 };
  }
  return best;
}

/** The same by text, for every single. Nine digits always read back. */
function shortestFloat4(value: number): Decimal {
  let best = value.toExponential(8);
  for (let places = 7; places >= 0; places--) {
    const candidate = reading(value, places);
    if (candidate === undefined) break;
    best = candidate;
  }
  return decimalOf(best);
}

function reading(value: number, places: number): string | undefined {
  const nearest = nearestEven(value, places);
  if (reads(nearest, value)) return nearest;
  // Below a power of two singles lie twice as close: the nearest decimal may fall out on that side while the next
  // one, on the wide side, still reads back.
  const away = stepped(nearest, places, 1);
  return reads(away, value) ? away : undefined;
}

/** Reads back, and is not exactly between two singles. */
function reads(exponential: string, single: number): boolean {
  const value = Number(exponential);
  if (Math.fround(value) !== single) return false;
  if (value === single) return true;
  bits.setFloat32(0, single);
  bits.setUint32(0, bits.getUint32(0) + (value > single ? 1 : -1));
  const neighbour = bits.getFloat32(0);
  // Beyond the largest single there is no neighbour to be between.
  return !Number.isFinite(neighbour) || value !== (single + neighbour) / 2;
}

/** `toExponential` rounds a tie up; PostgreSQL (Ryu) rounds it to even. */
function nearestEven(value: number, places: number): string {
  const nearest = value.toExponential(places);
  const finer = value.toExponential(places + 1);
  const tie = /5e/.test(finer) && Number(finer) === value;
  return tie && /[13579]e/.test(nearest) ? stepped(nearest, places, -1) : nearest;
}

/** The decimal one unit in the last place further from zero, or nearer to it. */
function stepped(exponential: string, places: number, direction: 1 | -1): string {
  const [mantissa = '0', exponent = '0'] = exponential.split('e');
  return `${(Number(mantissa) + direction * 10 ** -places).toFixed(places)}e${exponent}`;
}

function decimalOf(exponential: string): Decimal {
  const [mantissa = '0', exponent = '0'] = exponential.split('e');
  const [head = '0', tail = ''] = mantissa.split('.');
  return { digits: head + tail, exponent: Number(exponent) + head.length - 1 };
}

/** Writes digits the way PostgreSQL lays them out. */
function layout({ digits: padded, exponent }: Decimal, fixedBelow: number): string {
  let length = padded.length;
  while (length > 1 && padded.charCodeAt(length - 1) === 48) length--;
  const digits = padded.slice(0, length);
  if (exponent < -4 || exponent >= fixedBelow) {
    const fraction = length > 1 ? `.${digits.slice(1)}` : '';
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** A scaled integer with its decimal point: (1250n, 3) → "1.250". */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return value.toString();
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
