/** How anything that was thrown becomes a JSON error with a fitting status. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { AdminLogger } from './api.ts';
import { httpStatusOf, sqlStateOfStatus } from './http-status.ts';
import type { ErrorBody } from './schemas.ts';

/** After an error in the middle of a body: how long a client may go on sending before its socket is closed. */
const LINGER_MS = 2_000;

const HINTS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Send application/json, or multipart/form-data with a file.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'Send a JSON object, or no Content-Type.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'Send valid JSON.',
};

export interface ErrorReply {
  readonly status: number;
  readonly body: ErrorBody;
  /** True when it is no client's mistake: to be logged with its cause. */
  readonly isFault: boolean;
}

export function errorReplyOf(error: unknown): ErrorReply {
  if (error instanceof SqlensError) {
    const status = httpStatusOf(error.sqlState);
    const { sqlState, message, position } = error;
    return { status, body: errorBody(sqlState, message, hintOf(error), position), isFault: status === 500 };
  }
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    const { statusCode: status } = error;
    if (status >= 400 && status < 500) {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
      return {
        status,
        body: errorBody(sqlStateOfStatus(status), error.message, HINTS[code]),
        isFault: false,
      };
    }
  }
  // Whatever else was thrown was not written for a client's eyes.
  return {
    status: 500,
    body: errorBody(SqlState.internalError, 'internal error', "The server's log says more."),
    isFault: true,
  };
}

/** Sends an error, and stops listening to a body that nobody reads any more. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: AdminLogger,
): void {
  const { status, body, isFault } = errorReplyOf(error);
  if (isFault) {
    logger.error({ err: error, method: request.method, route: routeOf(request) }, 'a request failed');
  }
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="sqlens"');
  if (status === 503) reply.header('retry-after', '5');
  const { raw } = request;
  if (raw.complete === false && !raw.destroyed) {
    // The client reads the answer before it meets a closed socket, if it stops within this time.
    raw.unpipe();
    raw.resume();
    const linger = setTimeout(() => {
      if (!raw.complete) raw.destroy();
    }, LINGER_MS);
    raw.once('close', () => clearTimeout(linger));
  }
  reply.code(status).type('application/json; charset=utf-8').send(body);
}

/** The pattern of the route, never the URL: URLs hold what users write. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

/** Answers what is not HTTP, or too large or slow to become a request. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const text = STATUS_CODES[status] ?? '';
  const body = JSON.stringify(errorBody(sqlStateOfStatus(status), text.toLowerCase()));
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** What SQL says about a mistake names its own words; over HTTP they are others. */
function hintOf({ hint }: SqlensError): string | undefined {
  return hint?.replace('CREATE OR REPLACE MODEL replaces it.', '"replace": true replaces it.');
}

function errorBody(sqlstate: string, message: string, hint?: string, position?: number): ErrorBody {
  return { error: { sqlstate, message, hint: hint ?? null, position: position ?? null } };
}
