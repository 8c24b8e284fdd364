/** How long a request is worth working for: until its client leaves, its time is up, or the server shuts down. */
import type { ServerResponse } from 'node:http';
import { SqlensError, SqlState } from '../../common/errors.ts';

/**
 * Runs `work` with a signal that aborts when nobody waits for its result.
 * @param patience `abandon`: reject as soon as the signal aborts, whatever the work does; `finish`: wait for the
 *   work to settle, because it uses something that is taken away afterwards
 */
export async function whileWaited<T>(
  response: ServerResponse,
  shutdown: AbortSignal,
  timeout_ms: number,
  patience: 'abandon' | 'finish',
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const leave = () => controller.abort(interrupted('the client went away'));
  const shutDown = () => controller.abort(shutdown.reason);
  const timer = setTimeout(
    () => controller.abort(interrupted(`no result within ${timeout_ms / 1000} s`)),
    timeout_ms,
  );
  response.once('close', leave);
  shutdown.addEventListener('abort', shutDown);
  if (shutdown.aborted) shutDown();
  try {
    signal.throwIfAborted();
    const working = work(signal);
    if (patience === 'finish') return await working;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([working, aborted]);
  } finally {
    clearTimeout(timer);
    response.off('close', leave);
    shutdown.removeEventListener('abort', shutDown);
  }
}

function interrupted(why: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.queryCanceled,
    message: `the request was interrupted: ${why}`,
    hint: 'Try again; GET /v1/queries shows what the server is busy with.',
  });
}
