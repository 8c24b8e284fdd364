/** Mistakes, made from one number: the same number makes the same mistakes. */
import { mulberry32 } from '../../../server/pgwire/types/fixtures/postgres-cases.ts';
import type { Recording } from './recorded.ts';

export interface Dice {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
}

/** @param number seed and case in one */
export function dice(number: number): Dice {
  const random = mulberry32(number);
  const below = (limit: number): number => Math.floor(random() * limit);
  return { below, pick: (items) => items[below(items.length)] ?? items[0] };
}

/** A number for case `index` of a run; neighbours have nothing in common. */
export function caseNumber(seed: number, index: number): number {
  return Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
}

const lengths = [0, 1, 3, 4, 5, 7, 8, 255, 65_535, 99_999, 0x7fffffff, 0x80000000, 0xffffffff] as const;
const counts = [0, 1, 2, 255, 0x7fff, 0x8000, 0xffff] as const;
const stray = [0, 1, 0x0a, 0x20, 0x27, 0x7f, 0x80, 0xc3, 0xff] as const;
/** Messages that may come at any time, or should not. */
const strays = [
  Buffer.from('S\0\0\0\x04', 'latin1'),
  Buffer.from('H\0\0\0\x04', 'latin1'),
  Buffer.from('X\0\0\0\x04', 'latin1'),
  Buffer.from('c\0\0\0\x04', 'latin1'),
  Buffer.from('d\0\0\0\x061\n', 'latin1'),
  Buffer.from('f\0\0\0\x05\0', 'latin1'),
  Buffer.from('p\0\0\0\x05\0', 'latin1'),
  Buffer.from('E\0\0\0\x09\0\0\0\0\x01', 'latin1'),
  Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]),
  Buffer.from([0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 1, 2, 3, 4]),
] as const;

/** A recording with one to four mistakes, as one run of bytes. */
export function mutated(
  recording: Recording,
  others: readonly [Recording, ...Recording[]],
  roll: Dice,
): Buffer {
  let messages = [...recording.messages];
  // Startup packets break seldom: most of the server is behind them.
  const first = roll.below(16) === 0 ? 0 : Math.min(1, messages.length - 1);
  for (let mistakes = 1 + roll.below(4); mistakes > 0; mistakes--) {
    const at = first + roll.below(Math.max(1, messages.length - first));
    const message = messages[at] ?? Buffer.alloc(0);
    switch (roll.below(12)) {
      case 0:
      case 1:
        messages[at] = flipped(message, roll);
        break;
      case 2:
        messages[at] = withLength(message, roll);
        break;
      case 3:
        messages[at] = withCount(message, roll);
        break;
      case 4:
        messages.splice(at, 1);
        break;
      case 5:
        messages.splice(at, 0, message);
        break;
      case 6:
        messages.splice(first + roll.below(messages.length), 0, ...messages.splice(at, 1));
        break;
      case 7: {
        const other = roll.pick(others).messages;
        messages.splice(at, roll.below(2), other[roll.below(other.length)] ?? message);
        break;
      }
      case 8: {
        const other = roll.pick(others).messages;
        messages = [...messages.slice(0, at), ...other.slice(roll.below(other.length))];
        break;
      }
      case 9:
        messages.splice(at, 0, roll.pick(strays));
        break;
      case 10:
        messages[at] = cut(message, roll);
        break;
      default:
        messages[at] = stuffed(message, roll);
    }
  }
  const bytes = Buffer.concat(messages);
  return roll.below(12) === 0 ? bytes.subarray(0, roll.below(bytes.length + 1)) : bytes;
}

function flipped(message: Buffer, roll: Dice): Buffer {
  const bytes = Buffer.from(message);
  for (let count = roll.below(3); count >= 0 && bytes.length > 0; count--) {
    const at = roll.below(bytes.length);
    bytes[at] = roll.below(2) === 0 ? (bytes[at] ?? 0) ^ (1 << roll.below(8)) : roll.below(256);
  }
  return bytes;
}

function withLength(message: Buffer, roll: Dice): Buffer {
  const bytes = Buffer.from(message);
  if (bytes.length < 5) return bytes;
  const near = (message.readUInt32BE(1) + roll.below(9) - 4) >>> 0;
  bytes.writeUInt32BE(roll.below(2) === 0 ? near : roll.pick(lengths), 1);
  return bytes;
}

/** Counts of formats, values and types are two bytes somewhere in the body. */
function withCount(message: Buffer, roll: Dice): Buffer {
  const bytes = Buffer.from(message);
  if (bytes.length < 7) return bytes;
  bytes.writeUInt16BE(roll.pick(counts), 5 + roll.below(bytes.length - 6));
  return bytes;
}

/** Bytes taken out, under the right length or the old one. */
function cut(message: Buffer, roll: Dice): Buffer {
  const at = roll.below(message.length + 1);
  const bytes = Buffer.concat([message.subarray(0, at), message.subarray(at + 1 + roll.below(8))]);
  return roll.below(2) === 0 ? bytes : relengthened(bytes);
}

/** Bytes put in, under the right length or the old one. */
function stuffed(message: Buffer, roll: Dice): Buffer {
  const at = roll.below(message.length + 1);
  const more = Buffer.from(Array.from({ length: 1 + roll.below(8) }, () => roll.pick(stray)));
  const bytes = Buffer.concat([message.subarray(0, at), more, message.subarray(at)]);
  return roll.below(2) === 0 ? bytes : relengthened(bytes);
}

function relengthened(message: Buffer): Buffer {
  if (message.length < 5) return message;
  const bytes = Buffer.from(message);
  bytes.writeUInt32BE(bytes.length - 1, 1);
  return bytes;
}
