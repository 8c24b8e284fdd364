/** A client of the extended protocol that keeps every byte as the server sent it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type Format = 'text' | 'binary';

export interface Column {
  readonly name: string;
  readonly oid: number;
  readonly typlen: number;
  readonly typmod: number;
}

export interface Answer {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (Buffer | null)[])[];
  readonly parameterOids: readonly number[];
  /** SQLSTATE and message. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface Question {
  readonly sql: string;
  /** OIDs that Parse declares. */
  readonly oids?: readonly number[];
  readonly parameters?: readonly (Buffer | string | null)[];
  /** Of the parameters. */
  readonly sent?: Format;
  /** Of the rows. */
  readonly wanted?: Format;
}

export class RawClient {
  readonly socket: Socket;
  #rest: Buffer[] = [];
  #rest_bytes = 0;
  #needed_bytes = 5;
  #onMessage: (type: string, body: Buffer) => void = () => undefined;
  #ended: Error | undefined;
  #fail: (error: Error) => void = () => undefined;

  private constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.socket.on('error', (error) => this.#end(error));
    this.socket.on('close', () => this.#end(new Error('the server closed the connection')));
  }

  static async open(port: number, options: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const client = new RawClient(port);
    await once(client.socket, 'connect');
    const pairs = Object.entries({ user: 'wire', database: 'sqlens', ...options }).flatMap(
      ([name, value]) => [cString(name), cString(value)],
    );
    const body = Buffer.concat([int32(196_608), ...pairs, Buffer.from([0])]);
    await client.#exchange(Buffer.concat([int32(body.length + 4), body]));
    return client;
  }

  /** One statement by Parse, Bind, Describe, Execute and Sync. */
  ask({ sql, oids = [], parameters = [], sent = 'text', wanted = 'text' }: Question): Promise<Answer> {
    const values = parameters.map((value) => {
      if (value === null) return int32(-1);
      const bytes = Buffer.from(value);
      return Buffer.concat([int32(bytes.length), bytes]);
    });
    const code = (format: Format): Buffer => int16(format === 'text' ? 0 : 1);
    return this.#exchange(
      Buffer.concat([
        message('P', cString(''), cString(sql), int16(oids.length), ...oids.map((oid) => uint32(oid))),
        message('D', Buffer.from('S\0')),
        message(
          'B',
          Buffer.from('\0\0'),
          int16(1),
          code(sent),
          int16(values.length),
          ...values,
          int16(1),
          code(wanted),
        ),
        message('D', Buffer.from('P\0')),
        message('E', Buffer.from('\0'), int32(0)),
        message('S'),
      ]),
    );
  }

  /** Statements by the simple protocol. */
  query(sql: string): Promise<Answer> {
    return this.#exchange(message('Q', cString(sql)));
  }

  /** @throws Error for what the server refuses */
  async run(sql: string): Promise<Answer> {
    const answer = await this.query(sql);
    if (answer.error !== undefined) throw new Error(`${answer.error.message}\n${sql}`);
    return answer;
  }

  close(): void {
    this.socket.destroy();
  }

  #exchange(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      let columns: Column[] = [];
      let parameterOids: number[] = [];
      let error: Answer['error'];
      const rows: (Buffer | null)[][] = [];
      this.#fail = reject;
      this.#onMessage = (type, body) => {
        if (type === 'T') columns = columnsOf(body);
        else if (type === 't') parameterOids = oidsOf(body);
        else if (type === 'D') rows.push(valuesOf(body));
        else if (type === 'E') error = errorOf(body);
        else if (type === 'Z') resolve({ columns, rows, parameterOids, error });
      };
      this.socket.write(bytes);
    });
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#fail(error);
  }

  #take(chunk: Buffer): void {
    this.#rest.push(chunk);
    this.#rest_bytes += chunk.length;
    // Long messages come in many chunks: joined once, not with every chunk.
    if (this.#rest_bytes < this.#needed_bytes) return;
    const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
    let at = 0;
    this.#needed_bytes = 5;
    while (at + 5 <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) {
        this.#needed_bytes = end - at;
        break;
      }
      this.#onMessage(bytes.toString('latin1', at, at + 1), bytes.subarray(at + 5, end));
      at = end;
    }
    this.#rest = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#rest_bytes = bytes.length - at;
  }
}

function columnsOf(body: Buffer): Column[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE() }, () => {
    const end = body.indexOf(0, at);
    const name = body.toString('utf8', at, end);
    at = end + 19;
    return {
      name,
      oid: body.readUInt32BE(end + 7),
      typlen: body.readInt16BE(end + 11),
      typmod: body.readInt32BE(end + 13),
    };
  });
}

function oidsOf(body: Buffer): number[] {
  return Array.from({ length: body.readInt16BE() }, (_, index) => body.readUInt32BE(2 + index * 4));
}

function valuesOf(body: Buffer): (Buffer | null)[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE() }, () => {
    const length_bytes = body.readInt32BE(at);
    at += 4;
    if (length_bytes < 0) return null;
    at += length_bytes;
    return body.subarray(at - length_bytes, at);
  });
}

function errorOf(body: Buffer): Answer['error'] {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field.charAt(0), field.slice(1)]),
  );
  return { code: fields.get('C') ?? '', message: fields.get('M') ?? '' };
}

function message(type: string, ...body: readonly Buffer[]): Buffer {
  const length_bytes = body.reduce((sum, part) => sum + part.length, 4);
  return Buffer.concat([Buffer.from(type), int32(length_bytes), ...body]);
}

function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
