/**
 * The client of `bench -- wire`, in a process of its own: speaks just enough of the protocol to ask, and to count what
 * comes back, so that what is measured is the server.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface PointOrder {
  readonly kind: 'points';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly connections: number;
  readonly protocol: 'prepared' | 'simple';
  /** A statement that gives one row for every id; `$1` stands for the id. */
  readonly sql: string;
  /** Held open, with everything it has written, by another connection meanwhile. */
  readonly besideTransaction: readonly string[];
  readonly duration_ms: number;
  /** Ids are drawn from 0 to below this. */
  readonly idCount: number;
  readonly seed: number;
}

export interface StreamOrder {
  readonly kind: 'stream';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly sql: string;
}

export type Order = PointOrder | StreamOrder;

export interface OrderReport {
  /** Statements answered, or rows received. */
  readonly count: number;
  readonly duration_s: number;
}

const DATA_ROW = 0x44;
const ERROR = 0x45;
const READY = 0x5a;
const AUTHENTICATION = 0x52;

/** Calls back for every message, as its bytes arrive: its type, and where its body lies. */
class Wire {
  readonly socket: Socket;
  onMessage: (type: number, body: Buffer) => void = () => undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + 5 <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      const type = bytes[at] ?? 0;
      // Rows are only counted: a view of each would cost more than the rest.
      this.onMessage(type, type === DATA_ROW ? bytes : bytes.subarray(at + 5, end));
      at = end;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at);
  }
}

process.on('message', (order: Order) => {
  const work = order.kind === 'points' ? points(order) : stream(order);
  work.then(
    (report) => process.send?.(report),
    (error: unknown) => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    },
  );
});

async function points(order: PointOrder): Promise<OrderReport> {
  const wires = await Promise.all(Array.from({ length: order.connections }, () => open(order)));
  const other = await open(order);
  for (const sql of order.besideTransaction) await answered(other, message('Q', cString(sql)), 0);
  const started_ms = performance.now();
  const end_ms = started_ms + order.duration_ms;
  const counts = await Promise.all(wires.map((wire, at) => askUntil(wire, order, order.seed + at, end_ms)));
  const duration_s = (performance.now() - started_ms) / 1000;
  for (const wire of [...wires, other]) {
    wire.socket.removeAllListeners('close');
    wire.socket.destroy();
  }
  return { count: counts.reduce((sum, count) => sum + count, 0), duration_s };
}

async function askUntil(wire: Wire, order: PointOrder, seed: number, end_ms: number): Promise<number> {
  const nextId = idsFrom(seed, order.idCount);
  const takesId = order.sql.includes('$1');
  if (order.protocol === 'prepared') {
    const parse = message(
      'P',
      Buffer.from(`p\0${order.sql}\0`),
      ...(takesId ? [int16(1), int32(23)] : [int16(0)]),
    );
    await answered(wire, Buffer.concat([parse, message('S')]), 0);
  }
  let count = 0;
  return new Promise((resolve, reject) => {
    let rows = 0;
    const ask = (): void => {
      const id = String(nextId());
      rows = 0;
      wire.socket.write(
        order.protocol === 'prepared'
          ? execution(takesId ? [id] : [])
          : message('Q', cString(order.sql.replace('$1', id))),
      );
    };
    wire.onMessage = (type, body) => {
      if (type === DATA_ROW) rows++;
      else if (type === ERROR) reject(new Error(body.toString()));
      else if (type === READY) {
        if (rows !== 1) reject(new Error(`${rows} rows where one belongs`));
        count++;
        if (performance.now() >= end_ms) resolve(count);
        else ask();
      }
    };
    wire.socket.on('close', () => reject(new Error('the server closed the connection')));
    ask();
  });
}

/** Bind, Execute and Sync, as drivers send a statement that they have prepared. */
function execution(values: readonly string[]): Buffer {
  const parameters = values.flatMap((value) => [int32(value.length), Buffer.from(value)]);
  const bind = message('B', Buffer.from('\0p\0'), int16(0), int16(values.length), ...parameters, int16(0));
  return Buffer.concat([bind, message('E', Buffer.from('\0'), int32(0)), message('S')]);
}

async function stream(order: StreamOrder): Promise<OrderReport> {
  const wire = await open(order);
  const started_ms = performance.now();
  const count = await answered(wire, message('Q', cString(order.sql)), 0);
  const duration_s = (performance.now() - started_ms) / 1000;
  wire.socket.destroy();
  return { count, duration_s };
}

async function open(order: Order): Promise<Wire> {
  const socket = connect(order.port, order.host);
  await once(socket, 'connect');
  const wire = new Wire(socket);
  const parameters = cString('user', order.user, 'database', order.database, '');
  const body = Buffer.concat([int32(196_608), parameters]);
  await answered(wire, Buffer.concat([int32(body.length + 4), body]), AUTHENTICATION);
  return wire;
}

/** Sends bytes and counts rows until the server is ready again. */
function answered(wire: Wire, bytes: Buffer, expected: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let rows = 0;
    wire.onMessage = (type, body) => {
      if (type === DATA_ROW) rows++;
      else if (type === ERROR) reject(new Error(body.toString()));
      else if (type === AUTHENTICATION && (expected !== type || body.readInt32BE(0) !== 0)) {
        reject(new Error('the server asks for a password'));
      } else if (type === READY) resolve(rows);
    };
    wire.socket.once('close', () => reject(new Error('the server closed the connection')));
    wire.socket.write(bytes);
  });
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.allocUnsafe(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function cString(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\0`).join(''));
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** The same ids for every server: a linear congruential generator (Numerical Recipes' constants). */
function idsFrom(seed: number, count: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}
