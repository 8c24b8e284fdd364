/**
 * Cuts the data of COPY's text and csv formats into lines, in whatever pieces it comes, by PostgreSQL's rules (copyfromparse.c):
 * the first line end decides for all, csv lines go on inside quotes, `\.` alone in a line is the end. Looks at every byte
 * once, however small the pieces.
 */
import { isUtf8 } from 'node:buffer';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CopyOptions } from '../../../query/copy/options.ts';
import { utf8 } from '../../codec/body-reader.ts';
import { badData } from './copy-error.ts';

/** The longest line. */
export const maxLine_bytes = 64 * 1024 * 1024;

const NL = 0x0a;
const CR = 0x0d;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const nothing = Buffer.alloc(0);

type LineEnd = 'unknown' | 'nl' | 'cr' | 'crnl';

export class Lines {
  /** Holds the line that was found last, from `start` up to `end`. */
  buffer: Buffer = nothing;
  start = 0;
  end = 0;
  /** Of the line that was found or is looked for, from 1; lines inside of csv quotes count. */
  number = 0;
  readonly #isCsv: boolean;
  readonly #quote: number;
  /** -1: the same as the quote. */
  readonly #escape: number;
  #lineEnd: LineEnd = 'unknown';
  #inQuote = false;
  #wasEscape = false;
  /** Where the next line begins, where the search goes on, and where the bytes end. */
  #next = 0;
  #at = 0;
  #limit = 0;
  #checkedTo = 0;
  /** There are bytes that are no text: each line is looked at. */
  #isSuspect = false;
  #isBegun = false;
  #isComplete = false;
  /** The end marker was found: whatever follows is ignored. */
  #isOver = false;

  constructor({ format, quote, escape: escapedBy }: CopyOptions) {
    this.#isCsv = format === 'csv';
    this.#quote = quote.charCodeAt(0);
    this.#escape = escapedBy === quote ? -1 : escapedBy.charCodeAt(0);
  }

  /** The line that is read now, or waited for. */
  get current(): number {
    return this.#isBegun ? this.number : this.number + 1;
  }

  /** Nothing more comes. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  push(data: Buffer): void {
    if (this.#isOver) return;
    const rest_bytes = this.#limit - this.#next;
    if (rest_bytes === 0) {
      this.#reset(data, data.length);
    } else {
      this.#join(data, rest_bytes);
    }
    this.#check();
  }

  complete(): void {
    this.#isComplete = true;
    this.#check();
  }

  /**
   * Finds the next line.
   * @returns false when more bytes are needed, or when there are none
   * @throws SqlensError 22P04, 22021, 54000
   */
  find(): boolean {
    if (this.#isOver) return false;
    if (!this.#isBegun) {
      if (this.#next >= this.#limit) return false;
      this.#isBegun = true;
      this.number++;
    }
    const found = this.#isCsv ? this.#scan(true) : this.#scan(false);
    if (!found && this.#limit - this.#next > maxLine_bytes) throw tooLong();
    if (found && this.#isSuspect) this.#checkLine();
    return found;
  }

  /** Begins with other bytes at the start of a buffer. */
  #reset(buffer: Buffer, limit: number): void {
    this.buffer = buffer;
    this.#next = 0;
    this.#at = 0;
    this.#checkedTo = 0;
    this.#limit = limit;
  }

  /** Puts the data behind the beginning of a line that is there. */
  #join(data: Buffer, rest_bytes: number): void {
    if (this.#limit + data.length > this.buffer.length) this.#moveTo(rest_bytes, data.length);
    this.#limit += data.copy(this.buffer, this.#limit);
  }

  /** Takes the beginning of the line to a buffer twice the size, so that small pieces of a long line stay linear. */
  #moveTo(rest_bytes: number, more_bytes: number): void {
    const target = Buffer.allocUnsafe((rest_bytes + more_bytes) * 2);
    this.buffer.copy(target, 0, this.#next, this.#limit);
    this.buffer = target;
    this.#at -= this.#next;
    this.#checkedTo = Math.max(0, this.#checkedTo - this.#next);
    this.#limit = rest_bytes;
    this.#next = 0;
  }

  #scan(isCsv: boolean): boolean {
    const { buffer } = this;
    const limit = this.#limit;
    const quote = this.#quote;
    const escapeByte = this.#escape;
    let at = this.#at;
    while (at < limit) {
      const byte = buffer[at] ?? 0;
      if (isCsv) {
        if (byte === quote || byte === escapeByte || this.#wasEscape || this.#inQuote) {
          // A carriage return may need the next byte: its state must not change twice.
          if (byte === CR && !this.#inQuote && this.#needs(at, 1)) break;
          if (this.#inQuote && byte === escapeByte) this.#wasEscape = !this.#wasEscape;
          if (byte === quote && !this.#wasEscape) this.#inQuote = !this.#inQuote;
          if (byte !== escapeByte) this.#wasEscape = false;
          if (this.#inQuote && byte === (this.#lineEnd === 'nl' ? NL : CR)) this.number++;
          if (this.#inQuote) {
            at++;
            continue;
          }
        }
      }
      if (byte === NL) return this.#ended(at, 1, 'nl');
      if (byte === CR) {
        if (this.#lineEnd === 'nl') throw this.#literal('carriage return', 'r');
        if (this.#lineEnd === 'cr') return this.#ended(at, 1, 'cr');
        if (this.#needs(at, 1)) break;
        if (at + 1 < limit && buffer[at + 1] === NL) return this.#ended(at, 2, 'crnl');
        if (this.#lineEnd === 'crnl') throw this.#literal('carriage return', 'r');
        return this.#ended(at, 1, 'cr');
      }
      if (byte === BACKSLASH && (!isCsv || at === this.#next)) {
        const marker = this.#endMarker(at, isCsv);
        if (marker === 'more') break;
        if (marker === 'end') {
          this.#isOver = true;
          return this.#line(at, at);
        }
        // Whatever follows a backslash is data, a line end too.
        at += isCsv ? 1 : 2;
        continue;
      }
      at++;
    }
    this.#at = Math.min(at, limit);
    if (!this.#isComplete) return false;
    this.#isOver = true;
    return this.#line(limit, limit);
  }

  #ended(at: number, length: number, lineEnd: LineEnd): boolean {
    if (this.#lineEnd !== 'unknown' && this.#lineEnd !== lineEnd) throw this.#literal('newline', 'n');
    this.#lineEnd = lineEnd;
    this.#line(at, at + length);
    return true;
  }

  #line(end: number, next: number): boolean {
    this.start = this.#next;
    this.end = end;
    this.#next = next;
    this.#at = next;
    this.#isBegun = false;
    return !this.#isOver || this.end > this.start;
  }

  /** Whether `count` bytes behind `at` are still to come. */
  #needs(at: number, count: number): boolean {
    return !this.#isComplete && at + count >= this.#limit;
  }

  #endMarker(at: number, isCsv: boolean): 'more' | 'end' | 'data' {
    const { buffer } = this;
    if (this.#needs(at, 1)) return 'more';
    if (at + 1 >= this.#limit || buffer[at + 1] !== DOT) return 'data';
    const isPair = this.#lineEnd === 'crnl';
    if (this.#needs(at, isPair ? 3 : 2)) return 'more';
    const byteAt = (offset: number) => (at + offset < this.#limit ? buffer[at + offset] : 0);
    let last = byteAt(2);
    if (isPair) {
      if (last === NL) {
        if (isCsv) return 'data';
        throw badData('end-of-copy marker does not match previous newline style');
      }
      if (last !== CR) {
        if (isCsv) return 'data';
        throw badData('end-of-copy marker corrupt');
      }
      last = byteAt(3);
    }
    if (last !== CR && last !== NL) {
      if (isCsv) return 'data';
      throw badData('end-of-copy marker corrupt');
    }
    const isFitting = this.#lineEnd === 'unknown' || (this.#lineEnd === 'cr' ? last === CR : last === NL);
    if (!isFitting) throw badData('end-of-copy marker does not match previous newline style');
    return 'end';
  }

  #literal(what: string, letter: string): SqlensError {
    return this.#isCsv
      ? badData(`unquoted ${what} found in data`, `Use quoted CSV field to represent ${what}.`)
      : badData(`literal ${what} found in data`, `Use "\\${letter}" to represent ${what}.`);
  }

  /** Whether what came is text, many lines at once; a character may still lack its last bytes. */
  #check(): void {
    if (this.#isSuspect || this.#isOver) return;
    const { buffer } = this;
    const to = this.#isComplete ? this.#limit : wholeCharacters(buffer, this.#checkedTo, this.#limit);
    if (to <= this.#checkedTo) return;
    const part = buffer.subarray(this.#checkedTo, to);
    this.#isSuspect = part.includes(0) || !isUtf8(part);
    this.#checkedTo = to;
  }

  #checkLine(): void {
    checkText(this.buffer.subarray(this.start, this.end));
  }
}

/** @throws SqlensError 22021 for what is not UTF-8, or has zero bytes */
export function checkText(bytes: Buffer): void {
  const zero = bytes.indexOf(0);
  if (zero >= 0 && isUtf8(bytes.subarray(0, zero))) {
    throw new SqlensError({
      sqlState: SqlState.characterNotInRepertoire,
      message: 'invalid byte sequence for encoding "UTF8": 0x00',
      hint: 'Text cannot hold zero bytes; copy binary data into a bytea column.',
    });
  }
  if (!isUtf8(bytes)) utf8(bytes);
}

/** Where the last character that is there as a whole ends. */
function wholeCharacters(buffer: Buffer, from: number, limit: number): number {
  let at = limit;
  for (let back = 1; back <= 3 && limit - back >= from; back++) {
    const byte = buffer[limit - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      if (back < length) at = limit - back;
      break;
    }
  }
  return at;
}

function tooLong(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `a line is longer than ${maxLine_bytes} bytes`,
    hint: 'A quote that is never closed makes one line of all that follows.',
  });
}
