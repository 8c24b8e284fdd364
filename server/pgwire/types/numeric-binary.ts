/** PostgreSQL's binary numeric: base-10000 digits, the weight of the first, sign, and the scale to display. */
import { invalidBinary, outOfRange } from './parse-error.ts';
import { Oid } from './pg-type.ts';

const negative = 0x4000;
const base = 10_000n;

/** Encodes value / 10^scale. */
export function encodeNumeric(value: bigint, scale: number): Buffer {
  // Digits are aligned at the decimal point, four to a group.
  const fractionGroups = Math.ceil(scale / 4);
  let rest = (value < 0n ? -value : value) * 10n ** BigInt(fractionGroups * 4 - scale);
  const groups: number[] = [];
  while (rest > 0n) {
    groups.unshift(Number(rest % base));
    rest /= base;
  }
  const weight = groups.length === 0 ? 0 : groups.length - fractionGroups - 1;
  while (groups.at(-1) === 0) groups.pop();
  const bytes = Buffer.alloc(8 + groups.length * 2);
  bytes.writeUInt16BE(groups.length, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(value < 0n ? negative : 0, 4);
  bytes.writeUInt16BE(scale, 6);
  groups.forEach((group, index) => {
    bytes.writeUInt16BE(group, 8 + index * 2);
  });
  return bytes;
}

const maxGroups = 40;

/** Decodes to the decimal text. @throws SqlensError 22P03, or 22003 for NaN, infinities and too many digits */
export function decodeNumericBinary(bytes: Buffer): string {
  if (bytes.length < 8) throw invalidBinary(Oid.numeric, `${bytes.length} bytes, at least 8 belong there`);
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== 8 + count * 2)
    throw invalidBinary(Oid.numeric, `${count} digits do not fit its length`);
  if (sign === 0xc000 || sign === 0xd000 || sign === 0xf000) throw outOfRange(Oid.numeric, 'NaN or infinity');
  if (sign !== 0 && sign !== negative) throw invalidBinary(Oid.numeric, `sign ${sign}`);
  if (count > maxGroups || Math.abs(weight) > maxGroups || scale > 4 * maxGroups) {
    throw outOfRange(Oid.numeric, 'a number of so many digits');
  }
  const group = (position: number): string => {
    const value = position >= 0 && position < count ? bytes.readUInt16BE(8 + position * 2) : 0;
    if (value > 9999) throw invalidBinary(Oid.numeric, `digit ${value}`);
    return String(value).padStart(4, '0');
  };
  let whole = '';
  for (let position = 0; position <= weight; position++) whole += group(position);
  let fraction = '';
  for (let position = weight + 1; fraction.length < scale; position++) fraction += group(position);
  const text = `${whole === '' ? '0' : whole}${scale > 0 ? `.${fraction.slice(0, scale)}` : ''}`;
  return sign === negative ? `-${text}` : text;
}
