/**
 * The two servers that `bench -- wire` compares, each in processes of its own and with its default settings: SQLens,
 * and the PostgreSQL that is installed, if one is.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Target {
  readonly name: 'sqlens' | 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** What all its processes hold of memory that no other process shares. */
  memory_bytes(): Promise<number>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/** The built server with its defaults, as people start it. */
export async function startSqlens(folder: string): Promise<Target> {
  const port = await freePort();
  const httpPort = await freePort();
  const log = await open(path.join(folder, 'sqlens.log'), 'w');
  const program = fileURLToPath(new URL('../bin/sqlens.cjs', import.meta.url));
  const server = spawn(
    process.execPath,
    [program, 'serve', '--empty', '--data-dir', path.join(folder, 'sqlens')].concat([
      '--port',
      String(port),
      '--http-port',
      String(httpPort),
    ]),
    // It logs every statement, as it does by default.
    { stdio: ['ignore', log.fd, log.fd] },
  );
  await untilListening(port, server).finally(() => log.close());
  const { pid } = server;
  return {
    name: 'sqlens',
    host: HOST,
    port,
    user: 'bench',
    database: 'sqlens',
    memory_bytes: () => (pid === undefined ? Promise.resolve(0) : privateMemory_bytes(pid)),
    async stop() {
      if (server.exitCode !== null) return;
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}

async function untilListening(port: number, server: ChildProcess): Promise<void> {
  const deadline_ms = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline_ms && server.exitCode === null) {
    const socket = connect(port, HOST);
    const listens = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (listens) return;
    await sleep(50);
  }
  server.kill('SIGKILL');
  throw new Error('SQLens did not start');
}

/** @returns undefined where there is no PostgreSQL, or only root could start it */
export async function startPostgres(folder: string): Promise<Target | undefined> {
  const binaries = await postgresBinaries();
  const account = await unprivilegedAccount();
  if (binaries === undefined || account === undefined) return undefined;
  const home = path.join(folder, 'postgres');
  await mkdir(home);
  if (account.uid !== undefined && account.gid !== undefined) {
    // The folder above belongs to whoever runs the benchmark; PostgreSQL only has to come through.
    await chmod(folder, 0o711);
    await chown(home, account.uid, account.gid);
  }
  const data = path.join(home, 'data');
  const initdb = ['-D', data, '-A', 'trust', '-U', 'bench', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  await run(path.join(binaries, 'initdb'), initdb, { ...account, cwd: home });
  const port = await freePort();
  const server = spawn(
    path.join(binaries, 'postgres'),
    ['-D', data, '-p', String(port), '-h', HOST, '-k', home],
    { ...account, cwd: home, stdio: 'ignore' },
  );
  await untilReady(path.join(binaries, 'pg_isready'), port, server);
  const { pid } = server;
  return {
    name: 'postgres',
    host: HOST,
    port,
    user: 'bench',
    database: 'postgres',
    memory_bytes: () => (pid === undefined ? Promise.resolve(0) : privateMemory_bytes(pid)),
    async stop() {
      if (server.exitCode !== null) return;
      server.kill('SIGINT');
      await once(server, 'exit');
    },
  };
}

async function untilReady(isReady: string, port: number, server: ChildProcess): Promise<void> {
  const deadline_ms = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline_ms && server.exitCode === null) {
    const ready = await run(isReady, ['-h', HOST, '-p', String(port)]).then(
      () => true,
      () => false,
    );
    if (ready) return;
    await sleep(50);
  }
  server.kill('SIGKILL');
  throw new Error('PostgreSQL did not start');
}

/** The folder of the newest PostgreSQL's programs: where Debian has them, else along PATH. */
async function postgresBinaries(): Promise<string | undefined> {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? await readdir(debian) : [];
  const folders = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => path.join(debian, version, 'bin'))
    .concat((process.env.PATH ?? '').split(path.delimiter));
  return folders.find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name))),
  );
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: then it runs as nobody. */
async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return {};
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts) ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Of a process and its children: pages that are no file's, and shared with nobody. */
async function privateMemory_bytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const anonymous_kB = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  let sum_bytes = anonymous_kB * 1024;
  for (const child of children.split(' ').filter(Boolean))
    sum_bytes += await privateMemory_bytes(Number(child));
  return sum_bytes;
}
