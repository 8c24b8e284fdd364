/** The fields of a line: cut at the delimiters, unescaped, NULLs told from values (copyfromparse.c). */
import type { CopyOptions } from '../../../query/copy/options.ts';
import { badData } from './copy-error.ts';
import { checkText } from './lines.ts';

const BACKSLASH = 0x5c;
const nothing = Buffer.alloc(0);

/** The fields of one line. Those beyond the columns are counted, one of them, and not kept. */
export class Fields {
  /** May be one more than the columns: then there were too many. */
  count = 0;
  /** Where each field lies: in the line itself, or unescaped elsewhere. */
  readonly buffers: Buffer[];
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly isNull: Uint8Array;
  readonly #max: number;
  readonly #isCsv: boolean;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #null: Buffer;
  /** Unescaped fields of the line. */
  #scratch: Buffer = nothing;
  #scratchAt = 0;

  constructor(
    columnCount: number,
    { format, delimiter, quote, escape: escapedBy, null: nullText }: CopyOptions,
  ) {
    this.#max = columnCount;
    this.buffers = Array.from({ length: columnCount + 1 }, () => nothing);
    this.starts = new Int32Array(columnCount + 1);
    this.ends = new Int32Array(columnCount + 1);
    this.isNull = new Uint8Array(columnCount + 1);
    this.#isCsv = format === 'csv';
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote.charCodeAt(0);
    this.#escape = escapedBy.charCodeAt(0);
    this.#null = Buffer.from(nullText);
  }

  /** @throws SqlensError 22P04 for a quote that is never closed, 22021 for escapes that are no text */
  split(line: Buffer, start: number, end: number): void {
    this.count = 0;
    this.#scratchAt = 0;
    if (this.#max === 0) {
      if (end > start) this.count = 1;
      return;
    }
    if (this.#isCsv) this.#splitCsv(line, start, end);
    else this.#splitText(line, start, end);
  }

  bytes(at: number): Buffer {
    return (this.buffers[at] ?? nothing).subarray(this.starts[at], this.ends[at]);
  }

  #splitText(line: Buffer, lineStart: number, lineEnd: number): void {
    const delimiter = this.#delimiter;
    let start = lineStart;
    for (;;) {
      let at = start;
      let isEscaped = false;
      while (at < lineEnd) {
        const byte = line[at];
        if (byte === delimiter) break;
        if (byte === BACKSLASH) {
          isEscaped = true;
          at++;
        }
        at++;
      }
      const end = Math.min(at, lineEnd);
      this.#add(line, start, end, this.#isNullText(line, start, end));
      if (isEscaped && this.isNull[this.count - 1] === 0) this.#unescape(line, start, end);
      if (at >= lineEnd || this.count > this.#max) return;
      start = at + 1;
    }
  }

  #splitCsv(line: Buffer, lineStart: number, lineEnd: number): void {
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    let start = lineStart;
    for (;;) {
      let at = start;
      let byte: number | undefined;
      while (at < lineEnd) {
        byte = line[at];
        if (byte === delimiter || byte === quote) break;
        at++;
      }
      if (at < lineEnd && byte === quote) {
        at = this.#unquote(line, start, at, lineEnd);
      } else {
        this.#add(line, start, at, this.#isNullText(line, start, at));
      }
      if (at >= lineEnd || this.count > this.#max) return;
      start = at + 1;
    }
  }

  /** A field with quotes in it. @returns where it ends */
  #unquote(line: Buffer, start: number, firstQuote: number, lineEnd: number): number {
    const quote = this.#quote;
    const escapeByte = this.#escape;
    const scratch = this.#room(lineEnd - start, line);
    const from = this.#scratchAt;
    let to = from + line.copy(scratch, from, start, firstQuote);
    let at = firstQuote;
    let inQuote = false;
    for (; at < lineEnd; at++) {
      const byte = line[at] ?? 0;
      if (!inQuote) {
        if (byte === this.#delimiter) break;
        if (byte === quote) inQuote = true;
        else scratch[to++] = byte;
        continue;
      }
      const next = at + 1 < lineEnd ? line[at + 1] : undefined;
      if (byte === escapeByte && next !== undefined && (next === escapeByte || next === quote)) {
        scratch[to++] = next;
        at++;
      } else if (byte === quote) {
        inQuote = false;
      } else {
        scratch[to++] = byte;
      }
    }
    if (inQuote) throw badData('unterminated CSV quoted field');
    this.#add(scratch, from, to, false);
    this.#scratchAt = to;
    return at;
  }

  #add(buffer: Buffer, start: number, end: number, isNull: boolean): void {
    const at = this.count++;
    this.buffers[at] = buffer;
    this.starts[at] = start;
    this.ends[at] = end;
    this.isNull[at] = isNull ? 1 : 0;
  }

  #isNullText(line: Buffer, start: number, end: number): boolean {
    const text = this.#null;
    if (end - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (line[start + at] !== text[at]) return false;
    return true;
  }

  /** Replaces the last field by what its escapes mean. */
  #unescape(line: Buffer, start: number, end: number): void {
    const scratch = this.#room(end - start, line);
    const from = this.#scratchAt;
    let to = from;
    let mayBreak = false;
    for (let at = start; at < end; at++) {
      let byte = line[at] ?? 0;
      if (byte === BACKSLASH) {
        // A backslash at the very end stands for nothing.
        if (++at >= end) break;
        byte = line[at] ?? 0;
        const escaped = readEscape(line, at, end);
        if (escaped !== undefined) {
          byte = escaped.byte;
          at = escaped.last;
          mayBreak ||= byte === 0 || byte >= 0x80;
        }
      }
      scratch[to++] = byte;
    }
    const last = this.count - 1;
    this.buffers[last] = scratch;
    this.starts[last] = from;
    this.ends[last] = to;
    this.#scratchAt = to;
    if (mayBreak) checkText(scratch.subarray(from, to));
  }

  /** Room behind the fields of this line that were unescaped before, which stay where they are. */
  #room(size_bytes: number, line: Buffer): Buffer {
    if (this.#scratch.length - this.#scratchAt >= size_bytes) return this.#scratch;
    this.#scratch = Buffer.allocUnsafe(Math.max(size_bytes, Math.min(line.length, 65_536)));
    this.#scratchAt = 0;
    return this.#scratch;
  }
}

const controls: ReadonlyMap<number, number> = new Map(
  Object.entries({ b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }).map(([letter, code]) => [
    letter.charCodeAt(0),
    code,
  ]),
);

/**
 * The escape whose letter or digit stands at `at`.
 * @returns its byte and where its last character is; undefined when the character stands for itself
 */
function readEscape(line: Buffer, at: number, end: number): { byte: number; last: number } | undefined {
  const first = line[at] ?? 0;
  const control = controls.get(first);
  if (control !== undefined) return { byte: control, last: at };
  const isHex = first === 0x78;
  const digitOf = isHex ? hexDigit : octalDigit;
  const maxDigits = isHex ? 2 : 3;
  let value = 0;
  let digits = 0;
  for (let next = isHex ? at + 1 : at; digits < maxDigits && next < end; next++, digits++) {
    const digit = digitOf(line[next] ?? 0);
    if (digit < 0) break;
    value = value * (isHex ? 16 : 8) + digit;
  }
  if (digits === 0) return undefined;
  return { byte: value & 0xff, last: (isHex ? at : at - 1) + digits };
}

function octalDigit(byte: number): number {
  return byte >= 0x30 && byte <= 0x37 ? byte - 0x30 : -1;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
