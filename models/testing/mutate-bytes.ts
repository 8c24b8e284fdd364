/** Damage that knows nothing of a file's format, and some that knows where HDF5 keeps its structures. */
import type { Random } from './random.ts';

/** What lengths, counts and addresses are replaced with. */
const SPECIAL = [
  0n,
  1n,
  7n,
  255n,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  2n ** 40n,
  2n ** 63n,
  2n ** 64n - 1n,
];

export function mutateBytes(random: Random, original: Uint8Array): { what: string; bytes: Uint8Array } {
  const bytes = Uint8Array.from(original);
  const at = random.below(bytes.length);
  switch (random.below(7)) {
    case 0: {
      const count = 1 + random.below(12);
      for (let i = 0; i < count; i++) {
        const where = random.below(bytes.length);
        bytes[where] = (bytes[where] ?? 0) ^ (1 << random.below(8));
      }
      return { what: `${count} bits flipped`, bytes };
    }
    case 1: {
      const count = 1 + random.below(16);
      for (let i = 0; i < count; i++) bytes[random.below(bytes.length)] = random.below(256);
      return { what: `${count} bytes overwritten`, bytes };
    }
    case 2: {
      const length = 1 + random.below(64);
      bytes.fill(random.pick([0, 0xff, 0x41]), at, at + length);
      return { what: `${length} bytes filled at ${at}`, bytes };
    }
    case 3:
      return { what: `cut to ${at} bytes`, bytes: bytes.slice(0, at) };
    case 4: {
      const length = 1 + random.below(256);
      bytes.copyWithin(random.below(bytes.length), at, at + length);
      return { what: `${length} bytes copied from ${at}`, bytes };
    }
    case 5: {
      const length = 1 + random.below(16);
      return {
        what: `${length} bytes out at ${at}`,
        bytes: Buffer.concat([bytes.slice(0, at), bytes.slice(at + length)]),
      };
    }
    default: {
      const inserted = Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)));
      const what = `${inserted.length} bytes in at ${at}`;
      return { what, bytes: Buffer.concat([bytes.slice(0, at), inserted, bytes.slice(at)]) };
    }
  }
}

/** A number in one of HDF5's headers, trees and heaps, replaced with one that breaks sums, or with another address. */
export function mutateHdf5(random: Random, original: Uint8Array): { what: string; bytes: Uint8Array } {
  const bytes = Buffer.from(original);
  const signature = random.pick(['TREE', 'SNOD', 'HEAP', 'GCOL', 'OHDR', 'FRHP', 'BTHD', '\x89HDF']);
  const places: number[] = [];
  for (
    let at = bytes.indexOf(signature, 0, 'latin1');
    at >= 0;
    at = bytes.indexOf(signature, at + 4, 'latin1')
  ) {
    places.push(at);
  }
  const start =
    places.length === 0 ? random.below(Math.max(1, bytes.length - 200)) & ~7 : random.pick(places);
  const width = random.pick([1, 2, 4, 8]);
  const at = Math.min(start + 4 + random.below(120), bytes.length - width);
  const value = random.below(4) === 0 ? BigInt(random.below(bytes.length) & ~7) : random.pick(SPECIAL);
  for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return { what: `${value} in ${width} bytes at ${at}, after ${JSON.stringify(signature)}`, bytes };
}
