/** A server in a process of its own, as a user starts it: killed, stopped and looked at from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { childEntry } from '../../common/child-entry.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const main = childEntry(import.meta.url, '../../server/main');
const START_TIMEOUT_MS = 90_000;
const STDERR_LIMIT_CHARS = 200_000;

/** What processes hold and do is read from /proc. */
export const hasProc = existsSync('/proc/self/stat');

export interface ServerOptions {
  readonly dataDir: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Servers that a failed test would leave behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class ServerProcess {
  readonly pid: number;
  readonly port: number;
  readonly httpPort: number;
  readonly #child: ChildProcess;
  readonly #log: { text: string };
  readonly #exited: Promise<number | NodeJS.Signals | null>;

  private constructor(
    child: ChildProcess,
    log: { text: string },
    exited: Promise<number | NodeJS.Signals | null>,
    ports: { readonly pg: number; readonly http: number },
  ) {
    this.pid = child.pid ?? -1;
    this.#child = child;
    this.#log = log;
    this.#exited = exited;
    this.port = ports.pg;
    this.httpPort = ports.http;
  }

  /** Rejects with what the server wrote to stderr when it does not come up. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const { child, log, exited } = launch(options);
    let stdout = '';
    const ready = new Promise<RegExpExecArray>((resolve) => {
      child.stdout?.on('data', (text: Buffer) => {
        stdout += text;
        const ports = /psql -h \S+ -p (\d+)[\s\S]*HTTP: http:\/\/[^/]*:(\d+)\//.exec(stdout);
        if (ports !== null) resolve(ports);
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the server does not start:\n${log.text}`)),
        START_TIMEOUT_MS,
      );
    });
    const ended = exited.then((how) => {
      throw new Error(`the server ended (${how}):\n${log.text}`);
    });
    try {
      const [, pgPort, httpPort] = await Promise.race([ready, late, ended]);
      return new ServerProcess(child, log, exited, { pg: Number(pgPort), http: Number(httpPort) });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What it has written to stderr. */
  get log(): string {
    return this.#log.text;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it and waits until it is gone; gives its exit code, or the signal that ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal);
    return this.#exited;
  }

  async connect(): Promise<Client> {
    return Client.open(this.port);
  }

  /** Runs one statement in a session of its own. */
  async query(sql: string): Promise<Row[]> {
    const client = await this.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.close();
    }
  }

  async workerPids(): Promise<number[]> {
    const rows = await this.query(
      "SELECT pid FROM sqlens.workers WHERE state IN ('ready', 'busy') ORDER BY pid",
    );
    return rows.map(([pid]) => Number(pid));
  }

  /** Open descriptors of the server, sockets and pipes apart from files. */
  descriptors(): { sockets: number; others: number } {
    const folder = `/proc/${this.pid}/fd`;
    let sockets = 0;
    let others = 0;
    for (const fd of readdirSync(folder)) {
      try {
        if (readlinkSync(path.join(folder, fd)).startsWith('socket:')) sockets++;
        else others++;
      } catch {
        // Closed meanwhile.
      }
    }
    return { sockets, others };
  }
}

function launch({ dataDir, flags = [], env = {} }: ServerOptions) {
  const args = [
    'serve',
    '--port',
    '0',
    '--http-port',
    '0',
    '--empty',
    '--data-dir',
    dataDir,
    '--log-level',
    'warn',
  ];
  const program = isBuilt()
    ? [path.join(root, 'bin', 'sqlens.cjs')]
    : [...(main.endsWith('.ts') ? ['--import', 'tsx'] : []), main];
  const child = spawn(process.execPath, [...program, ...args, ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '64', NODE_OPTIONS: '', ...env },
  });
  const log = { text: '' };
  child.stderr?.on('data', (text: Buffer) => {
    if (log.text.length < STDERR_LIMIT_CHARS) log.text += text;
  });
  running.add(child);
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve(signal ?? code);
    });
  });
  return { child, log, exited };
}

/** Whether dist/ is as new as its sources: it starts several times faster than they do. */
function isBuilt(): boolean {
  const built = path.join(root, 'dist', '.sqlens-built');
  if (!existsSync(built)) return false;
  const rooms = ['common', 'image-source', 'models', 'server', 'udf-registry'];
  const built_ms = statSync(built).mtimeMs;
  return rooms.every((room) =>
    readdirSync(path.join(root, room), { recursive: true, withFileTypes: true }).every(
      (entry) => entry.isDirectory() || statSync(path.join(entry.parentPath, entry.name)).mtimeMs <= built_ms,
    ),
  );
}

export type Row = readonly (string | null)[];

/** A session whose values are the text that came over the wire. */
export class Client {
  readonly notices: string[] = [];
  readonly raw: pg.Client;

  private constructor(raw: pg.Client) {
    this.raw = raw;
    raw.on('notice', (notice) => this.notices.push(`${notice.severity}: ${notice.message}`));
    // Told by the query that is under way; without a listener a killed server would end this process.
    raw.on('error', () => undefined);
  }

  static async open(port: number): Promise<Client> {
    const config = { host: '127.0.0.1', port, user: 'faults', database: 'sqlens' };
    const client = new Client(new pg.Client({ ...config, connectionTimeoutMillis: 60_000 }));
    await client.raw.connect();
    return client;
  }

  async query(text: string, values?: readonly (string | null)[]): Promise<Row[]> {
    const types = { getTypeParser: () => (value: string) => value };
    const query = {
      text,
      values: values === undefined ? undefined : [...values],
      rowMode: 'array' as const,
      types,
    };
    const result: pg.QueryArrayResult<(string | null)[]> = await this.raw.query<(string | null)[]>(query);
    return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
  }

  async close(): Promise<void> {
    await this.raw.end().catch(() => undefined);
  }

  /** Sends a cancel request for whatever runs now, on a connection of its own. */
  async cancel(): Promise<void> {
    // node-postgres keeps both; its type definitions do not say so.
    const processId: unknown = Reflect.get(this.raw, 'processID');
    const secret: unknown = Reflect.get(this.raw, 'secretKey');
    if (typeof processId !== 'number' || typeof secret !== 'number') throw new Error('no key to cancel with');
    const packet = Buffer.alloc(16);
    for (const [i, value] of [16, 80877102, processId, secret].entries()) packet.writeInt32BE(value, i * 4);
    await new Promise<void>((resolve) => {
      const socket = connectSocket(this.raw.port, '127.0.0.1', () => socket.end(packet));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
    });
  }

  /** The rows in portions, each asked of an open portal when the one before has been read. */
  async portal(text: string, rows: number): Promise<Row[]> {
    const types = { getTypeParser: () => (value: string) => value };
    const config = { text, rows, rowMode: 'array' as const, types };
    const result: pg.QueryArrayResult<(string | null)[]> = await this.raw.query<(string | null)[]>(config);
    return result.rows;
  }

  /** Goes away as a crashed client does: in the middle of whatever it was told. */
  vanish(): void {
    this.raw.connection.stream.destroy();
  }
}

/** Waits for something to become true; fails after a while, saying what did not. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limit_ms = 30_000,
): Promise<number> {
  const started_ms = performance.now();
  for (;;) {
    if (await holds()) return performance.now() - started_ms;
    if (performance.now() - started_ms > limit_ms) throw new Error(`not within ${limit_ms} ms: ${what}`);
    await sleep(20);
  }
}

export function sleep(duration_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}

/** Rejects when a promise takes longer: a fault must never end in silence. */
export async function within<T>(limit_ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${limit_ms} ms`)), limit_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A field of /proc/PID/status in bytes; 0 when the process is gone. */
export function memory_bytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Processes whose parent is, or was, this one: by the marker that a test put into the environment of its server. */
export function processesWith(marker: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(marker);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Children of a process whose command line holds a word. */
export function childrenOf(parent: number, word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return (
          status.includes(`\nPPid:\t${parent}\n`) &&
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(word)
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Numbers in [0, 1) that are the same in every run: a linear congruential generator. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
