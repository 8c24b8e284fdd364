/** Rows of COPY's binary format (PostgreSQL manual, COPY, File Formats). */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CopyInColumn } from '../../../query/api.ts';
import { binarySignature } from '../binary-header.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import { badData, placedAt } from './copy-error.ts';
import type { CopyReader } from './copy-in-stream.ts';
import { maxLine_bytes } from './lines.ts';

const nothing = Buffer.alloc(0);
const hasOidsFlag = 1 << 16;

/** More data is needed, which is on its way; what was read of the row is read again then. */
class NeedsMore extends Error {}

/** As PostgreSQL words what its receive functions refuse. */
function asReceived(error: unknown): unknown {
  if (!(error instanceof SqlensError)) return error;
  const { sqlState, message, detail, hint } = error;
  if (sqlState !== SqlState.invalidBinaryRepresentation) return error;
  const reason = detail === undefined ? message : `${message}: ${detail}`;
  return new SqlensError({
    sqlState,
    message: 'incorrect binary data format',
    detail: reason,
    hint,
    cause: error,
  });
}

export class BinaryReader implements CopyReader {
  readonly #relation: string;
  readonly #target: readonly CopyInColumn[];
  #buffer: Buffer = nothing;
  #limit = 0;
  /** Where the row in work begins, and where it is read. */
  #rowStart = 0;
  #at = 0;
  #state: 'header' | 'rows' | 'over' = 'header';
  #isComplete = false;
  #rowNumber = 0;
  #column = -1;

  constructor(relation: string, target: readonly CopyInColumn[]) {
    this.#relation = relation;
    this.#target = target;
  }

  get where(): string {
    return `COPY ${this.#relation}, line ${this.#rowNumber + 1}`;
  }

  push(data: Buffer): void {
    const rest_bytes = this.#limit - this.#rowStart;
    if (rest_bytes === 0) {
      this.#buffer = data;
      this.#limit = data.length;
    } else {
      const needed_bytes = rest_bytes + data.length;
      let target = this.#buffer;
      if (this.#limit + data.length > target.length) {
        target = Buffer.allocUnsafe(needed_bytes * 2);
        this.#buffer.copy(target, 0, this.#rowStart, this.#limit);
        this.#buffer = target;
        this.#limit = rest_bytes;
        this.#at -= this.#rowStart;
        this.#rowStart = 0;
      }
      this.#limit += data.copy(target, this.#limit);
      return;
    }
    this.#rowStart = 0;
    this.#at = 0;
  }

  end(): void {
    this.#isComplete = true;
  }

  read(chunk: ChunkWriter, maxRows: number): number {
    let rowCount = 0;
    try {
      if (this.#state === 'header') this.#readHeader();
      while (this.#state === 'rows' && rowCount < maxRows && !chunk.isFull) {
        if (!this.#readRow(chunk)) break;
        rowCount++;
      }
      this.#checkEnd();
    } catch (error) {
      if (error instanceof NeedsMore) {
        this.#rewind();
        return rowCount;
      }
      // What is wrong with the header is in no line.
      throw this.#state === 'header' ? error : placedAt(asReceived(error), this.#context());
    }
    return rowCount;
  }

  #rewind(): void {
    this.#at = this.#rowStart;
    this.#column = -1;
    if (this.#limit - this.#rowStart <= maxLine_bytes) return;
    throw new SqlensError({
      sqlState: SqlState.programLimitExceeded,
      message: `a row is longer than ${maxLine_bytes} bytes`,
      hint: 'Copy shorter values.',
      where: this.where,
    });
  }

  #readHeader(): void {
    const signature = this.#bytes(binarySignature.length, 'COPY file signature not recognized');
    if (!signature.equals(binarySignature)) throw badData('COPY file signature not recognized');
    const flags = this.#int32('invalid COPY file header (missing flags)');
    if ((flags & hasOidsFlag) !== 0) throw badData('invalid COPY file header (WITH OIDS)');
    // The lower half may be ignored by who does not know it.
    if ((flags & 0xffff0000) !== 0) throw badData('unrecognized critical flags in COPY file header');
    const extension_bytes = this.#int32('invalid COPY file header (missing length)');
    if (extension_bytes < 0) throw badData('invalid COPY file header (missing length)');
    if (extension_bytes > maxLine_bytes) throw badData('invalid COPY file header (wrong length)');
    this.#bytes(extension_bytes, 'invalid COPY file header (wrong length)');
    this.#state = 'rows';
    this.#rowStart = this.#at;
  }

  /** @returns false at the end */
  #readRow(chunk: ChunkWriter): boolean {
    const target = this.#target;
    if (this.#isComplete && this.#limit === this.#at) {
      this.#state = 'over';
      return false;
    }
    const count = this.#int16();
    if (count === -1) {
      this.#rowNumber++;
      this.#state = 'over';
      this.#rowStart = this.#at;
      return false;
    }
    if (count !== target.length) {
      this.#rowNumber++;
      throw badData(`row field count is ${count}, expected ${target.length}`);
    }
    chunk.beginRow();
    for (let at = 0; at < count; at++) {
      this.#column = at;
      const length_bytes = this.#int32('unexpected EOF in COPY data');
      if (length_bytes === -1) {
        chunk.putNull(at);
        continue;
      }
      if (length_bytes < 0) throw badData('invalid field size');
      if (length_bytes > maxLine_bytes) throw badData('invalid field size');
      const start = this.#at;
      this.#skip(length_bytes, 'unexpected EOF in COPY data');
      chunk.put(at, this.#buffer, start, this.#at);
    }
    this.#column = -1;
    this.#rowNumber++;
    chunk.endRow();
    this.#rowStart = this.#at;
    return true;
  }

  #checkEnd(): void {
    if (this.#state === 'over' && this.#limit > this.#at)
      throw badData('received copy data after EOF marker');
  }

  #int16(): number {
    const start = this.#at;
    this.#skip(2, 'unexpected EOF in COPY data');
    return this.#buffer.readInt16BE(start);
  }

  #int32(missing: string): number {
    const start = this.#at;
    this.#skip(4, missing);
    return this.#buffer.readInt32BE(start);
  }

  #bytes(length_bytes: number, missing: string): Buffer {
    const start = this.#at;
    this.#skip(length_bytes, missing);
    return this.#buffer.subarray(start, this.#at);
  }

  #skip(length_bytes: number, missing: string): void {
    if (this.#at + length_bytes > this.#limit) {
      if (this.#isComplete) throw badData(missing);
      throw new NeedsMore();
    }
    this.#at += length_bytes;
  }

  #context(): string {
    // Of a row that was begun and not ended.
    const number = this.#column < 0 && this.#state !== 'header' ? this.#rowNumber : this.#rowNumber + 1;
    const column = this.#target[this.#column];
    const line = `COPY ${this.#relation}, line ${Math.max(1, number)}`;
    return column === undefined ? line : `${line}, column ${column.name}`;
  }
}
