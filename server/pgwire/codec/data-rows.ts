/**
 * DataRow messages, or CopyData messages of COPY's binary format, which are laid out alike, many to a buffer: rows are what most bytes on the wire are, and one buffer and one write for
 * a few hundred of them is several times faster than one for each.
 */
import { ByteSink } from './byte-sink.ts';

export { maxRow_bytes } from './byte-sink.ts';

/** Buffers leave at about this size. */
export const rowBuffer_bytes = 64 * 1024;

/** The first buffer of a result: most results are a row or two. */
const firstBuffer_bytes = 2048;

export class DataRows {
  readonly #sink = new ByteSink(firstBuffer_bytes);
  readonly #type: number;

  /** @param type the messages' type byte */
  constructor(type = 0x44) {
    this.#type = type;
  }

  /** Bytes of complete rows waiting to be taken. */
  get size_bytes(): number {
    return this.#sink.offset;
  }

  /** @param prefix what stands in the message before the row */
  beginRow(columnCount: number, prefix?: Uint8Array): void {
    const sink = this.#sink;
    const prefix_bytes = prefix?.length ?? 0;
    sink.rowStart = sink.offset;
    sink.ensure(7 + prefix_bytes);
    const { buffer, offset } = sink;
    buffer[offset] = this.#type;
    // The length is known at the end of the row.
    if (prefix !== undefined) buffer.set(prefix, offset + 5);
    buffer[offset + prefix_bytes + 5] = columnCount >> 8;
    buffer[offset + prefix_bytes + 6] = columnCount;
    sink.offset = offset + prefix_bytes + 7;
  }

  nullValue(): void {
    const sink = this.#sink;
    sink.ensure(4);
    sink.buffer.fill(0xff, sink.offset, sink.offset + 4);
    sink.offset += 4;
  }

  textValue(text: string): void {
    const sink = this.#sink;
    // Most values are short: three bytes for each UTF-16 unit is enough, and cheaper than counting first.
    const bound_bytes = text.length < 1024 ? text.length * 3 : Buffer.byteLength(text);
    sink.ensure(4 + bound_bytes);
    const { buffer, offset } = sink;
    const length_bytes = buffer.write(text, offset + 4);
    putInt32(buffer, offset, length_bytes);
    sink.offset = offset + 4 + length_bytes;
  }

  bytesValue(bytes: Uint8Array): void {
    const sink = this.#sink;
    sink.ensure(4 + bytes.length);
    const { buffer, offset } = sink;
    putInt32(buffer, offset, bytes.length);
    buffer.set(bytes, offset + 4);
    sink.offset = offset + 4 + bytes.length;
  }

  /** A value that `put` writes at the sink's end: row `row` of whatever it reads. */
  putValue(put: (row: number, sink: ByteSink) => void, row: number): void {
    const sink = this.#sink;
    sink.ensure(4);
    const start = sink.offset;
    sink.offset = start + 4;
    put(row, sink);
    putInt32(sink.buffer, start, sink.offset - start - 4);
  }

  endRow(): void {
    const sink = this.#sink;
    putInt32(sink.buffer, sink.rowStart + 1, sink.offset - sink.rowStart - 1);
  }

  /** Forgets the row that was begun: it could not be encoded, and half a row must not reach the client. */
  abandonRow(): void {
    this.#sink.offset = this.#sink.rowStart;
  }

  /** Hands over the complete rows. */
  take(): Buffer {
    // A result that fills one buffer will fill more; the last row of each goes beyond.
    return this.#sink.take(rowBuffer_bytes + rowBuffer_bytes / 8);
  }
}

/** Big-endian; Buffer's own method checks its arguments, which takes longer than writing them. */
function putInt32(buffer: Buffer, offset: number, value: number): void {
  buffer[offset] = value >> 24;
  buffer[offset + 1] = value >> 16;
  buffer[offset + 2] = value >> 8;
  buffer[offset + 3] = value;
}
