import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { ImageObject, LocationPolicy, StoredBytes } from '../api.ts';
import { isPublicAddress, lookupPublic, privateAddress } from './addresses.ts';
import { IDLE_TIMEOUT_MS, readBody, withinTime, withRetries } from './body.ts';
import { contentTypeOf } from './content-type.ts';
import { changed, invalidUri, missing, notAllowed, unreachableHost } from './errors.ts';
import type { Location, ObjectStat, ReadOptions, WaitOptions } from './location.ts';

const MAX_REDIRECTS = 5;
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_CONNECTIONS_PER_HOST = 16;

class Overloaded extends Error {
  readonly code = 'ECONNRESET';
}

/** Objects of web servers, one URL each: HTTP has no way to list. Public addresses only, also after a redirect. */
export class HttpLocation implements Location {
  readonly #isAllowed: boolean;
  readonly #exemptHosts: ReadonlySet<string>;
  readonly #agents: Readonly<Record<'http:' | 'https:', http.Agent>>;

  constructor(policy: LocationPolicy) {
    this.#isAllowed = policy.allowHttp;
    this.#exemptHosts = new Set(policy.allowedPrivateHosts ?? []);
    const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS_PER_HOST, timeout: IDLE_TIMEOUT_MS };
    this.#agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };
  }

  owns(text: string): boolean {
    return /^https?:\/\//i.test(text);
  }

  canonicalUri(text: string): string {
    return parseUrl(text).href;
  }

  canonicalPattern(text: string): string {
    return parseUrl(text).href;
  }

  async *list(pattern: string, options: WaitOptions): AsyncGenerator<ImageObject, void, undefined> {
    const { href } = parseUrl(pattern);
    yield { uri: href, ...(await this.stat(href, options)), partitions: new Map() };
  }

  async stat(uri: string, options: WaitOptions): Promise<ObjectStat> {
    return this.#attempt(uri, { ...options, maxSize_bytes: 0 }, async (url, signal) => {
      let response = await this.#open(url, 'HEAD', signal);
      response.destroy();
      // Some servers do not implement HEAD, or answer it as forbidden.
      if (response.statusCode !== undefined && response.statusCode >= 400 && response.statusCode !== 404) {
        response = await this.#open(url, 'GET', signal);
        response.destroy();
      }
      checkStatus(uri, response);
      const modified = new Date(response.headers['last-modified'] ?? 0);
      return {
        // Without a validator nothing tells one state from the next: each look counts as another version.
        version: validatorOf(response) ?? `seen-${Date.now()}`,
        size_bytes: lengthOf(response) ?? 0,
        lastModified: Number.isNaN(modified.getTime()) ? new Date(0) : modified,
        contentType: response.headers['content-type'] ?? contentTypeOf(url.pathname),
      };
    });
  }

  async read(uri: string, options: ReadOptions): Promise<StoredBytes> {
    return this.#attempt(uri, options, async (url, signal) => {
      const response = await this.#open(url, 'GET', signal);
      try {
        checkStatus(uri, response);
        const bytes = await readBody(uri, response, lengthOf(response), options.maxSize_bytes, signal);
        const version = validatorOf(response) ?? createHash('sha256').update(bytes).digest('hex');
        const isComparable = options.version !== undefined && !options.version.startsWith('seen-');
        if (isComparable && version !== options.version) throw changed(uri);
        return { bytes, version };
      } finally {
        response.destroy();
      }
    });
  }

  close(): void {
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  async #attempt<T>(
    uri: string,
    options: ReadOptions,
    work: (url: URL, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const url = parseUrl(uri);
    try {
      return await withinTime(uri, options, (signal) => withRetries(() => work(url, signal), signal));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof SqlensError) throw error;
      throw unreachableHost(uri, url.host, error, 'Check the address, and whether the server can reach it.');
    }
  }

  async #open(first: URL, method: 'GET' | 'HEAD', signal: AbortSignal): Promise<http.IncomingMessage> {
    let url = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#request(url, method, signal);
      const status = response.statusCode ?? 0;
      const target = response.headers.location;
      if (![301, 302, 303, 307, 308].includes(status) || target === undefined) return response;
      response.destroy();
      url = redirected(url, target);
    }
    throw new SqlensError({
      sqlState: SqlState.ioError,
      message: `"${first.href}" redirects more than ${MAX_REDIRECTS} times`,
      hint: 'Use the final address.',
    });
  }

  #checkHost(url: URL): void {
    if (!this.#isAllowed) {
      throw notAllowed(
        `"${url.href}" may not be read: http:// and https:// are switched off`,
        'Start the server with --allow-http to let SQL read from web servers.',
      );
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // A literal address is never looked up, so it is checked here; names are checked when they are resolved.
    if (isIP(host) !== 0 && !this.#exemptHosts.has(url.host) && !isPublicAddress(host))
      throw privateAddress(url.host);
  }

  #request(url: URL, method: 'GET' | 'HEAD', signal: AbortSignal): Promise<http.IncomingMessage> {
    this.#checkHost(url);
    const isSecure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (isSecure ? https : http).request(url, {
        method,
        signal,
        agent: this.#agents[isSecure ? 'https:' : 'http:'],
        lookup: this.#exemptHosts.has(url.host) ? undefined : lookupPublic,
        maxHeaderSize: MAX_HEADER_BYTES,
        headers: { accept: 'image/*, */*;q=0.5', 'accept-encoding': 'identity', 'user-agent': 'sqlens' },
      });
      request.setTimeout(IDLE_TIMEOUT_MS, () =>
        request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
      );
      request.once('response', resolve);
      request.once('error', reject);
      request.end();
    });
  }
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalidUri(`"${text}" is not a valid URL`, 'Write https://host/path.');
  }
  if (url.username !== '' || url.password !== '') {
    // They would show in every result and log line that names the image.
    throw invalidUri('a URL with a user name or password is not accepted', 'Use an address that needs none.');
  }
  url.hash = '';
  return url;
}

function redirected(from: URL, target: string): URL {
  let url: URL;
  try {
    url = new URL(target, from);
  } catch {
    throw invalidUri(`"${from.href}" redirects to something that is not a URL`, 'Use the final address.');
  }
  const isDowngrade = from.protocol === 'https:' && url.protocol === 'http:';
  if (isDowngrade || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw notAllowed(
      `"${from.href}" redirects to ${url.protocol}//, which is not followed`,
      'Use the final address.',
    );
  }
  return url;
}

function lengthOf(response: http.IncomingMessage): number | undefined {
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}

/** What the server itself calls the state of the object, if it does. */
function validatorOf(response: http.IncomingMessage): string | undefined {
  const { etag, 'last-modified': modified } = response.headers;
  if (etag !== undefined && etag !== '') return etag.replace(/^W\//, '').replaceAll('"', '');
  if (modified === undefined || Number.isNaN(Date.parse(modified))) return undefined;
  return `modified-${Date.parse(modified).toString(36)}-${(lengthOf(response) ?? 0).toString(36)}`;
}

function checkStatus(uri: string, response: http.IncomingMessage): void {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  if (status === 404 || status === 410) throw missing(uri);
  if (status === 401 || status === 403) {
    throw notAllowed(
      `the web server refuses access to "${uri}" (${status})`,
      'Only public addresses can be read.',
    );
  }
  if (status === 429 || status >= 500) throw new Overloaded(`the web server answered ${status}`);
  throw new SqlensError({
    sqlState: SqlState.ioError,
    message: `the web server answered ${status} for "${uri}"`,
    hint: 'Open the address in a browser to see why.',
  });
}
