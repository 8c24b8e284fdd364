/** The sessions of one transcript on one server: bytes out, messages in. */
import { connect, type Socket } from 'node:net';
import { decodeMessage, printable, printReceived, type Received, type Seen } from './backend.ts';
import { encodeLine, startup } from './frontend.ts';

/** Longer than any answer takes on a busy machine. */
const patience_ms = Number(process.env.WIRE_PATIENCE_MS ?? 20_000);
const cancelInterval_ms = 200;
/** How often a cancel request is sent while its session says nothing: it may come before the statement runs. */
const maxCancels = 50;

/** Names of messages whose one byte is the answer to a request for encryption. */
const encryptionAnswers = new Map([
  ['S', 'EncryptionAccepted'],
  ['N', 'EncryptionRefused'],
]);

export class Conversation {
  readonly #port: number;
  readonly #seen: Seen;
  readonly #sessions = new Map<string, WireSession>();

  constructor(port: number, seen: Seen) {
    this.#port = port;
    this.#seen = seen;
  }

  /** Sends all lines in one write. A session begins by itself unless its first line is a startup packet. */
  async send(name: string, lines: readonly string[]): Promise<void> {
    const messages = lines.map((line) => encodeLine(this.#seen.substitute(line)));
    let session = this.#sessions.get(name);
    if (session === undefined) {
      const [first] = messages;
      session = new WireSession(name, this.#port, this.#seen);
      this.#sessions.set(name, session);
      if (first?.kind === 'cancel' || !first?.untyped) await session.start();
    }
    const bytes: Buffer[] = [];
    for (const message of messages) {
      if (message.kind === 'bytes') {
        bytes.push(message.bytes);
        session.expectByte ||= message.untyped && message.bytes.length === 8;
      } else {
        session.write(Buffer.concat(bytes.splice(0)));
        await this.#cancel(message.session, message.wrongSecret);
      }
    }
    if (bytes.length > 0) session.write(Buffer.concat(bytes));
  }

  /** The messages of a session until the named ones have come, in this order. */
  async until(session: string, names: readonly string[]): Promise<string[]> {
    const found = this.#sessions.get(session);
    if (found === undefined) throw new Error(`session ${session} has not begun`);
    return (await found.until(names)).flatMap(printReceived);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  async #cancel(name: string, wrongSecret: boolean): Promise<void> {
    const target = this.#sessions.get(name);
    if (target === undefined) throw new Error(`session ${name} has not begun`);
    for (let attempt = 0; attempt < (wrongSecret ? 1 : maxCancels); attempt++) {
      await target.cancel(wrongSecret);
      await new Promise((resolve) => setTimeout(resolve, cancelInterval_ms));
      if (target.hasMessages) return;
    }
  }
}

class WireSession {
  /** A single byte comes next, the answer to a request for encryption. */
  expectByte = false;
  readonly #name: string;
  readonly #port: number;
  readonly #seen: Seen;
  readonly #socket: Socket;
  readonly #messages: Received[] = [];
  #buffer = Buffer.alloc(0);
  #key = Buffer.alloc(0);
  #failure: unknown;
  #closed = false;
  #wake: () => void = () => {};

  constructor(name: string, port: number, seen: Seen) {
    this.#name = name;
    this.#port = port;
    this.#seen = seen;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    // Followed by close, which is what counts.
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('close', () => {
      if (this.#buffer.length > 0) this.#messages.push({ name: 'Bytes', value: printable(this.#buffer) });
      this.#messages.push({ name: 'Closed', value: undefined });
      this.#closed = true;
      this.#wake();
    });
  }

  get hasMessages(): boolean {
    return this.#messages.length > 0;
  }

  async start(): Promise<void> {
    this.write(startup());
    await this.until(['ReadyForQuery']);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async until(names: readonly string[]): Promise<Received[]> {
    const received: Received[] = [];
    let reached = 0;
    const deadline_ms = performance.now() + patience_ms;
    while (reached < names.length) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        received.push(message);
        if (message.name === names[reached]) reached++;
        continue;
      }
      const late = this.#closed || performance.now() > deadline_ms;
      if (late || this.#failure !== undefined) {
        const lines = received.flatMap(printReceived).join('\n');
        const why = this.#failure ?? (this.#closed ? 'the server closed' : 'the server says no more');
        throw new Error(`waiting for ${names[reached]}: ${String(why)}, after\n${lines}`);
      }
      await this.#more(deadline_ms - performance.now());
    }
    return received;
  }

  /** Sends a cancel request for this session, and waits until the server has taken it. */
  async cancel(wrongSecret: boolean): Promise<void> {
    const key = Buffer.from(this.#key);
    if (wrongSecret) key.writeUInt8(key.readUInt8(4) ^ 1, 4);
    const header = Buffer.from([0, 0, 0, 8 + key.length, 4, 210, 22, 46]);
    await new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.resume();
      socket.end(Buffer.concat([header, key]));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), 2_000);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.end(Buffer.from([0x58, 0, 0, 0, 4]));
    });
  }

  async #more(limit_ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limit_ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffer, chunk]);
    try {
      while (this.#takeMessage());
    } catch (error) {
      this.#failure = error;
    }
    this.#wake();
  }

  #takeMessage(): boolean {
    const buffer = this.#buffer;
    if (buffer.length === 0) return false;
    const type = String.fromCharCode(buffer.readUInt8());
    const answer = encryptionAnswers.get(type);
    if (this.expectByte && answer !== undefined) {
      this.expectByte = false;
      this.#messages.push({ name: answer, value: undefined });
      this.#buffer = buffer.subarray(1);
      return true;
    }
    if (buffer.length < 5) return false;
    const end = 1 + buffer.readUInt32BE(1);
    if (buffer.length < end) return false;
    const body = buffer.subarray(5, end);
    if (type === 'K') this.#key = Buffer.from(body);
    this.#messages.push(decodeMessage(type, body, this.#name, this.#seen));
    this.#buffer = buffer.subarray(end);
    return true;
  }
}
