import * as fs from 'node:fs';
import { closeSync, fstatSync } from 'node:fs';
import { promisify } from 'node:util';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { ImageObject, LocationPolicy, StoredBytes } from '../api.ts';
import { contentTypeOf } from './content-type.ts';
import { changed, objectTooLarge } from './errors.ts';
import { fileError, fileVersion, openAllowed } from './file-open.ts';
import { fileUri, isFileText, pathOf, patternOf, patternUri } from './file-uri.ts';
import { listFiles } from './file-walk.ts';
import type { Location, ObjectStat, ReadOptions, WaitOptions } from './location.ts';
import { PathPolicy } from './path-policy.ts';

const readFrom = promisify(fs.read);

/** Reads at most this much in one call, so that an abort is noticed while a large file is read. */
const READ_BYTES = 16 * 1024 * 1024;

/** Files of this machine, by plain path or `file:` URI. */
export class FileLocation implements Location {
  readonly #policy: PathPolicy;

  constructor(policy: LocationPolicy) {
    this.#policy = new PathPolicy(policy);
  }

  owns(text: string): boolean {
    return isFileText(text);
  }

  canonicalUri(text: string): string {
    return fileUri(pathOf(text));
  }

  canonicalPattern(text: string): string {
    return patternUri(patternOf(text));
  }

  list(pattern: string, options: WaitOptions): AsyncIterable<ImageObject> {
    return listFiles(pattern, this.#policy, options);
  }

  async stat(uri: string, options: WaitOptions): Promise<ObjectStat> {
    options.signal?.throwIfAborted();
    const absolutePath = pathOf(uri);
    const { fd, stat } = await openAllowed(absolutePath, this.#policy);
    closeSync(fd);
    return {
      version: fileVersion(stat),
      size_bytes: Number(stat.size),
      lastModified: stat.mtime,
      contentType: contentTypeOf(absolutePath),
    };
  }

  async read(uri: string, options: ReadOptions): Promise<StoredBytes> {
    options.signal?.throwIfAborted();
    const absolutePath = pathOf(uri);
    const { fd, stat } = await openAllowed(absolutePath, this.#policy);
    try {
      const version = fileVersion(stat);
      if (options.version !== undefined && options.version !== version) throw changed(uri);
      const size_bytes = Number(stat.size);
      if (size_bytes > options.maxSize_bytes) throw objectTooLarge(uri, size_bytes, options.maxSize_bytes);
      const bytes = await readWhole(fd, size_bytes, options.signal);
      // Bytes of two states of a file are an image that never was.
      if (bytes.length !== size_bytes || fileVersion(fstatSync(fd, { bigint: true })) !== version) {
        throw new SqlensError({
          sqlState: SqlState.objectInUse,
          message: `"${uri}" was being written while it was read`,
          hint: 'Run the query again once the file is complete.',
        });
      }
      return { bytes, version };
    } catch (error) {
      throw fileError(absolutePath, error);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {}
}

async function readWhole(
  fd: number,
  size_bytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(size_bytes);
  let filled_bytes = 0;
  while (filled_bytes < size_bytes) {
    signal?.throwIfAborted();
    const length = Math.min(READ_BYTES, size_bytes - filled_bytes);
    const { bytesRead } = await readFrom(fd, buffer, filled_bytes, length, filled_bytes);
    if (bytesRead === 0) break;
    filled_bytes += bytesRead;
  }
  return buffer.subarray(0, filled_bytes);
}
