/** IEEE 754 half precision, which Node 20 has no typed array for. */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The bits of the half nearest to a number (ties to even; too large becomes infinity). */
export function toHalfBits(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const halfExponent = exponent - 127 + 15;
  if (halfExponent >= 0x1f) return sign | 0x7c00;
  // Below 2^-14 halves are subnormal: the implicit leading bit becomes explicit and moves right.
  const shift = halfExponent <= 0 ? 14 - halfExponent : 13;
  if (shift > 24) return sign;
  const full = halfExponent <= 0 ? mantissa | 0x800000 : (halfExponent << 23) | mantissa;
  const kept = full >>> shift;
  const rest = full & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  const roundUp = rest > tie || (rest === tie && (kept & 1) === 1);
  return sign | (kept + (roundUp ? 1 : 0));
}

/** The number that the bits of a half stand for. */
export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
