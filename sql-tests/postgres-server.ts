/** A PostgreSQL 15 of this machine, on an empty cluster of its own: what the transcripts are true of. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';

const start_timeout_ms = 60_000;
const folders = [
  process.env.PG_BIN,
  '/usr/lib/postgresql/15/bin',
  '/usr/local/pgsql/bin',
  '/usr/local/bin',
  '/usr/bin',
];

/** The folder with the programs of PostgreSQL 15, undefined where there is none. */
export function findPostgres(): string | undefined {
  return folders.find((folder) => folder !== undefined && isVersion15(folder));
}

function isVersion15(folder: string): boolean {
  if (!existsSync(path.join(folder, 'initdb')) || !existsSync(path.join(folder, 'postgres'))) return false;
  return /\b15\./.test(execFileSync(path.join(folder, 'postgres'), ['--version'], { encoding: 'utf8' }));
}

/** PostgreSQL refuses to run as root: then as whoever is there for that. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

export class PostgresServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
  }

  /** Begins with a superuser "wire" without a password and an empty database "sqlens". */
  static async start(programs: string): Promise<PostgresServer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'sqlens-postgres-'));
    const user = unprivileged();
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    const data = path.join(folder, 'data');
    const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
    const initdb = ['-D', data, '-U', 'wire', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
    execFileSync(path.join(programs, 'initdb'), initdb, { ...user, env, cwd: folder, stdio: 'pipe' });
    const port = await freePort();
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      timezone: 'UTC',
      max_connections: 20,
      log_min_messages: 'fatal',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(path.join(programs, 'postgres'), ['-D', data, ...flags], {
      ...user,
      env,
      cwd: folder,
      stdio: 'ignore',
    });
    const server = new PostgresServer(child, port, folder);
    process.once('exit', () => child.kill('SIGKILL'));
    try {
      await server.#ready();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await new Promise((resolve) => {
        this.#child.once('exit', resolve);
        // Immediate: nothing of it is to be kept.
        this.#child.kill('SIGQUIT');
      });
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const deadline_ms = performance.now() + start_timeout_ms;
    for (;;) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: this.port,
        user: 'wire',
        database: 'postgres',
      });
      try {
        await client.connect();
        await client.query('CREATE DATABASE sqlens');
        return;
      } catch (error) {
        if (this.#child.exitCode !== null || performance.now() > deadline_ms) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
