/** One file over HTTP into a part file: redirects, timeouts, a size limit, and going on where a transfer broke. */
import http from 'node:http';
import https from 'node:https';
import type { Part } from '../../models/zoo/fetch/part.ts';
import {
  BrokenTransfer,
  badRedirect,
  brokenOff,
  codeOf,
  DownloadError,
  isNoNetwork,
  noNetwork,
  refusedBy,
  tooLarge,
  tooSlow,
  unreadable,
} from './download-errors.ts';

export interface DownloadLimits {
  readonly size_bytes: number;
  /** From the first request to the last byte, pauses included. */
  readonly total_ms: number;
  /** A connection must be there by then, and its first byte. */
  readonly connect_ms: number;
  /** A transfer is given up, and tried again, when no byte comes for this long. */
  readonly idle_ms: number;
  /** Attempts in a row that bring nothing new. */
  readonly attempts: number;
  /** Before the second attempt; doubles with each. */
  readonly pause_ms: number;
  readonly redirects: number;
}

export const DOWNLOAD_LIMITS: DownloadLimits = {
  size_bytes: 2 ** 31 - 1,
  total_ms: 6 * 3600_000,
  connect_ms: 20_000,
  idle_ms: 30_000,
  attempts: 5,
  pause_ms: 500,
  redirects: 5,
};

/** @param total_bytes undefined when the server does not say */
export type OnProgress = (received_bytes: number, total_bytes: number | undefined) => void;

/**
 * Fetches what is missing of a file.
 * @param part holds its beginning, or nothing; what came stays in it when this fails
 * @throws DownloadError; the disk's own errors; the signal's reason
 */
export async function download(
  address: string,
  part: Part,
  options: { readonly signal: AbortSignal; readonly limits: DownloadLimits; readonly onProgress: OnProgress },
): Promise<void> {
  const url = new URL(address);
  const { limits } = options;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(tooSlow(url, limits.total_ms)), limits.total_ms);
  const signal = AbortSignal.any([options.signal, over.signal]);
  let failures = 0;
  try {
    for (;;) {
      const before_bytes = part.size_bytes;
      try {
        return await attempt(url, part, { ...options, signal });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof DownloadError || !isOfNetwork(error)) throw error;
        if (isNoNetwork(error)) throw noNetwork(url, error);
        if (!isTransient(error)) throw unreadable(url, error);
        failures = part.size_bytes > before_bytes ? 1 : failures + 1;
        if (failures >= limits.attempts) throw brokenOff(url, part.size_bytes, error);
        await pause(limits.pause_ms * 2 ** (failures - 1), signal);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** One request; goes on behind what the part holds, if the server can. */
async function attempt(
  url: URL,
  part: Part,
  options: { readonly signal: AbortSignal; readonly limits: DownloadLimits; readonly onProgress: OnProgress },
): Promise<void> {
  const { limits, signal } = options;
  const from_bytes = part.size_bytes;
  const response = await open(url, from_bytes, limits, signal);
  try {
    const status = response.statusCode ?? 0;
    if (status === 416 && from_bytes > 0) {
      // There is nothing behind what we have: either that is all, or it is not this file's beginning.
      if (rangeOf(response).total_bytes === from_bytes) return;
      await part.clear();
      throw new BrokenTransfer('the server has no such part of the file');
    }
    if (status === 429 || status >= 500) throw new BrokenTransfer(`the server answered ${status}`);
    if (status !== 200 && status !== 206) throw refusedBy(url, status);
    if (status === 206 && rangeOf(response).from_bytes !== from_bytes) {
      await part.clear();
      throw new BrokenTransfer('the server sent another part of the file');
    }
    if (status === 200 && from_bytes > 0) await part.clear();
    await receive(url, response, part, options);
  } finally {
    response.destroy();
  }
}

async function receive(
  url: URL,
  response: http.IncomingMessage,
  part: Part,
  { limits, signal, onProgress }: Parameters<typeof attempt>[2],
): Promise<void> {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  const total_bytes = Number.isSafeInteger(length) ? part.size_bytes + length : undefined;
  if (total_bytes !== undefined && total_bytes > limits.size_bytes) throw tooLarge(url, limits.size_bytes);
  const stop = (reason: Error) => response.destroy(reason);
  const idle = setTimeout(
    () => stop(new BrokenTransfer(`no byte came for ${limits.idle_ms} ms`)),
    limits.idle_ms,
  );
  const abort = () => stop(new BrokenTransfer('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of response) {
      signal.throwIfAborted();
      idle.refresh();
      if (part.size_bytes + chunk.length > limits.size_bytes) throw tooLarge(url, limits.size_bytes);
      await part.append(chunk);
      onProgress(part.size_bytes, total_bytes);
    }
  } finally {
    clearTimeout(idle);
    signal.removeEventListener('abort', abort);
  }
  if (total_bytes !== undefined && part.size_bytes < total_bytes) {
    throw new BrokenTransfer(`the connection closed after ${part.size_bytes} of ${total_bytes} bytes`);
  }
}

/** Follows redirects to the response that is none. */
async function open(
  first: URL,
  from_bytes: number,
  limits: DownloadLimits,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  let url = first;
  for (let redirects = 0; redirects <= limits.redirects; redirects++) {
    const response = await request(url, from_bytes, limits, signal);
    const target = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || target === undefined)
      return response;
    response.destroy();
    url = redirected(url, target);
  }
  throw badRedirect(first, `redirects more than ${limits.redirects} times`);
}

function redirected(from: URL, target: string): URL {
  const url = URL.canParse(target, from.href) ? new URL(target, from) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !isWeb || (from.protocol === 'https:' && url.protocol === 'http:')) {
    throw badRedirect(from, `redirects to ${target.slice(0, 200)}, which is not followed`);
  }
  return url;
}

function request(
  url: URL,
  from_bytes: number,
  limits: DownloadLimits,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? https : http).request(url, {
      signal,
      agent: false,
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'sqlens',
        ...(from_bytes > 0 ? { range: `bytes=${from_bytes}-` } : {}),
      },
    });
    const connecting = setTimeout(() => {
      const error = new Error(`no answer within ${limits.connect_ms} ms`);
      sent.destroy(
        Object.assign(error, { code: sent.socket?.connecting === false ? 'ETIMEDOUT' : 'ECONNECT_TIMEOUT' }),
      );
    }, limits.connect_ms);
    sent.once('response', (response) => {
      clearTimeout(connecting);
      resolve(response);
    });
    sent.once('error', (error) => {
      clearTimeout(connecting);
      reject(error);
    });
    sent.end();
  });
}

/** `bytes 100-199/200`, or of a 416 `bytes *\/200`. */
function rangeOf(response: http.IncomingMessage): {
  readonly from_bytes: number | undefined;
  readonly total_bytes: number | undefined;
} {
  const found = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
  const number = (text: string | undefined) =>
    text === undefined || text === '*' ? undefined : Number(text);
  return { from_bytes: number(found?.[1]), total_bytes: number(found?.[2]) };
}

/** Errors of files have codes too: they are told apart by the call that failed. */
function isOfNetwork(error: unknown): boolean {
  if (error instanceof BrokenTransfer || error instanceof AggregateError) return true;
  return (
    error instanceof Error && !('path' in error) && !['ENOSPC', 'EDQUOT', 'EIO'].includes(codeOf(error) ?? '')
  );
}

function isTransient(error: unknown): boolean {
  if (error instanceof BrokenTransfer) return true;
  const code = codeOf(error);
  if (error instanceof Error && error.message === 'aborted') return true;
  return (
    code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT' || code === 'ERR_STREAM_PREMATURE_CLOSE'
  );
}

function pause(duration_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, duration_ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
