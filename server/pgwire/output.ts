/**
 * The writing half of a connection. Messages gather in a small buffer; `flush` hands them to the socket and waits
 * while the socket holds more than it should, so that whoever produces rows goes no faster than the client reads.
 */
import type { Duplex } from 'node:stream';
import { type BackendMessage, encodeBackendMessage } from './codec/backend.ts';

/** Thrown by `flush` when nobody reads any more: the work for this client ends. */
export class ClientGone extends Error {
  constructor() {
    super('the client has closed the connection');
    this.name = 'ClientGone';
  }
}

/** Notices beyond this many unsent bytes are dropped: a model may warn of every row. */
const maxUnsentNotices_bytes = 256 * 1024;

export class Output {
  #sink: Duplex;
  #pending: Uint8Array[] = [];
  #pending_bytes = 0;
  /** Bytes handed to the socket since the connection began. */
  sent_bytes = 0;

  constructor(sink: Duplex) {
    this.#sink = sink;
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
   * @throws ClientGone
   */
  async flush(): Promise<void> {
    if (!this.#write()) await this.#drained();
  }

  /** Hands everything to the socket without waiting: for last words. */
  flushNow(): void {
    if (!this.#sink.destroyed && this.#sink.writable) this.#write();
  }

  #write(): boolean {
    if (this.#sink.destroyed || !this.#sink.writable) throw new ClientGone();
    if (this.#pending_bytes > 0) {
      const bytes = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending);
      this.sent_bytes += this.#pending_bytes;
      this.#pending = [];
      this.#pending_bytes = 0;
      this.#sink.write(bytes);
    }
    return !this.#sink.writableNeedDrain;
  }

  async #drained(): Promise<void> {
    const sink = this.#sink;
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
