/** The mirror's directory on disk: which layout it has, made whole or not at all, and thrown away when it is of no use. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';

/** Another one is thrown away and made anew. To be raised when a directory of before cannot be brought up to date. */
const LAYOUT = 'sqlens catalog 1, pglite 0.2.17\n';

export class MirrorDirectory {
  readonly #root: string;

  /** @param root `<data-dir>/catalog`; nothing else may be in it */
  constructor(root: string) {
    this.#root = root;
  }

  /** PostgreSQL's own. */
  get postgresPath(): string {
    return path.join(this.#root, 'postgres');
  }

  get #layoutPath(): string {
    return path.join(this.#root, 'layout');
  }

  /** Whether there is one that was made to its end, by this layout. */
  async isWhole(): Promise<boolean> {
    return (await readFile(this.#layoutPath, 'utf8').catch(() => undefined)) === LAYOUT;
  }

  /**
   * Removes what there is and makes room.
   * @throws SqlensError 58030 or 53100 when nothing can be written there
   */
  async clear(): Promise<void> {
    await this.#write(async () => {
      await rm(this.#root, { recursive: true, force: true });
      await mkdir(this.#root, { mode: 0o700 });
      // initdb's own errors say little; find out here whether anything can be written.
      await writeFile(path.join(this.#root, 'layout.draft'), LAYOUT, { mode: 0o600 });
    });
  }

  /** Says that the directory is whole. */
  async seal(): Promise<void> {
    await this.#write(() => rename(path.join(this.#root, 'layout.draft'), this.#layoutPath));
  }

  async #write(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
      throw new SqlensError({
        sqlState: isFull ? SqlState.diskFull : SqlState.ioError,
        message: `the catalog's directory ${this.#root} cannot be written: ${messageOf(error)}`,
        hint: isFull
          ? 'Free some space (the catalog needs about 60 MB), then try again.'
          : "Give the server's user the right to write to its data directory, then try again.",
        cause: error,
      });
    }
  }
}
