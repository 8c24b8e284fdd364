/** What COPY does to a value that was written: backslashes in its text format, quotes in csv. */
import type { CopyOptions } from '../../../query/copy/options.ts';
import type { ByteSink } from '../../codec/byte-sink.ts';

/** Escapes what stands from `start` to the sink's end, in place. */
export type Escape = (sink: ByteSink, start: number) => void;

/**
 * @param isForced csv: the value is quoted whatever it holds
 * @param isOnly csv: the row has no other column
 */
export function escaperOf(options: CopyOptions, isForced: boolean, isOnly: boolean): Escape {
  return options.format === 'csv' ? csvEscape(options, isForced, isOnly) : textEscape(options.delimiter);
}

const backslash = 0x5c;
/** Control characters that have a letter. */
const letters: readonly (readonly [number, string])[] = [
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
];

function textEscape(delimiter: string): Escape {
  /** What follows the backslash; 0 where none is needed. */
  const behind = new Uint8Array(256);
  for (const character of [delimiter, '\\']) behind[character.charCodeAt(0)] = character.charCodeAt(0);
  for (const [code, letter] of letters) behind[code] = letter.charCodeAt(0);
  return (sink, start) => {
    const end = sink.offset;
    let count = 0;
    for (let at = start; at < end; at++) if (behind[sink.buffer[at] ?? 0] !== 0) count++;
    if (count === 0) return;
    sink.ensure(count);
    const { buffer } = sink;
    let to = end + count;
    sink.offset = to;
    // From the end, so that nothing is overwritten before it is read.
    for (let from = end - 1; from >= start; from--) {
      const byte = buffer[from] ?? 0;
      const letter = behind[byte] ?? 0;
      buffer[--to] = letter === 0 ? byte : letter;
      if (letter !== 0) buffer[--to] = backslash;
    }
  };
}

function csvEscape(options: CopyOptions, isForced: boolean, isOnly: boolean): Escape {
  const quote = options.quote.charCodeAt(0);
  const escapeByte = options.escape.charCodeAt(0);
  const needsQuotes = new Uint8Array(256);
  for (const character of [options.delimiter, options.quote, '\n', '\r'])
    needsQuotes[character.charCodeAt(0)] = 1;
  const nullText = Buffer.from(options.null, options.encoding);
  return (sink, start) => {
    const end = sink.offset;
    const { buffer } = sink;
    let isQuoted = isForced || isSame(buffer, start, end, nullText);
    isQuoted ||= isOnly && isSame(buffer, start, end, endMarker);
    let count = 0;
    for (let at = start; at < end; at++) {
      const byte = buffer[at] ?? 0;
      if (needsQuotes[byte] === 1) isQuoted = true;
      if (byte === quote || byte === escapeByte) count++;
    }
    if (!isQuoted) return;
    sink.ensure(count + 2);
    const bytes = sink.buffer;
    let to = end + count + 2;
    sink.offset = to;
    bytes[--to] = quote;
    for (let from = end - 1; from >= start; from--) {
      const byte = bytes[from] ?? 0;
      bytes[--to] = byte;
      if (byte === quote || byte === escapeByte) bytes[--to] = escapeByte;
    }
    bytes[--to] = quote;
  };
}

/** Alone in a line it would end the data. */
const endMarker = Buffer.from('\\.');

function isSame(buffer: Buffer, start: number, end: number, bytes: Buffer): boolean {
  if (end - start !== bytes.length) return false;
  for (let at = 0; at < bytes.length; at++) if (buffer[start + at] !== bytes[at]) return false;
  return true;
}
