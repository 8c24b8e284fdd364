/**
 * Where a connection's bytes go while nobody reads them and holding back their source would cost more memory: a file
 * that has no name, so that nothing of it is left whatever happens.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import path from 'node:path';

/** Bytes read back in one piece. */
const readPiece_bytes = 256 * 1024;

export interface OverflowLimits {
  /** What one connection may put there. */
  readonly file_bytes: number;
  /** What all of them may. */
  readonly total_bytes: number;
}

export const defaultOverflowLimits: OverflowLimits = { file_bytes: 2 ** 30, total_bytes: 8 * 2 ** 30 };

/** The disk space that the connections of a server share. */
export class OverflowSpace {
  readonly folder: string;
  readonly limits: OverflowLimits;
  used_bytes = 0;

  /** @param folder is made when it is needed */
  constructor(folder: string, limits: OverflowLimits = defaultOverflowLimits) {
    this.folder = folder;
    this.limits = limits;
  }
}

/** A queue of bytes on disk: written at its end, read from its beginning. */
export class OverflowFile {
  readonly #file: FileHandle;
  readonly #space: OverflowSpace;
  #written_bytes = 0;
  #read_bytes = 0;

  private constructor(file: FileHandle, space: OverflowSpace) {
    this.#file = file;
    this.#space = space;
  }

  static async create(space: OverflowSpace): Promise<OverflowFile> {
    await mkdir(space.folder, { recursive: true, mode: 0o700 });
    const name = path.join(space.folder, `overflow-${randomUUID()}`);
    const file = await open(name, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    await unlink(name);
    return new OverflowFile(file, space);
  }

  get isEmpty(): boolean {
    return this.#read_bytes === this.#written_bytes;
  }

  get isFull(): boolean {
    const { limits, used_bytes } = this.#space;
    return this.#written_bytes >= limits.file_bytes || used_bytes >= limits.total_bytes;
  }

  /** One call at a time. When it rejects, nothing of the bytes is in the queue. */
  async append(bytes: Uint8Array): Promise<void> {
    let done_bytes = 0;
    while (done_bytes < bytes.length) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done_bytes,
        bytes.length - done_bytes,
        this.#written_bytes + done_bytes,
      );
      done_bytes += bytesWritten;
    }
    this.#written_bytes += bytes.length;
    this.#space.used_bytes += bytes.length;
  }

  /** The next bytes, undefined when there are none yet. One call at a time. */
  async read(): Promise<Uint8Array | undefined> {
    const wanted_bytes = Math.min(readPiece_bytes, this.#written_bytes - this.#read_bytes);
    if (wanted_bytes === 0) return undefined;
    const piece = Buffer.allocUnsafe(wanted_bytes);
    const { bytesRead } = await this.#file.read(piece, 0, wanted_bytes, this.#read_bytes);
    this.#read_bytes += bytesRead;
    return piece.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    this.#space.used_bytes -= this.#written_bytes;
    await this.#file.close();
  }
}
