/**
 * One process owns a data directory. DuckDB lets one process open a file twice and two processes find out late, so
 * ownership is a lock file of ours: process id and start time, so that what a killed server left is known as stale.
 */
import { mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { SqlensError, SqlState } from '../common/errors.ts';

export interface DataDir {
  /** Real path. */
  readonly path: string;
  readonly samplesPath: string;
  /** Model files that clients send, while they are registered. */
  readonly uploadsPath: string;
  /** Everything below it that is the server's alone. */
  readonly privatePaths: readonly string[];
  unlock(): Promise<void>;
}

const LOCK_TRIES = 3;

/** @throws 55006 when another process has it */
export async function openDataDir(folder: string): Promise<DataDir> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const real = await realpath(folder);
  const lockPath = path.join(real, 'lock');
  await lock(lockPath, real);
  const tmpPath = path.join(real, 'tmp');
  const uploadsPath = path.join(real, 'uploads');
  const samplesPath = path.join(real, 'samples');
  for (const leftOver of [tmpPath, uploadsPath]) {
    await rm(leftOver, { recursive: true, force: true });
    await mkdir(leftOver, { recursive: true, mode: 0o700 });
  }
  await mkdir(samplesPath, { recursive: true });
  return {
    path: real,
    samplesPath,
    uploadsPath,
    privatePaths: ['artifacts', 'tmp', 'lock', 'store.duckdb', 'store.duckdb.wal'].map((name) =>
      path.join(real, name),
    ),
    unlock: () => rm(lockPath, { force: true }),
  };
}

async function lock(lockPath: string, dataDir: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const file = await open(lockPath, 'wx', 0o600);
      try {
        await file.writeFile(`${process.pid} ${await startTime(process.pid)}\n`);
      } finally {
        await file.close();
      }
      return;
    } catch (error) {
      if (!isExisting(error)) throw error;
      const [pid, started] = (await readFile(lockPath, 'utf8').catch(() => '')).trim().split(' ');
      const owner = Number(pid);
      const alive = owner !== process.pid && (await startTime(owner)) === started && started !== undefined;
      if (alive || attempt === LOCK_TRIES) {
        throw new SqlensError({
          sqlState: SqlState.objectInUse,
          message: `the data directory ${dataDir} belongs to a running server (process ${pid})`,
          hint: 'Stop that server, or choose another --data-dir.',
        });
      }
      await rm(lockPath, { force: true });
    }
  }
}

/** When a process started, in a form that is only compared; "gone" when there is none. */
async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22; the name in parentheses may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
  } catch {
    return isRunning(pid) ? 'unknown' : 'gone';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
