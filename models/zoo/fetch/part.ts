/**
 * What has come so far of a file that is being fetched: `<file>.<process id>.<uuid>.part` beside the place where it will
 * be. The name says whose it is, so that nobody writes into another's, and whoever finds one that was left (a broken
 * transfer, a killed process) takes it over by renaming it and goes on where it ends.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** A part that nobody has written to for this long is left over, whatever process has the number in its name. */
const ABANDONED_MS = 10 * 60_000;

/** Parts that this process writes to now. */
const active = new Set<string>();

export class Part {
  readonly path: string;
  readonly #handle: FileHandle;
  #size_bytes: number;

  private constructor(partPath: string, handle: FileHandle, size_bytes: number) {
    this.path = partPath;
    this.#handle = handle;
    this.#size_bytes = size_bytes;
  }

  /**
   * Takes over what is left of a file, or begins it.
   * @param target where the whole file will be; its folder is made when it is missing
   */
  static async open(target: string): Promise<Part> {
    const folder = path.dirname(target);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const own = `${target}.${process.pid}.${randomUUID()}.part`;
    active.add(own);
    try {
      await takeOver(folder, path.basename(target), own);
      const handle = await open(own, 'a', 0o600);
      return new Part(own, handle, (await handle.stat()).size);
    } catch (error) {
      active.delete(own);
      throw error;
    }
  }

  get size_bytes(): number {
    return this.#size_bytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#handle.appendFile(bytes);
    this.#size_bytes += bytes.byteLength;
  }

  /** Begins anew. */
  async clear(): Promise<void> {
    await this.#handle.truncate(0);
    this.#size_bytes = 0;
  }

  /** Makes sure that it is on disk. */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  /** Leaves it to whoever fetches the file next; one without content is removed. */
  async leave(): Promise<void> {
    await this.#handle.close();
    if (this.#size_bytes === 0) await rm(this.path, { force: true });
    active.delete(this.path);
  }

  /** Puts it in the file's place; it must be whole, synced and checked. */
  async finish(target: string): Promise<void> {
    await this.#handle.close();
    await rename(this.path, target);
    active.delete(this.path);
    await syncFolder(path.dirname(target));
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
    active.delete(this.path);
  }
}

/** Renames the largest part that nobody writes to; of several who try, one succeeds. */
async function takeOver(folder: string, file: string, own: string): Promise<void> {
  const left: { readonly path: string; readonly size_bytes: number }[] = [];
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(`${file}.`)
      ? /^(\d+)\.[0-9a-f-]{36}\.part$/.exec(name.slice(file.length + 1))
      : null;
    const candidate = path.join(folder, name);
    if (pid === null || active.has(candidate)) continue;
    const found = await stat(candidate).catch(() => undefined);
    if (found === undefined) continue;
    const owner = Number(pid[1]);
    // One with our own number is of a process that had it before us: in a container every server has the same.
    const isLeft = owner === process.pid || !isRunning(owner) || Date.now() - found.mtimeMs > ABANDONED_MS;
    if (isLeft) left.push({ path: candidate, size_bytes: found.size });
  }
  left.sort((a, b) => b.size_bytes - a.size_bytes);
  let isTaken = false;
  for (const part of left) {
    if (isTaken) await rm(part.path, { force: true });
    else
      isTaken = await rename(part.path, own).then(
        () => true,
        () => false,
      );
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

/** A rename is on disk only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
