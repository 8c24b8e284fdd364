/** Floating-point numbers as PostgreSQL prints them: the fewest digits that read back as the same number. */

/** float8: fixed notation for exponents from -4 to 14, as in PostgreSQL 12 and later. */
export function float8Text(value: number): string {
  return special(value) ?? layout(value.toExponential(), 15);
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

/** The shortest `d.ddde±x` that rounds to the same single-precision number. Nine digits always do. */
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
  const nearest = single.toExponential(digits);
  if (Math.fround(Number(nearest)) === single) return nearest;
  // Below a power of two singles lie twice as close: the nearest decimal may fall out on that side while the next
  // one, on the wide side, still reads back.
  const away = nextAway(nearest, digits);
  return Math.fround(Number(away)) === single ? away : undefined;
}

function nextAway(exponential: string, digits: number): string {
  const [mantissa = '0', exponent = '0'] = exponential.split('e');
  const step = 10 ** -digits;
  const value = Number(mantissa);
  return `${(value + Math.sign(value) * step).toFixed(digits)}e${exponent}`;
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
