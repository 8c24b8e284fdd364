/** A connection that speaks the protocol itself and shows what comes as lines of text, to be compared between servers. */
import { connect, type Socket } from 'node:net';

const reply_timeout_ms = 30_000;
const protocolVersion = 196_608;
const cancelCode = 80_877_102;

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

export class RawConnection {
  readonly socket: Socket;
  readonly #port: number;
  #bytes = Buffer.alloc(0);
  readonly #messages: Message[] = [];
  #wake: () => void = () => undefined;
  #closed = false;
  #key: Buffer | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async open(port: number, user: string): Promise<RawConnection> {
    const connection = new RawConnection(port);
    const names = Buffer.from(`user\0${user}\0database\0sqlens\0\0`);
    const head = Buffer.alloc(8);
    head.writeInt32BE(names.length + 8, 0);
    head.writeInt32BE(protocolVersion, 4);
    connection.socket.write(Buffer.concat([head, names]));
    const messages = await connection.until('Z');
    connection.#key = messages.find(({ type }) => type === 'K')?.body;
    return connection;
  }

  send(type: string, body: string | Buffer = ''): void {
    const bytes = Buffer.from(body);
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeInt32BE(bytes.length + 4, 1);
    this.socket.write(Buffer.concat([head, bytes]));
  }

  query(sql: string): void {
    this.send('Q', `${sql}\0`);
  }

  /** Everything up to and with a message of one of these types, or the end of the connection, which is "closed". */
  async until(...types: string[]): Promise<Message[]> {
    const found: Message[] = [];
    for (;;) {
      for (let next = this.#messages.shift(); next !== undefined; next = this.#messages.shift()) {
        found.push(next);
        if (types.includes(next.type)) return found;
      }
      if (this.#closed) return [...found, { type: 'closed', body: Buffer.alloc(0) }];
      await this.#more(found);
    }
  }

  /** Runs a statement that copies nothing, and shows what came. */
  async run(sql: string): Promise<string[]> {
    this.query(sql);
    return shown(await this.until('Z'));
  }

  /** The bytes that a COPY TO STDOUT gave. @throws what the server refused it with */
  async copyOut(sql: string): Promise<Buffer> {
    this.query(sql);
    const messages = await this.until('Z');
    const error = messages.find(({ type }) => type === 'E');
    if (error !== undefined) throw new Error(`${sql}: ${show(error)}`);
    return Buffer.concat(messages.filter(({ type }) => type === 'd').map(({ body }) => body));
  }

  /**
   * Runs a statement with data for its COPY FROM STDIN, and shows what came.
   * @param piece_bytes of each CopyData
   */
  async copyIn(sql: string, data: Buffer, piece_bytes = 65_536, failure?: string): Promise<string[]> {
    this.query(sql);
    const begun = await this.until('Z', 'G');
    if (begun.at(-1)?.type !== 'G') return shown(begun);
    for (let at = 0; at < data.length; at += piece_bytes) this.send('d', data.subarray(at, at + piece_bytes));
    if (failure === undefined) this.send('c');
    else this.send('f', `${failure}\0`);
    return shown([...begun, ...(await this.until('Z'))]);
  }

  /** Asks that what runs here is cancelled, from a connection of its own. */
  async cancel(): Promise<void> {
    const request = Buffer.alloc(8);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(cancelCode, 4);
    await new Promise<void>((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () =>
        socket.end(Buffer.concat([request, this.#key ?? Buffer.alloc(8)])),
      );
      socket.resume();
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    let at = 0;
    while (this.#bytes.length - at >= 5) {
      const end = at + 1 + this.#bytes.readInt32BE(at + 1);
      if (end > this.#bytes.length) break;
      const type = String.fromCharCode(this.#bytes.readUInt8(at));
      this.#messages.push({ type, body: Buffer.from(this.#bytes.subarray(at + 5, end)) });
      at = end;
    }
    this.#bytes = this.#bytes.subarray(at);
    this.#wake();
  }

  async #more(found: readonly Message[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer; so far: ${shown(found).join(' | ')}`)),
        reply_timeout_ms,
      );
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Messages as lines; what differs from server to server (parameters, keys, names of columns) is left out. */
export function shown(messages: readonly Message[]): string[] {
  return messages.filter(({ type }) => !/^[SKT]$/.test(type)).map(show);
}

function show({ type, body }: Message): string {
  switch (type) {
    case 'E':
    case 'N':
      return `${type} ${errorText(body)}`;
    case 'd':
      return `d ${JSON.stringify(body.toString('latin1'))}`;
    case 'D':
      return `D ${valuesOf(body).join(' ')}`;
    case 'C':
    case 'Z':
      return `${type} ${body.toString('latin1').replaceAll('\0', '')}`;
    default:
      return `${type} ${body.toString('hex')}`;
  }
}

function errorText(body: Buffer): string {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .map((part) => [part.slice(0, 1), part.slice(1)]),
  );
  const where = fields.get('W');
  return `${fields.get('S')} ${fields.get('C')} ${fields.get('M')}${where === undefined ? '' : ` (${where})`}`;
}

function valuesOf(body: Buffer): string[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const length = body.readInt32BE(at);
    const start = at + 4;
    at = start + Math.max(0, length);
    return length < 0 ? 'NULL' : JSON.stringify(body.toString('utf8', start, at));
  });
}
