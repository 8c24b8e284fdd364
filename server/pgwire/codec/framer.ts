/**
 * Bytes in, frames out: finds where messages begin and end, in whatever pieces the bytes come, and refuses a
 * message by its type and length before keeping its body. Knows no socket and does not look into bodies.
 *
 * pg-protocol's `Parser` is not used: it frames what a *server* sends, buffers any length it is told (up to 4 GiB),
 * and hands out decoded backend messages.
 */
import { SqlState } from '../../../common/errors.ts';
import { type CodecLimits, maxBody_bytes, maxPassword_bytes, maxStartupPacket_bytes } from './limits.ts';
import { FatalProtocolError } from './protocol-error.ts';

/**
 * What the client may say now: an untyped startup packet, nothing but an answer to an authentication request, or
 * anything. A client that has not proved who it is cannot make the server keep a long message.
 */
export type Phase = 'startup' | 'authentication' | 'session';

export interface Frame {
  /** Type byte; 0 for a startup packet, which has none. */
  readonly type: number;
  /** Owned by the receiver: never overwritten by later input. */
  readonly body: Buffer;
}

const passwordType = 0x70;
const initialCapacity_bytes = 4096;
const nothing = Buffer.alloc(0);

export class Framer {
  phase: Phase = 'startup';
  readonly #limits: CodecLimits;
  #buffer: Buffer = nothing;
  #start = 0;
  #end = 0;

  constructor(limits: CodecLimits) {
    this.#limits = limits;
  }

  /** Bytes received and not yet handed out as frames. */
  get buffered_bytes(): number {
    return this.#end - this.#start;
  }

  /** The first byte that is not handed out yet, undefined when there is none. */
  get firstByte(): number | undefined {
    return this.buffered_bytes === 0 ? undefined : this.#buffer[this.#start];
  }

  /** Hands everything out as it came: it is not ours to read. */
  takeAll(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = nothing;
    this.#start = 0;
    this.#end = 0;
    return bytes;
  }

  push(chunk: Uint8Array): void {
    this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The type of the next frame without taking it, undefined when it is not complete yet.
   * @throws FatalProtocolError as `next` does
   */
  peekType(): number | undefined {
    const bounds = this.#bounds();
    return bounds?.type;
  }

  /**
   * The next complete frame, undefined when more bytes are needed.
   * @throws FatalProtocolError when the bytes cannot be a message, or one longer than allowed: nothing after
   *   that can be understood
   */
  next(): Frame | undefined {
    const bounds = this.#bounds();
    if (bounds === undefined) return undefined;
    const body = Buffer.from(
      this.#buffer.subarray(this.#start + bounds.header_bytes, this.#start + bounds.total_bytes),
    );
    this.#start += bounds.total_bytes;
    if (this.#start === this.#end) {
      // An idle connection keeps no buffer.
      this.#buffer = nothing;
      this.#start = 0;
      this.#end = 0;
    }
    return { type: bounds.type, body };
  }

  #bounds(): { type: number; header_bytes: number; total_bytes: number } | undefined {
    const untyped = this.phase === 'startup';
    const header_bytes = untyped ? 4 : 5;
    if (!untyped && this.buffered_bytes >= 1) this.#maxBody(this.#buffer.readUInt8(this.#start));
    if (this.buffered_bytes < header_bytes) return undefined;
    const type = untyped ? 0 : this.#buffer.readUInt8(this.#start);
    // The length counts itself and the body, not the type byte.
    const length = this.#buffer.readUInt32BE(this.#start + header_bytes - 4);
    const max_bytes = this.#maxBody(type);
    if (length < 4 || (untyped && length < 8)) {
      throw new FatalProtocolError({
        sqlState: SqlState.protocolViolation,
        message: untyped ? 'invalid length of startup packet' : 'invalid message length',
        hint: 'Only PostgreSQL clients can talk to this port; HTTP has a port of its own.',
      });
    }
    if (length - 4 > max_bytes) throw this.#tooLong(type, length - 4, max_bytes);
    const total_bytes = header_bytes - 4 + length;
    if (this.buffered_bytes < total_bytes) return undefined;
    return { type, header_bytes, total_bytes };
  }

  #maxBody(type: number): number {
    if (this.phase === 'startup') return maxStartupPacket_bytes;
    if (this.phase === 'authentication') {
      if (type === passwordType) return maxPassword_bytes;
      throw new FatalProtocolError({
        sqlState: SqlState.protocolViolation,
        message: `expected a password response, got message type ${type}`,
        hint: 'Authenticate first; this server asks for SCRAM-SHA-256.',
      });
    }
    const max_bytes = maxBody_bytes(type, this.#limits);
    if (max_bytes !== undefined) return max_bytes;
    throw new FatalProtocolError({
      sqlState: SqlState.protocolViolation,
      message: `invalid frontend message type ${type}`,
      hint: 'The client and the server lost step; connect again.',
    });
  }

  #tooLong(type: number, body_bytes: number, max_bytes: number): FatalProtocolError {
    if (this.phase === 'startup') {
      return new FatalProtocolError({
        sqlState: SqlState.protocolViolation,
        message: 'invalid length of startup packet',
        hint: 'Only PostgreSQL clients can talk to this port; HTTP has a port of its own.',
      });
    }
    return new FatalProtocolError({
      sqlState: SqlState.programLimitExceeded,
      message: `message of type ${JSON.stringify(String.fromCharCode(type))} is too long: ${body_bytes} bytes, at most ${max_bytes} are allowed`,
      hint: 'Send less at a time, or raise the limit of a message in the server configuration.',
    });
  }

  #makeRoom(size_bytes: number): void {
    if (this.#end + size_bytes <= this.#buffer.length) return;
    const kept_bytes = this.buffered_bytes;
    const needed_bytes = kept_bytes + size_bytes;
    // Doubling keeps byte-by-byte input linear; beyond the longest message there is nothing to double for.
    const doubled_bytes = Math.min(needed_bytes * 2, this.#limits.maxMessage_bytes + 2 * maxPassword_bytes);
    const roomy = needed_bytes * 2 <= this.#buffer.length;
    const target = roomy
      ? this.#buffer
      : Buffer.allocUnsafe(Math.max(initialCapacity_bytes, needed_bytes, doubled_bytes));
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    this.#start = 0;
    this.#end = kept_bytes;
  }
}
