import type { Readable } from 'node:stream';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { objectTooLarge, systemCode } from './errors.ts';

/** A transfer is given up when no byte comes for this long. */
export const IDLE_TIMEOUT_MS = 30_000;

/** A connection broke in a way that another attempt may not meet. */
export function isTransient(error: unknown): boolean {
  switch (systemCode(error)) {
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
    case 'ETIMEDOUT':
    case 'ERR_STREAM_PREMATURE_CLOSE':
    case 'EAI_AGAIN':
      return true;
    default:
      return error instanceof Error && (error.name === 'TimeoutError' || error.message === 'aborted');
  }
}

class ShortBody extends Error {
  readonly code = 'ECONNRESET';
}

/**
 * Collects the body of a response.
 *
 * @param length_bytes what Content-Length announced; a body that ends earlier counts as a broken connection
 * @throws SqlensError 54000 as soon as the body is known to be larger than `maxSize_bytes`
 */
export async function readBody(
  uri: string,
  body: Readable,
  length_bytes: number | undefined,
  maxSize_bytes: number,
  signal: AbortSignal,
  idle_ms: number = IDLE_TIMEOUT_MS,
): Promise<Buffer> {
  if (length_bytes !== undefined && length_bytes > maxSize_bytes) {
    body.destroy();
    throw objectTooLarge(uri, length_bytes, maxSize_bytes);
  }
  // Given up by destroying the stream: a server that sends nothing more ends nothing by itself.
  const idle = setTimeout(() => body.destroy(new ShortBody(`no byte came for ${idle_ms} ms`)), idle_ms);
  const abort = () => body.destroy(new Error('aborted by the caller'));
  signal.addEventListener('abort', abort, { once: true });
  const chunks: Buffer[] = [];
  let size_bytes = 0;
  try {
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('the body is not a stream of bytes');
      idle.refresh();
      size_bytes += chunk.length;
      if (size_bytes > maxSize_bytes) throw objectTooLarge(uri, undefined, maxSize_bytes);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(idle);
    signal.removeEventListener('abort', abort);
    body.destroy();
  }
  if (length_bytes !== undefined && size_bytes < length_bytes)
    throw new ShortBody('the connection closed too early');
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size_bytes);
}

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;

/** Runs `work` again after a broken connection, up to three times in all, with growing pauses. */
export async function withRetries<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (attempt === ATTEMPTS || error instanceof SqlensError || !isTransient(error)) throw error;
      const pause_ms = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
  }
}

/** Besides this much time, a transfer has a second for every mebibyte that it may have. */
const BASE_TIMEOUT_MS = 120_000;

/**
 * Runs `work` with a signal that fires with the caller's, or when the transfer as a whole has taken too long for an
 * object of the permitted size.
 *
 * @throws SqlensError 08006 when the time is over; the caller's reason when its signal fired
 */
export async function withinTime<T>(
  uri: string,
  options: { readonly signal?: AbortSignal; readonly maxSize_bytes: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  const timeout_ms = BASE_TIMEOUT_MS + Math.ceil(options.maxSize_bytes / 2 ** 20) * 1_000;
  const controller = new AbortController();
  const abort = () => controller.abort(options.signal?.reason);
  const timer = setTimeout(
    () => controller.abort(timedOut(uri, timeout_ms)),
    Math.min(timeout_ms, 2 ** 31 - 1),
  );
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    // Libraries wrap or replace the reason of a signal; it is what the caller waits for.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

function timedOut(uri: string, timeout_ms: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.connectionFailure,
    message: `"${uri}" took longer than ${Math.round(timeout_ms / 1000)} s to read`,
    hint: 'Try again, or bring the object nearer to the server.',
  });
}
