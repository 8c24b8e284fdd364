import * as fs from 'node:fs';
import { type BigIntStats, closeSync, constants, fstatSync, readlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { missing, NotAFileError, notAllowed, systemCode } from './errors.ts';
import { fileUri } from './file-uri.ts';
import type { PathPolicy } from './path-policy.ts';

const open = promisify(fs.open);

/** An open regular file whose real path was found to be allowed. */
export interface OpenFile {
  readonly fd: number;
  readonly stat: BigIntStats;
}

/**
 * Changes whenever a file is written or replaced: from its size, its modification time in nanoseconds and its inode
 * (a file renamed over another one has a new inode even when a copying tool kept the time).
 */
export function fileVersion(stat: BigIntStats): string {
  return [stat.size, stat.mtimeNs, stat.ino].map((part) => part.toString(36)).join('-');
}

/** An error of the file system as the user should see it. */
export function fileError(absolutePath: string, error: unknown): unknown {
  if (error instanceof SqlensError) return error;
  const uri = fileUri(absolutePath);
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return missing(uri);
    case 'EACCES':
    case 'EPERM':
      return notAllowed(
        `the server's own user may not read "${uri}"`,
        'Change the permissions of the file or folder.',
      );
    case 'ENXIO':
      return new NotAFileError(uri, 'folder');
    case 'EMFILE':
    case 'ENFILE':
      return new SqlensError({
        sqlState: SqlState.insufficientResources,
        message: `"${uri}" cannot be opened: too many files are open`,
        hint: 'Raise the limit of open files (ulimit -n).',
        cause: error,
      });
    case undefined:
      return error;
    default:
      return new SqlensError({
        sqlState: SqlState.ioError,
        message: `"${uri}" cannot be read (${systemCode(error)})`,
        hint: 'Look at the file on the server.',
        cause: error,
      });
  }
}

/** Where an open file really lies. Asked of the descriptor, the answer cannot be changed by moving links about. */
async function realPathOf(fd: number, absolutePath: string): Promise<string> {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // No /proc on this system: the name again, which leaves a race that only the server's own user can win.
    return realpath(absolutePath);
  }
}

/**
 * Opens a regular file for reading if the policy allows where it really lies.
 *
 * @param absolutePath normalised; symbolic links are followed and their targets checked
 * @throws SqlensError 42501 outside the allowed locations, 58P01 missing, 42809 a folder, pipe or device
 */
export async function openAllowed(absolutePath: string, policy: PathPolicy): Promise<OpenFile> {
  let fd: number | undefined;
  try {
    // The common case needs no look at the links before the file is open.
    if (!policy.allows(absolutePath)) await policy.check(absolutePath);
    // O_NONBLOCK: opening a pipe without a writer would wait for one.
    fd = await open(absolutePath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!policy.allows(await realPathOf(fd, absolutePath))) throw policy.refusal(absolutePath);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) {
      throw new NotAFileError(fileUri(absolutePath), stat.isDirectory() ? 'folder' : 'other');
    }
    return { fd, stat };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    else if (!(error instanceof SqlensError)) await policy.check(absolutePath);
    throw fileError(absolutePath, error);
  }
}
