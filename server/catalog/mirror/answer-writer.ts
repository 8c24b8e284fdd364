import { writeSync } from 'node:fs';
import { FRAME_HEADER_BYTES, FrameKind } from './frames.ts';
import { PIPE_FD } from './task.ts';

/** Body of one frame of an answer at most, and of one read. */
export const PIECE_BYTES = 64 * 1024;

/** Hands an answer on while it is made, so that a long one takes no memory here. */
export class AnswerWriter {
  isTooLong = false;
  /** Also of what was too long to hand on. */
  lastByte: number | undefined;
  readonly #max_bytes: number;
  #frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + PIECE_BYTES);
  #filled_bytes = 0;
  #total_bytes = 0;

  constructor(max_bytes: number) {
    this.#max_bytes = max_bytes;
  }

  write(bytes: Uint8Array): void {
    this.#total_bytes += bytes.length;
    this.lastByte = bytes.at(-1) ?? this.lastByte;
    this.isTooLong ||= this.#total_bytes > this.#max_bytes;
    if (this.isTooLong) return;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#filled_bytes);
      this.#frame.set(part, FRAME_HEADER_BYTES + this.#filled_bytes);
      this.#filled_bytes += part.length;
      at += part.length;
      if (this.#filled_bytes === PIECE_BYTES) this.end();
    }
  }

  end(): void {
    if (this.#filled_bytes === 0) return;
    this.#frame.writeUInt32BE(this.#filled_bytes + 1, 0);
    this.#frame.writeUInt8(FrameKind.answer, 4);
    writeAll(this.#frame.subarray(0, FRAME_HEADER_BYTES + this.#filled_bytes));
    this.#filled_bytes = 0;
  }
}

/** Waits until all is in the pipe. */
export function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(PIPE_FD, bytes, at);
}
