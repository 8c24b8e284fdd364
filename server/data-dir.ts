/**
 * One process owns a data directory. DuckDB lets one process open a file twice and two processes find out late, so
 * ownership is a lock file of ours: process id and start time, so that what a killed server left is known as stale.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../common/errors.ts';

export interface DataDir {
  /** Real path. */
  readonly path: string;
  readonly samplesPath: string;
  /** Model files that clients send, while they are registered. */
  readonly uploadsPath: string;
  /** Emptied at every start. */
  readonly tmpPath: string;
  /** Everything below it that is the server's alone. */
  readonly privatePaths: readonly string[];
  unlock(): Promise<void>;
}

/** What the store, the catalog and the artifacts are kept in, and the lock. */
const PRIVATE_NAMES = [
  'artifacts',
  'catalog',
  'drafts',
  'named-models',
  'tmp',
  'lock',
  'store.duckdb',
  'store.duckdb.wal',
];

/** Each failed try means that another server has just taken or removed the lock. */
const LOCK_TRIES = 20;
/** A lock is written right after it is made; one that stays unfinished so long is a killed server's. */
const UNFINISHED_LOOKS = 10;
const UNFINISHED_PAUSE_MS = 50;

/** @throws 55006 when another process has it */
export async function openDataDir(folder: string): Promise<DataDir> {
  await makeFolder(path.resolve(folder));
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
    tmpPath,
    privatePaths: PRIVATE_NAMES.map((name) => path.join(real, name)),
    unlock: () => rm(lockPath, { force: true }),
  };
}

/**
 * Makes a folder and those above it. Not by mkdir's own `recursive`: in a file system that takes no folders (/proc) it
 * tries for ever.
 * @throws 58030 when it cannot be made
 */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder, { mode: 0o700 });
  try {
    await make().catch(async (error: unknown) => {
      if (!isSystemError(error, 'ENOENT')) throw error;
      await makeFolder(path.dirname(folder));
      await make();
    });
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return;
    if (error instanceof SqlensError) throw error;
    throw new SqlensError({
      sqlState: SqlState.ioError,
      message: `the data directory ${folder} cannot be made: ${messageOf(error)}`,
      hint: 'Choose a place that this user may write to with --data-dir.',
      cause: error,
    });
  }
}

async function lock(lockPath: string, dataDir: string): Promise<void> {
  const own = `${process.pid} ${await startTime(process.pid)}\n`;
  for (let attempt = 1; attempt <= LOCK_TRIES; attempt++) {
    if (await create(lockPath, own)) return;
    const holder = await read(lockPath);
    if (holder === undefined) continue;
    const [pid, started] = holder.trim().split(' ');
    const owner = Number(pid);
    if (owner !== process.pid && started !== undefined && (await startTime(owner)) === started) {
      throw new SqlensError({
        sqlState: SqlState.objectInUse,
        message: `the data directory ${dataDir} belongs to a running server (process ${pid})`,
        hint: 'Stop that server, or choose another --data-dir.',
      });
    }
    await removeStale(lockPath, holder);
  }
  throw new SqlensError({
    sqlState: SqlState.objectInUse,
    message: `the lock of the data directory ${dataDir} changes hands all the time: it belongs to a running server`,
    hint: 'Several servers start on it at once; choose another --data-dir.',
  });
}

/** @returns false when there is one already */
async function create(lockPath: string, text: string): Promise<boolean> {
  try {
    const file = await open(lockPath, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  }
}

/** The lock's text; one that is not whole yet is waited for, since its writer may be at it. Undefined when it is gone. */
async function read(lockPath: string): Promise<string | undefined> {
  for (let look = 1; ; look++) {
    const text = await readFile(lockPath, 'utf8').catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (text === undefined || text.endsWith('\n') || look === UNFINISHED_LOOKS) return text;
    await new Promise((resolve) => setTimeout(resolve, UNFINISHED_PAUSE_MS));
  }
}

/**
 * Removes a lock that nobody has. Moved aside first: of several servers that found it stale one moves it, and should
 * another have taken the lock in between, it gets it back. (What is left of the race is caught by DuckDB's own lock.)
 */
async function removeStale(lockPath: string, stale: string): Promise<void> {
  const aside = `${lockPath}.${randomUUID()}`;
  try {
    await rename(lockPath, aside);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) === stale) await rm(aside, { force: true });
  else await rename(aside, lockPath);
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
    return isSystemError(error, 'EPERM');
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
