/**
 * The reading half of a connection: bytes of a socket become frames that one reader takes, one after the other.
 * Reading goes on while a statement runs, so that a client that leaves is noticed, but only until a bounded amount
 * waits: then the socket is paused and TCP holds the client back.
 */
import type { Duplex } from 'node:stream';
import type { Frame, Framer } from './codec/framer.ts';
import { turnstile } from './turnstile.ts';

/** Bytes of messages that may wait behind the one in work. */
const maxWaiting_bytes = 256 * 1024;
/** How long what a client has sent before it left may take: nobody may be there to read the answer. */
const lastStatements_ms = 2_000;

export class Input {
  readonly framer: Framer;
  /** Called when the client has closed its side and nothing of it is left to answer. */
  onGone: () => void = () => {};
  #source: Duplex | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(framer: Framer) {
    this.framer = framer;
  }

  attach(source: Duplex): void {
    this.#source = source;
    source.on('data', this.#onData);
    source.on('end', this.#onEnd);
    source.on('close', this.#onEnd);
  }

  /** Stops reading, so that TLS can take over the socket. */
  detach(): void {
    this.#source?.off('data', this.#onData);
    this.#source?.off('end', this.#onEnd);
    this.#source?.off('close', this.#onEnd);
    this.#source?.pause();
    this.#source = undefined;
  }

  /**
   * The next message, undefined when the client is gone.
   * @throws FatalProtocolError when the bytes are no messages
   */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.framer.next();
      if (frame !== undefined) {
        this.#regulate();
        // Who has not logged in yet is let through: that work is small, and being told "no" should not wait.
        if (this.framer.phase === 'session') await turnstile.enter();
        return frame;
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /**
   * The type of the next message without taking it, undefined when the client is gone.
   * @throws FatalProtocolError as `next` does
   */
  async peekType(): Promise<number | undefined> {
    for (;;) {
      const type = this.framer.peekType();
      if (type !== undefined) return type;
      if (!(await this.#more())) return undefined;
    }
  }

  /** The first byte of what comes next, undefined when the client is gone. */
  async peekByte(): Promise<number | undefined> {
    while (this.framer.firstByte === undefined) if (!(await this.#more())) return undefined;
    return this.framer.firstByte;
  }

  /** True when a complete message waits. */
  hasMessage(): boolean {
    try {
      return this.framer.peekType() !== undefined;
    } catch {
      // Taking it reports what is wrong with it.
      return true;
    }
  }

  /** Ends a wait for the next message as if the client had left. */
  end(): void {
    this.#onEnd();
  }

  /**
   * The next message, at once if it is there; for messages that come in the middle of a statement, which sees to it
   * that others get their turn.
   * @throws the signal's reason when it is aborted while nothing has come
   */
  nextUnless(signal: AbortSignal): Promise<Frame | undefined> | Frame | undefined {
    const frame = this.framer.next();
    if (frame === undefined) return this.#nextUnless(signal);
    this.#regulate();
    return frame;
  }

  async #nextUnless(signal: AbortSignal): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.framer.next();
      if (frame !== undefined) {
        this.#regulate();
        return frame;
      }
      signal.throwIfAborted();
      const wake = (): void => this.#wakeUp();
      signal.addEventListener('abort', wake, { once: true });
      try {
        if (!(await this.#more())) return undefined;
      } finally {
        signal.removeEventListener('abort', wake);
      }
    }
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#source?.resume();
    });
    return true;
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #regulate(): void {
    const source = this.#source;
    if (source === undefined) return;
    const waiting = this.framer.buffered_bytes > maxWaiting_bytes && this.hasMessage();
    if (waiting) source.pause();
    else if (source.isPaused()) source.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#ended) return;
    this.framer.push(chunk);
    this.#wakeUp();
    this.#regulate();
  };

  readonly #onEnd = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#wakeUp();
    // A client may send its last statements, Terminate and the end of its stream in one go, and those count; one
    // that ends with nothing behind the statement in work has left it.
    if (!this.hasMessage()) this.onGone();
    else setTimeout(() => this.onGone(), lastStatements_ms).unref();
  };
}
