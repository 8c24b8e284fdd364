/** What goes wrong between this machine and the place of a file, in words that say what to do. */
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';

/** Nothing at the other end can be reached: trying again at once would not help. */
const NO_NETWORK = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ECONNREFUSED',
  'EADDRNOTAVAIL',
  'ECONNECT_TIMEOUT',
]);

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Several addresses were tried.
  return error instanceof AggregateError
    ? error.errors.map(codeOf).find((code) => code !== undefined)
    : undefined;
}

export function isNoNetwork(error: unknown): boolean {
  return NO_NETWORK.has(codeOf(error) ?? '');
}

/** A transfer that broke, or a server that has enough to do: another attempt may succeed. */
export class BrokenTransfer extends Error {}

/** The file cannot be fetched: what was tried, and why it did not work. */
export class DownloadError extends SqlensError {}

export function noNetwork(url: URL, cause: unknown): DownloadError {
  return new DownloadError({
    sqlState: SqlState.connectionFailure,
    message: `there is no network connection to ${url.host} (${codeOf(cause) ?? messageOf(cause)})`,
    cause,
  });
}

export function brokenOff(url: URL, received_bytes: number, cause: unknown): DownloadError {
  return new DownloadError({
    sqlState: SqlState.connectionFailure,
    message: `the transfer from ${url.host} broke off again and again, at last after ${received_bytes} bytes: ${messageOf(cause)}`,
    cause,
  });
}

export function unreadable(url: URL, cause: unknown): DownloadError {
  return new DownloadError({
    sqlState: SqlState.connectionFailure,
    message: `${url.href} cannot be read: ${messageOf(cause)}`,
    cause,
  });
}

export function refusedBy(url: URL, status: number): DownloadError {
  return new DownloadError({
    sqlState: status === 404 || status === 410 ? SqlState.undefinedFile : SqlState.ioError,
    message: `${url.host} answered ${status} for ${url.pathname}`,
  });
}

export function badRedirect(url: URL, why: string): DownloadError {
  return new DownloadError({ sqlState: SqlState.ioError, message: `${url.href} ${why}` });
}

export function tooLarge(url: URL, maxSize_bytes: number): DownloadError {
  return new DownloadError({
    sqlState: SqlState.programLimitExceeded,
    message: `${url.href} is larger than ${maxSize_bytes} bytes, which no file of weights is`,
  });
}

export function tooSlow(url: URL, timeout_ms: number): DownloadError {
  return new DownloadError({
    sqlState: SqlState.connectionFailure,
    message: `${url.href} was not fetched within ${Math.round(timeout_ms / 1000)} s`,
  });
}

/** @returns undefined when the disk is not what is wrong */
export function diskError(file: string, error: unknown): SqlensError | undefined {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SqlensError({
      sqlState: SqlState.diskFull,
      message: `the disk is full: ${file} cannot be written`,
      hint: 'Free some space in the data directory; what has come so far is kept.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new SqlensError({
      sqlState: SqlState.ioError,
      message: `${file} cannot be written: ${messageOf(error)}`,
      hint: 'Run this as the user who owns the data directory.',
      cause: error,
    });
  }
  return undefined;
}
