/** A client for tests that says exactly what it is told, and reads with pg-protocol's parser. */
import { connect, type Socket } from 'node:net';
import { serialize } from 'pg-protocol';
import type { BackendMessage } from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';

/** A message with all its fields, whatever its class. */
export type Received = BackendMessage & Readonly<Record<string, unknown>>;

export class WireClient {
  readonly socket: Socket;
  readonly #parser = new Parser();
  readonly #received: Received[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#end());
    this.socket.on('end', () => this.#end());
  }

  /** Begins to read messages; before, single bytes can be read with `byte`. */
  read(): this {
    this.socket.on('data', (chunk: Buffer) => {
      this.#parser.parse(chunk, (message) => this.#received.push(fields(message)));
      this.#wake();
    });
    return this;
  }

  /** A client past startup, and what it was sent until ReadyForQuery. */
  static async start(port: number, options: Record<string, string> = {}): Promise<WireClient> {
    const client = new WireClient(port).read();
    client.send(serialize.startup({ user: 'me', database: 'd', ...options }));
    await client.until('readyForQuery');
    return client;
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** One byte, as the answers to SSLRequest and GSSENCRequest are. */
  async byte(): Promise<string> {
    const chunk = await new Promise<Buffer>((resolve) => {
      this.socket.once('data', resolve);
    });
    return chunk.toString('latin1');
  }

  async next(): Promise<Received | undefined> {
    while (this.#received.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received.shift();
  }

  /** All messages up to and with the first of that name; throws when the server closes before. */
  async until(name: string): Promise<Received[]> {
    const messages: Received[] = [];
    for (;;) {
      const message = await this.next();
      if (message === undefined) throw new Error(`closed before ${name}, after ${JSON.stringify(messages)}`);
      messages.push(message);
      if (message.name === name) return messages;
    }
  }

  /** All messages until the server closes. */
  async rest(): Promise<Received[]> {
    const messages: Received[] = [];
    for (let message = await this.next(); message !== undefined; message = await this.next())
      messages.push(message);
    return messages;
  }

  /** A simple query's answer. */
  async query(sql: string): Promise<Received[]> {
    this.send(serialize.query(sql));
    return this.until('readyForQuery');
  }

  async close(): Promise<void> {
    this.socket.end(serialize.end());
    await this.rest();
    this.socket.destroy();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

function fields(message: BackendMessage): Received {
  const text = message instanceof Error ? { message: message.message } : {};
  return { ...message, ...text, name: message.name, length: message.length };
}

/** Messages in short: "dataRow 1,x", "error 42P01", "readyForQuery I". */
export function summary(messages: readonly Received[]): string[] {
  return messages.map((message) => {
    switch (message.name) {
      case 'dataRow':
        return `row ${String(message.fields)}`;
      case 'error':
        return `error ${String(message.code)}`;
      case 'notice':
        return `notice ${String(message.message)}`;
      case 'readyForQuery':
        return `ready ${String(message.status)}`;
      case 'commandComplete':
        return `complete ${String(message.text)}`;
      case 'parameterDescription':
        return `parameters ${String(message.dataTypeIDs)}`;
      case 'rowDescription': {
        const list: unknown = message.fields;
        return `columns ${Array.isArray(list) ? list.map((field) => `${field.name}:${field.dataTypeID}`).join(',') : ''}`;
      }
      default:
        return message.name;
    }
  });
}
