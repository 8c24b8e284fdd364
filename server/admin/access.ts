/**
 * Who may ask. With a token: whoever shows it, as an admin. Without one we listen on loopback only, and what is left to fear are
 * the pages in the user's own browser, which reach loopback too:
 *
 * - DNS rebinding (a page whose own name resolves to 127.0.0.1): the Host header must name loopback;
 * - cross-site requests: a browser adds Origin to every POST and DELETE, forms included, and Sec-Fetch-Site to
 *   every request; either must say that the page came from here. Clients that are no browsers send neither. So
 *   uploads need no special header, and `curl -F file=@model.h5` works.
 *
 * A token needs no such rules: no foreign page knows it, and a browser does not send it by itself.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { isLoopback } from '../../common/loopback.ts';

/** What any client may see: that the process lives, and how to use it. Nothing of anyone's data. */
const PUBLIC_ROUTES: ReadonlySet<string> = new Set(['/', '/healthz', '/readyz']);
const DOCS = '/docs';

export interface AccessRequest {
  readonly method: string;
  /** Pattern of the matched route; undefined when none matches. */
  readonly route: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Lets a request pass or throws: 28000 (no or a wrong token), 42501 (a foreign page). */
export type AccessCheck = (request: AccessRequest) => void;

/**
 * @param loginsNeedPassword SQL asks for passwords: then nobody on this machine is trusted by where they are, and
 *   without a token HTTP tells no more than that it is there
 * @throws 22023 for a token that cannot stand in a header, and when we would listen beyond loopback without one
 */
export function createAccessCheck(
  host: string,
  token: string | undefined,
  loginsNeedPassword = false,
): AccessCheck {
  if (token === undefined) {
    if (isLoopback(host)) return loginsNeedPassword ? checkPublicRequest : checkLocalRequest;
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `refusing to serve HTTP on ${host} without a token`,
      hint: 'Set SQLENS_HTTP_TOKEN, or keep HTTP on this machine with --http-host 127.0.0.1.',
    });
  }
  if (!/^[\x21-\x7e]{1,1024}$/.test(token)) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: 'the configured token is empty, too long, or has characters that no HTTP header may have',
      hint: 'Choose 16 to 1024 printable ASCII characters without spaces.',
    });
  }
  const expected = digestOf(token);
  return (request) => {
    if (isPublic(request.route)) return;
    const given = /^Bearer +([\x21-\x7e]{1,1024}) *$/i.exec(request.headers.authorization ?? '')?.[1];
    // Digests have one length, so that the comparison tells nothing, not even how long the token is.
    if (given !== undefined && timingSafeEqual(digestOf(given), expected)) return;
    throw new SqlensError({
      sqlState: SqlState.invalidAuthorizationSpecification,
      message: given === undefined ? 'a token is required' : 'wrong token',
      hint: 'Send the configured token as "Authorization: Bearer …".',
    });
  };
}

/** HTTP can do what an admin can, so it must be no way round the passwords of SQL. */
function checkPublicRequest(request: AccessRequest): void {
  checkLocalRequest(request);
  if (isPublic(request.route)) return;
  throw new SqlensError({
    sqlState: SqlState.invalidAuthorizationSpecification,
    message: 'this server has passwords, so HTTP needs a token, and none is configured',
    hint: 'Start the server with SQLENS_HTTP_TOKEN, and send that as "Authorization: Bearer …".',
  });
}

function checkLocalRequest({ method, headers }: AccessRequest): void {
  const host = headers.host ?? '';
  if (!isLoopback(hostNameOf(host))) {
    throw new SqlensError({
      sqlState: SqlState.insufficientPrivilege,
      message: 'the Host header does not name this machine',
      hint: 'Without a token only http://localhost and http://127.0.0.1 are served; configure a token for other names.',
    });
  }
  const { origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) throw foreignPage();
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') {
    // Following a link to us is no attack: it only shows the page to its user.
    const isLink = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
    if (!isLink) throw foreignPage();
  }
}

function foreignPage(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: 'requests from the pages of other sites are refused',
    hint: 'Call from a page of this server or from a program; configure a token for anything else.',
  });
}

/** `localhost:8080` → `localhost`, `[::1]:8080` → `::1`; '' when it is neither. */
function hostNameOf(host: string): string {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/@[\]\s]+))(?::\d{1,5})?$/.exec(host);
  return match?.[1] ?? match?.[2] ?? '';
}

function isPublic(route: string | undefined): boolean {
  if (route === undefined) return false;
  return PUBLIC_ROUTES.has(route) || route === DOCS || route.startsWith(`${DOCS}/`);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
