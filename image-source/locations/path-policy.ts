import { realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { SqlensError } from '../../common/errors.ts';
import type { LocationPolicy } from '../api.ts';
import { notAllowed, systemCode } from './errors.ts';

function isBelow(child: string, folder: string): boolean {
  if (child === folder || folder === '/') return true;
  return child.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** The policy promises real paths; a denied folder named by a link would otherwise deny nothing. */
function realFolder(folder: string): string {
  try {
    return realpathSync.native(folder);
  } catch {
    return path.resolve(folder);
  }
}

/** Which real paths of the local file system may be read. */
export class PathPolicy {
  readonly #allowed: readonly string[];
  readonly #denied: readonly string[];

  constructor(policy: LocationPolicy) {
    this.#allowed = policy.allowedPaths.map(realFolder);
    this.#denied = policy.deniedPaths.map(realFolder);
  }

  /** @param real a path without symbolic links */
  allows(real: string): boolean {
    return (
      this.#allowed.some((folder) => isBelow(real, folder)) &&
      !this.#denied.some((folder) => isBelow(real, folder))
    );
  }

  /** @param shown an absolute path, as people know it */
  refusal(shown: string): SqlensError {
    const real = path.resolve(shown);
    if (this.#denied.some((folder) => isBelow(real, folder))) {
      return notAllowed(
        `"${shown}" belongs to the server itself and cannot be read`,
        'Keep images outside the data directory.',
      );
    }
    return notAllowed(
      `"${shown}" is outside the locations that may be read`,
      `Copy it below an allowed folder, or start the server with --allow-path ${folderOf(shown)}.`,
    );
  }

  /**
   * Checks a path before it is opened, so that a refusal never tells whether the file exists: the deepest part of
   * the path that does exist must really lie below an allowed folder.
   *
   * @throws SqlensError 42501
   */
  async check(absolutePath: string): Promise<void> {
    const real = await nearestRealPath(absolutePath);
    if (!this.allows(real)) throw this.refusal(absolutePath);
  }
}

/** What to allow for a path: itself when it is named like a folder. Looking would tell whether it is there. */
function folderOf(shown: string): string {
  return path.extname(shown) === '' ? shown : path.dirname(shown);
}

async function nearestRealPath(absolutePath: string): Promise<string> {
  let existing = absolutePath;
  let missingPart = '';
  for (;;) {
    try {
      return path.join(await realpath(existing), missingPart);
    } catch (error) {
      const code = systemCode(error);
      // ELOOP and EACCES too: what cannot be resolved is judged by where it stands.
      if (existing === '/' || code === undefined) throw error;
      missingPart = path.join(path.basename(existing), missingPart);
      existing = path.dirname(existing);
    }
  }
}
