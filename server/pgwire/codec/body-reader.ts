/**
 * Reads the body of one message, with every bound checked.
 *
 * pg-protocol's `BufferReader` is not used: written for messages of a server one trusts, it reads strings past the
 * end of the body, turns bad UTF-8 into U+FFFD and gives short slices without a word.
 */
import { isUtf8 } from 'node:buffer';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { malformed } from './protocol-error.ts';

/** The text of UTF-8 bytes; 22021 when they are not UTF-8. */
export function utf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw invalidUtf8(bytes);
}

function invalidUtf8(bytes: Buffer): SqlensError {
  // The first byte that re-encoding does not reproduce is where the text stops being UTF-8.
  const again = Buffer.from(bytes.toString('utf8'), 'utf8');
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  const hex = [...bytes.subarray(at, at + 3)].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return new SqlensError({
    sqlState: SqlState.characterNotInRepertoire,
    message: `invalid byte sequence for encoding "UTF8": ${hex.join(' ')}`,
    hint: 'Send text as UTF-8, and binary data as bytea.',
  });
}

export class BodyReader {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get remaining_bytes(): number {
    return this.#body.length - this.#offset;
  }

  uint8(): number {
    return this.#body.readUInt8(this.#advance(1));
  }

  int16(): number {
    return this.#body.readInt16BE(this.#advance(2));
  }

  uint16(): number {
    return this.#body.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#body.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.#body.readUInt32BE(this.#advance(4));
  }

  bytes(length_bytes: number): Buffer {
    const start = this.#advance(length_bytes);
    return this.#body.subarray(start, start + length_bytes);
  }

  rest(): Buffer {
    return this.bytes(this.remaining_bytes);
  }

  /** A string that ends with a zero byte. */
  cstring(): string {
    const end = this.#body.indexOf(0, this.#offset);
    if (end < 0) throw malformed('invalid string in message');
    const start = this.#offset;
    this.#offset = end + 1;
    return utf8(this.#body.subarray(start, end));
  }

  /** Every byte must have been read. */
  end(): void {
    if (this.remaining_bytes !== 0) throw malformed('invalid message format');
  }

  #advance(length_bytes: number): number {
    if (length_bytes < 0 || length_bytes > this.remaining_bytes) {
      throw malformed('insufficient data left in message');
    }
    const start = this.#offset;
    this.#offset += length_bytes;
    return start;
  }
}
