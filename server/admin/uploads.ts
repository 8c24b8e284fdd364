/** The folder of files that clients send: private, bounded, and emptied whatever happens. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';

const PREFIX = 'upload-';
/** What a reader of model files may go by; anything else in a client's file name is dropped. */
const EXTENSION = /\.[a-z0-9]{1,8}$/i;

export class UploadFolder {
  readonly #folder: string;
  readonly #maxFiles: number;
  readonly #paths = new Set<string>();

  /** @param folder created when missing, and made readable by nobody else; files of others in it are left alone */
  constructor(folder: string, maxFiles: number) {
    this.#folder = path.resolve(folder);
    this.#maxFiles = maxFiles;
  }

  /** Makes the folder and deletes what a killed server left in it. Nobody else may own the data directory. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700);
    for (const name of await readdir(this.#folder)) {
      if (name.startsWith(PREFIX)) await rm(path.join(this.#folder, name), { force: true });
    }
  }

  /**
   * Writes a stream to a new file.
   * @returns its absolute path; the caller owes a `remove`
   * @throws 53300 too many uploads under way, 53100 disk full, or what the stream fails with
   */
  async receive(stream: Readable, fileName: string, signal: AbortSignal): Promise<string> {
    if (this.#paths.size >= this.#maxFiles) {
      throw new SqlensError({
        sqlState: SqlState.tooManyConnections,
        message: `${this.#maxFiles} uploads are under way already`,
        hint: 'Wait for one of them, or put the file into a bucket and send its URI.',
      });
    }
    const extension = EXTENSION.exec(fileName)?.[0].toLowerCase() ?? '';
    const file = path.join(this.#folder, `${PREFIX}${randomUUID()}${extension}`);
    this.#paths.add(file);
    try {
      await pipeline(stream, createWriteStream(file, { flags: 'wx', mode: 0o600 }), { signal });
      return file;
    } catch (error) {
      await this.remove(file);
      throw asSqlensError(error);
    }
  }

  async remove(file: string): Promise<void> {
    await rm(file, { force: true });
    this.#paths.delete(file);
  }

  async close(): Promise<void> {
    for (const file of this.#paths) await this.remove(file);
  }
}

function asSqlensError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') return error;
  return new SqlensError({
    sqlState: SqlState.diskFull,
    message: `the upload does not fit on the server's disk: ${messageOf(error)}`,
    hint: 'Free space in the data directory, or put the file into a bucket and send its URI.',
    cause: error,
  });
}
