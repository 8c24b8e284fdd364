/** Floating-point numbers as PostgreSQL prints them: the fewest digits that read back as the same number. */

/** Where a number's bits are looked at. */
const bits = new DataView(new ArrayBuffer(8));

/** float8: fixed notation for exponents from -4 to 14, as in PostgreSQL 12 and later. */
export function float8Text(value: number): string {
  return special(value) ?? layout(shortestFloat8(value), 15);
}

/** float4: as float8, but the digits of single precision, fixed notation up to 10^5. */
export function float4Text(value: number): string {
  return special(value) ?? layout(shortestFloat4(value), 6);
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  if (value === Number.NEGATIVE_INFINITY) return '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return undefined;
}

/**
 * JavaScript's digits, but never a decimal exactly between two doubles: PostgreSQL does not rely on how a reader
 * rounds those. Only whole numbers from 2^54 to 2^78 have such neighbours with so few digits.
 */
function shortestFloat8(value: number): string {
  const shortest = value.toExponential();
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** 54 || magnitude > 2 ** 78) return shortest;
  bits.setFloat64(0, magnitude);
  const exponent = (bits.getUint16(0) >> 4) - 1023;
  const halfUnit = 2n ** BigInt(exponent - 53);
  let digits = shortest.replace(/e.*|[^0-9]/g, '').length - 1;
  let candidate = shortest;
  while (distance(candidate, value) >= halfUnit && digits < 16) candidate = value.toExponential(++digits);
  return candidate;
}

/** How far a whole number in exponential notation is from a double, exactly. */
function distance(exponential: string, value: number): bigint {
  const [mantissa = '0', exponent = '0'] = exponential.split('e');
  const [head = '', tail = ''] = mantissa.split('.');
  const whole = BigInt(head + tail.padEnd(Number(exponent), '0').slice(0, Number(exponent)));
  const difference = whole - BigInt(value);
  return difference < 0n ? -difference : difference;
}

/** The shortest `d.ddde±x` that no other single-precision number is as near to. Nine digits always do. */
function shortestFloat4(value: number): string {
  const single = Math.fround(value);
  let best = single.toExponential(8);
  for (let digits = 7; digits >= 0; digits--) {
    const candidate = reading(single, digits);
    if (candidate === undefined) break;
    best = candidate;
  }
  return best;
}

function reading(single: number, digits: number): string | undefined {
  const nearest = nearestEven(single, digits);
  if (reads(nearest, single)) return nearest;
  // Below a power of two singles lie twice as close: the nearest decimal may fall out on that side while the next
  // one, on the wide side, still reads back.
  const away = stepped(nearest, digits, 1);
  return reads(away, single) ? away : undefined;
}

/** Reads back, and is not exactly between two singles: PostgreSQL does not rely on how a reader rounds those. */
function reads(exponential: string, single: number): boolean {
  const value = Number(exponential);
  if (Math.fround(value) !== single) return false;
  if (value === single) return true;
  bits.setFloat32(0, single);
  const outward = Math.abs(value) > Math.abs(single);
  bits.setUint32(0, bits.getUint32(0) + (outward ? 1 : -1));
  const neighbour = bits.getFloat32(0);
  // Beyond the largest single there is no neighbour to be between.
  return !Number.isFinite(neighbour) || value !== (single + neighbour) / 2;
}

/** `toExponential` rounds a tie up; PostgreSQL (Ryu) rounds it to even. */
function nearestEven(single: number, digits: number): string {
  const nearest = single.toExponential(digits);
  const finer = single.toExponential(digits + 1);
  const tie = /5e/.test(finer) && Number(finer) === single;
  return tie && /[13579]e/.test(nearest) ? stepped(nearest, digits, -1) : nearest;
}

/** The decimal one unit in the last place further from zero, or nearer to it. */
function stepped(exponential: string, digits: number, direction: 1 | -1): string {
  const [mantissa = '0', exponent = '0'] = exponential.split('e');
  const step = Math.sign(Number(mantissa)) * direction * 10 ** -digits;
  return `${(Number(mantissa) + step).toFixed(digits)}e${exponent}`;
}

/** Writes `d.ddde±x` the way PostgreSQL lays out its digits. */
function layout(exponential: string, fixedBelow: number): string {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(exponential);
  if (match === null) return exponential;
  const [, sign = '', head = '', tail = '', exponentText = '0'] = match;
  const digits = (head + tail).replace(/0+$/, '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= fixedBelow) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const magnitude = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${magnitude}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** A scaled integer with its decimal point: (1250n, 3) → "1.250". */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return value.toString();
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
