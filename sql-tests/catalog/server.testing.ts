/** A whole server with users of both roles, and what tests ask of it over sockets. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { readConfig } from '../../server/config.ts';
import { passwordLine, scramSecret } from '../../server/pgwire/index.ts';
import { type RunningServer, startServer } from '../../server/start.ts';
import { silentLogger } from '../../udf-registry/logger.ts';

/** anna and otto are admins, bert is an analyst; their passwords are their names. */
const USERS = [
  ['anna', 'admin'],
  ['otto', 'admin'],
  ['bert', 'analyst'],
] as const;

export const HTTP_TOKEN = 'a-token-of-the-tests';

export type Cell = string | null;

/** Every value as the text that came over the wire. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** node-postgres knows `binary`; its type definitions do not. */
interface ClientOptions extends pg.ClientConfig {
  readonly binary?: boolean;
}

export class CatalogServer {
  readonly folder: string;
  readonly allowed: string;
  readonly #clients = new Set<pg.Client>();
  #running: RunningServer | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.allowed = path.join(folder, 'files');
  }

  static async start(): Promise<CatalogServer> {
    const server = new CatalogServer(await mkdtemp(path.join(tmpdir(), 'sqlens-catalog-')));
    await mkdir(server.allowed);
    const lines = USERS.map(([name, role]) => `${passwordLine(name, { role, secret: scramSecret(name) })}\n`);
    await writeFile(path.join(server.folder, 'users'), lines.join(''), { mode: 0o600 });
    await server.open();
    return server;
  }

  async open(): Promise<void> {
    const flags = ['--port', '0', '--http-port', '0', '--empty', '--workers', '1', '--engine-memory', '512'];
    flags.push('--data-dir', path.join(this.folder, 'data'), '--allow-path', this.allowed);
    flags.push('--password-file', path.join(this.folder, 'users'), '--http-token', HTTP_TOKEN);
    this.#running = await startServer(readConfig(flags, {}), {
      logger: silentLogger,
      onProgress: () => undefined,
    });
  }

  get port(): number {
    return this.#running?.pgAddress.port ?? -1;
  }

  get httpPort(): number {
    return this.#running?.httpAddress.port ?? -1;
  }

  async connect(user = 'anna', options: ClientOptions = {}): Promise<pg.Client> {
    const { port } = this;
    const common = { host: '127.0.0.1', port, user, password: user, database: 'sqlens', types: asText };
    const client = new pg.Client({ ...common, ...options });
    // Told by the query that is under way.
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.end().catch(() => undefined)));
    await this.#running?.close();
    this.#running = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The rows of a statement, or of the last one of a text of several. */
export async function rowsOf(client: pg.Client, text: string, values?: unknown[]): Promise<Cell[][]> {
  const result: unknown = await client.query({ text, values, rowMode: 'array' });
  const last: unknown = Array.isArray(result) ? result.at(-1) : result;
  if (typeof last !== 'object' || last === null || !('rows' in last)) throw new TypeError('no result');
  return JSON.parse(JSON.stringify(last.rows));
}

/** The first value of the first row. */
export async function cell(client: pg.Client, text: string, values?: unknown[]): Promise<Cell> {
  return (await rowsOf(client, text, values))[0]?.[0] ?? null;
}

/** SQLSTATE and message of what a statement is refused with; undefined when it is not. */
export async function refusalOf(client: pg.Client, text: string): Promise<string | undefined> {
  try {
    await client.query(text);
    return undefined;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return `${error.code} ${error.message}`;
    throw error;
  }
}

/** The same numbers from the same seed: mulberry32. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
