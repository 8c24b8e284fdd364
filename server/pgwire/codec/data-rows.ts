/**
 * DataRow messages, many to a buffer: rows are what most bytes on the wire are, and one buffer and one write for
 * a few hundred of them is several times faster than one for each.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';

/** Buffers leave at about this size. */
export const rowBuffer_bytes = 64 * 1024;
/** PostgreSQL's own limit is 1 GiB; a row of ours must also fit into a buffer twice while it grows. */
export const maxRow_bytes = 256 * 1024 * 1024;

/** The first buffer of a result: most results are a row or two. */
const firstBuffer_bytes = 2048;

export class DataRows {
  #buffer: Buffer = Buffer.alloc(0);
  #offset = 0;
  #rowStart = 0;
  #newBuffer_bytes = firstBuffer_bytes;

  /** Bytes of complete rows waiting to be taken. */
  get size_bytes(): number {
    return this.#offset;
  }

  beginRow(columnCount: number): void {
    this.#rowStart = this.#offset;
    this.#ensure(7);
    this.#buffer.writeUInt8(0x44, this.#offset);
    // The length is known at the end of the row.
    this.#buffer.writeUInt16BE(columnCount, this.#offset + 5);
    this.#offset += 7;
  }

  nullValue(): void {
    this.#ensure(4);
    this.#buffer.writeInt32BE(-1, this.#offset);
    this.#offset += 4;
  }

  textValue(text: string): void {
    // Most values are short: three bytes for each UTF-16 unit is enough, and cheaper than counting first.
    const bound_bytes = text.length < 1024 ? text.length * 3 : Buffer.byteLength(text);
    this.#ensure(4 + bound_bytes);
    const length_bytes = this.#buffer.write(text, this.#offset + 4);
    this.#buffer.writeInt32BE(length_bytes, this.#offset);
    this.#offset += 4 + length_bytes;
  }

  bytesValue(bytes: Uint8Array): void {
    this.#ensure(4 + bytes.length);
    this.#buffer.writeInt32BE(bytes.length, this.#offset);
    this.#buffer.set(bytes, this.#offset + 4);
    this.#offset += 4 + bytes.length;
  }

  endRow(): void {
    this.#buffer.writeInt32BE(this.#offset - this.#rowStart - 1, this.#rowStart + 1);
  }

  /** Forgets the row that was begun: it could not be encoded, and half a row must not reach the client. */
  abandonRow(): void {
    this.#offset = this.#rowStart;
  }

  /** Hands over the complete rows. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#offset);
    this.#buffer = Buffer.alloc(0);
    this.#offset = 0;
    // A result that fills one buffer will fill more; the last row of each goes beyond.
    this.#newBuffer_bytes = rowBuffer_bytes + rowBuffer_bytes / 8;
    return taken;
  }

  #ensure(more_bytes: number): void {
    const needed_bytes = this.#offset + more_bytes;
    if (needed_bytes <= this.#buffer.length) return;
    if (needed_bytes - this.#rowStart > maxRow_bytes) {
      throw new SqlensError({
        sqlState: SqlState.programLimitExceeded,
        message: `a row is longer than ${maxRow_bytes} bytes`,
        hint: 'Select fewer or shorter columns, or cut the long ones with substr().',
      });
    }
    const grown = Buffer.allocUnsafe(Math.max(this.#newBuffer_bytes, this.#buffer.length * 2, needed_bytes));
    this.#buffer.copy(grown, 0, 0, this.#offset);
    this.#buffer = grown;
  }
}
