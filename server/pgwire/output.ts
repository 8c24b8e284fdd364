/**
 * The writing half of a connection. Messages gather in a small buffer; `flush` hands them to the socket and waits
 * while the socket holds more than it should, so that whoever produces rows goes no faster than the client reads.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type BackendMessage, encodeBackendMessage } from './codec/backend.ts';
import { OverflowFile, type OverflowSpace } from './overflow.ts';

/** Thrown by `flush` when nobody reads any more: the work for this client ends. */
export class ClientGone extends Error {
  constructor() {
    super('the client has closed the connection');
    this.name = 'ClientGone';
  }
}

/** Notices beyond this many unsent bytes are dropped: a model may warn of every row. */
const maxUnsentNotices_bytes = 256 * 1024;
/** A source that holds less than this may wait for the client as long as it likes. */
const cheap_bytes = 2 * 1024 * 1024;
/** A client that has read nothing for so long counts as stalled. */
const stall_ms = 500;

/** Bytes that have left memory until the client reads them. */
interface Overflow {
  readonly file: OverflowFile;
  /** Bytes on their way into the file. */
  tail: Promise<void>;
  /** Settles when the client has everything; rejects when it has gone. */
  readonly emptied: Promise<void>;
}

export class Output {
  #sink: Duplex;
  readonly #space: OverflowSpace | undefined;
  #overflow: Overflow | undefined;
  #pending: Uint8Array[] = [];
  #pending_bytes = 0;
  /** Bytes handed to the socket since the connection began. */
  sent_bytes = 0;

  /** @param space without it a source always waits for its client */
  constructor(sink: Duplex, space?: OverflowSpace) {
    this.#sink = sink;
    this.#space = space;
  }

  attach(sink: Duplex): void {
    this.#sink = sink;
  }

  get pending_bytes(): number {
    return this.#pending_bytes;
  }

  send(message: BackendMessage): void {
    if (message.kind === 'notice' && this.#pending_bytes > maxUnsentNotices_bytes) return;
    this.sendBytes(encodeBackendMessage(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pending_bytes += bytes.length;
  }

  /**
   * Hands everything to the socket and waits until it has room again.
   *
   * @param held_bytes what the source holds in memory while it waits. When that is much and the client has stalled,
   *   the source does not wait: what it writes goes to a file from then on, until the client has read it all
   * @throws ClientGone
   */
  async flush(held_bytes = 0): Promise<void> {
    if (this.#overflow !== undefined) return this.#flushToFile(this.#overflow, held_bytes);
    if (this.#write()) return;
    const drained = this.#drained();
    if (held_bytes <= cheap_bytes || this.#space === undefined) return drained;
    const waiting = new AbortController();
    const stalled = delay(stall_ms, true, { signal: waiting.signal }).catch(() => false);
    const isStalled = await Promise.race([drained.then(() => false), stalled]).finally(() => waiting.abort());
    if (isStalled) await this.#beginOverflow(this.#space, drained);
  }

  /** Hands everything to the socket without waiting: for last words. */
  flushNow(): void {
    if (this.#overflow === undefined && !this.#sink.destroyed && this.#sink.writable) this.#write();
  }

  #write(): boolean {
    if (this.#sink.destroyed || !this.#sink.writable) throw new ClientGone();
    if (this.#pending_bytes > 0) this.#hand(this.#takePending());
    return !this.#sink.writableNeedDrain;
  }

  #hand(bytes: Uint8Array): void {
    this.sent_bytes += bytes.length;
    this.#sink.write(bytes);
  }

  #takePending(): Uint8Array {
    const [first, ...others] = this.#pending;
    const bytes = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pending_bytes = 0;
    return bytes;
  }

  async #beginOverflow(space: OverflowSpace, drained: Promise<void>): Promise<void> {
    let file: OverflowFile;
    try {
      file = await OverflowFile.create(space);
    } catch {
      // Where nothing can be written the source waits after all.
      return drained;
    }
    const overflow: Overflow = {
      file,
      tail: Promise.resolve(),
      emptied: drained.then(() => this.#empty(overflow)).finally(() => this.#endOverflow(overflow)),
    };
    // The next flush hears of it.
    overflow.emptied.catch(() => undefined);
    this.#overflow = overflow;
  }

  async #flushToFile(overflow: Overflow, held_bytes: number): Promise<void> {
    if (this.#sink.destroyed || !this.#sink.writable) throw new ClientGone();
    if (this.#pending_bytes > 0) {
      const bytes = this.#takePending();
      const appended = overflow.tail.then(() => overflow.file.append(bytes));
      overflow.tail = appended.catch(() => undefined);
      try {
        await appended;
      } catch {
        // A disk that is full: they go the usual way, when their turn has come.
        await overflow.emptied;
        this.#pending.unshift(bytes);
        this.#pending_bytes += bytes.length;
        return this.flush();
      }
    }
    if (held_bytes <= cheap_bytes || overflow.file.isFull) await overflow.emptied;
  }

  /** Gives the client what the file holds, as it reads, until nothing is left. */
  async #empty(overflow: Overflow): Promise<void> {
    for (;;) {
      const { file, tail } = overflow;
      const piece = await file.read();
      if (piece === undefined) {
        await tail;
        if (file.isEmpty && overflow.tail === tail) return;
        continue;
      }
      if (this.#sink.destroyed || !this.#sink.writable) throw new ClientGone();
      this.#hand(piece);
      if (this.#sink.writableNeedDrain) await this.#drained();
    }
  }

  async #endOverflow(overflow: Overflow): Promise<void> {
    this.#overflow = undefined;
    await overflow.tail;
    await overflow.file.close();
  }

  async #drained(): Promise<void> {
    const sink = this.#sink;
    if (sink.destroyed) throw new ClientGone();
    await new Promise<void>((resolve, reject) => {
      const onDrain = (): void => {
        sink.off('close', onClose);
        resolve();
      };
      const onClose = (): void => {
        sink.off('drain', onDrain);
        reject(new ClientGone());
      };
      sink.once('drain', onDrain);
      sink.once('close', onClose);
    });
  }
}
