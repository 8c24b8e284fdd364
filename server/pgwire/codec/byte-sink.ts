/** A buffer that grows, written at its end by those who put values into it byte by byte. */
import { SqlensError, SqlState } from '../../../common/errors.ts';

/** PostgreSQL's own limit is 1 GiB; a row of ours must also fit into a buffer twice while it grows. */
export const maxRow_bytes = 256 * 1024 * 1024;

export class ByteSink {
  buffer: Buffer = Buffer.alloc(0);
  /** Where the next byte goes. */
  offset = 0;
  /** Where the row in work began: what may not grow beyond a limit. */
  rowStart = 0;
  #newBuffer_bytes: number;

  constructor(firstBuffer_bytes: number) {
    this.#newBuffer_bytes = firstBuffer_bytes;
  }

  /** Makes room behind the end; `buffer` is another one afterwards if need be. */
  ensure(more_bytes: number): void {
    if (this.offset + more_bytes > this.buffer.length) this.#grow(more_bytes);
  }

  /** Hands over what is before the end, and begins a new buffer of the given size when more comes. */
  take(nextBuffer_bytes: number): Buffer {
    const taken = this.buffer.subarray(0, this.offset);
    this.buffer = Buffer.alloc(0);
    this.offset = 0;
    this.#newBuffer_bytes = nextBuffer_bytes;
    return taken;
  }

  #grow(more_bytes: number): void {
    const needed_bytes = this.offset + more_bytes;
    if (needed_bytes - this.rowStart > maxRow_bytes) {
      throw new SqlensError({
        sqlState: SqlState.programLimitExceeded,
        message: `a row is longer than ${maxRow_bytes} bytes`,
        hint: 'Select fewer or shorter columns, or cut the long ones with substr().',
      });
    }
    const grown = Buffer.allocUnsafe(Math.max(this.#newBuffer_bytes, this.buffer.length * 2, needed_bytes));
    this.buffer.copy(grown, 0, 0, this.offset);
    this.buffer = grown;
  }
}
