/**
 * What goes over the pipe between the server and the process that runs PostgreSQL: frames of a length, a kind and a
 * body. The child reads and writes them synchronously, since WebAssembly holds its only thread anyway.
 */

/** Length (of what follows it) and kind. */
export const FRAME_HEADER_BYTES = 5;

export const FrameKind = {
  /** To the child: an Order as JSON, preceded by its length, and then the bytes for PostgreSQL. */
  order: 1,
  /** From the child: some of the answer's bytes. */
  answer: 2,
  /** From the child: the end of an order, a Report as JSON. */
  report: 3,
  /** From the child, once: it is ready, a Readiness as JSON. */
  ready: 4,
  /** From the child, before it ends by itself: why, as text. */
  failed: 5,
} as const;

/** What to run: `before`, the frame's bytes, `after`. Only what the bytes answer comes back. */
export interface Order {
  /** SQL. If it fails, the bytes do not run, `after` does. */
  readonly before: string;
  /** SQL. */
  readonly after: string;
  /** More is dropped, and the report says so. */
  readonly maxAnswer_bytes: number;
}

export interface Report {
  /** The messages with which `before` or `after` failed, as base64. */
  readonly failure: string | undefined;
  readonly isTooLong: boolean;
  readonly rss_bytes: number;
}

export interface Readiness {
  /** False: somebody must fill the mirror. */
  readonly isFilled: boolean;
  readonly rss_bytes: number;
}

export function frame(kind: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  bytes.writeUInt32BE(body.length + 1, 0);
  bytes.writeUInt8(kind, 4);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

export function orderFrame(order: Order, bytes: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(order));
  const body = Buffer.allocUnsafe(4 + json.length + bytes.length);
  body.writeUInt32BE(json.length, 0);
  body.set(json, 4);
  body.set(bytes, 4 + json.length);
  return frame(FrameKind.order, body);
}

/** Puts frames together again from whatever pieces the pipe delivers. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #size_bytes = 0;

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size_bytes += piece.length;
  }

  next(): { readonly kind: number; readonly body: Buffer } | undefined {
    if (this.#size_bytes < FRAME_HEADER_BYTES) return undefined;
    let first = this.#pieces[0];
    if (first === undefined) return undefined;
    if (first.length < FRAME_HEADER_BYTES) first = this.#join();
    const total_bytes = 4 + first.readUInt32BE(0);
    if (this.#size_bytes < total_bytes) return undefined;
    if (first.length < total_bytes) first = this.#join();
    this.#pieces[0] = first.subarray(total_bytes);
    this.#size_bytes -= total_bytes;
    if (first.length === total_bytes) this.#pieces.shift();
    return { kind: first.readUInt8(4), body: first.subarray(FRAME_HEADER_BYTES, total_bytes) };
  }

  #join(): Buffer {
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }
}
