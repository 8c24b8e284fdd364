/** Puts the HTTP interface together, listens, and shuts down. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import multipart from '@fastify/multipart';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import { createAccessCheck } from './access.ts';
import type { AdminBackend, AdminLogger } from './api.ts';
import { registerDocs } from './docs.ts';
import { refuseConnection, routeOf, sendError } from './error-reply.ts';
import { type AdminLimits, defaultAdminLimits } from './limits.ts';
import { Metrics } from './metrics.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerListRoutes } from './routes/lists.ts';
import { registerModelVersionRoutes } from './routes/model-versions.ts';
import { registerModelRoutes } from './routes/models.ts';
import type { App, TypeBoxProvider } from './type-provider.ts';
import { UploadFolder } from './uploads.ts';

export interface AdminServerOptions {
  readonly backend: AdminBackend;
  readonly host: string;
  /** 0: any free port; `address` tells which. */
  readonly port: number;
  /** What clients must send as `Authorization: Bearer …`; undefined: nothing, and then only on loopback. */
  readonly token: string | undefined;
  /** SQL asks for passwords: without a token only what is public is served then. */
  readonly loginsNeedPassword?: boolean | undefined;
  /** Folder for uploads under way: in the data directory, owned by this process alone, readable by CREATE MODEL. */
  readonly tmpDir: string;
  readonly logger: AdminLogger;
  readonly limits?: Partial<AdminLimits> | undefined;
}

export interface AdminServer {
  /** Begins to listen. Rejects with a SqlensError when the port is taken or `tmpDir` cannot be written. */
  listen(): Promise<AddressInfo>;
  /** Stops listening, lets requests finish within the grace period, aborts the rest, deletes uploads. Idempotent. */
  close(): Promise<void>;
  /** Where it listens, undefined before `listen`. */
  readonly address: AddressInfo | undefined;
}

/**
 * Makes the HTTP server of a backend.
 * @throws 22023 for an unusable token, or when it would listen beyond loopback without one
 */
export function createAdminServer(options: AdminServerOptions): AdminServer {
  return new Listener(options);
}

class Listener implements AdminServer {
  readonly #options: AdminServerOptions;
  readonly #limits: AdminLimits;
  readonly #uploads: UploadFolder;
  readonly #shutdown = new AbortController();
  readonly #checkAccess;
  #app: App | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AdminServerOptions) {
    this.#checkAccess = createAccessCheck(options.host, options.token, options.loginsNeedPassword);
    this.#options = options;
    this.#limits = { ...defaultAdminLimits, ...options.limits };
    this.#uploads = new UploadFolder(options.tmpDir, this.#limits.maxUploads);
  }

  get address(): AddressInfo | undefined {
    const address = this.#app?.server.address();
    return typeof address === 'object' && address !== null ? address : undefined;
  }

  async listen(): Promise<AddressInfo> {
    const { host, port, token, backend, logger } = this.#options;
    await this.#uploads.open();
    const app = await buildApp({
      backend,
      logger,
      limits: this.#limits,
      uploads: this.#uploads,
      shutdown: this.#shutdown.signal,
      hasToken: token !== undefined,
      checkAccess: this.#checkAccess,
    });
    try {
      await app.listen({ host, port });
    } catch (cause) {
      await app.close();
      throw cannotListen(host, port, cause);
    }
    this.#app = app;
    const { address } = this;
    if (address === undefined) throw cannotListen(host, port, new Error('the server has no address'));
    return address;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const app = this.#app;
    if (app !== undefined) {
      const grace = setTimeout(() => {
        this.#shutdown.abort(shuttingDown());
        // One turn of the event loop for the answers that say so.
        setTimeout(() => app.server.closeAllConnections(), ABORTED_ANSWERS_MS);
      }, this.#limits.shutdown_grace_ms);
      await app.close();
      clearTimeout(grace);
    }
    this.#shutdown.abort(shuttingDown());
    await this.#uploads.close();
  }
}

/** How long aborted requests have to send their error before their sockets are closed. */
const ABORTED_ANSWERS_MS = 500;

export interface AppParts {
  readonly backend: AdminBackend;
  readonly logger: AdminLogger;
  readonly limits: AdminLimits;
  readonly uploads: UploadFolder;
  readonly shutdown: AbortSignal;
  readonly hasToken: boolean;
  readonly checkAccess: ReturnType<typeof createAccessCheck>;
}

/** The application without a socket: what tests inject requests into. */
export async function buildApp(parts: AppParts): Promise<App> {
  const { limits, logger } = parts;
  const metrics = new Metrics();
  const app = fastify({
    logger: false,
    bodyLimit: limits.jsonBody_bytes,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1_024 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply, logger),
    // Here rather than as options of Fastify: "localhost" makes it listen twice, and each needs the limits.
    serverFactory: (handler) => {
      const server = createServer(
        {
          maxHeaderSize: limits.headers_bytes,
          headersTimeout: limits.headers_timeout_ms,
          requestTimeout: limits.upload_timeout_ms,
          keepAliveTimeout: limits.keepAlive_timeout_ms,
          connectionsCheckingInterval: Math.min(5_000, limits.headers_timeout_ms),
        },
        handler,
      );
      server.maxConnections = limits.maxConnections;
      return server;
    },
  }).withTypeProvider<TypeBoxProvider>();
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, logger));
  app.setNotFoundHandler((request, reply) => sendError(noSuchRoute(request), request, reply, logger));
  addHooks(app, parts, metrics);
  await app.register(multipart);
  await registerDocs(app, parts);
  const context = { ...parts, metrics };
  registerModelRoutes(app, context);
  registerModelVersionRoutes(app, context);
  registerListRoutes(app, context);
  registerHealthRoutes(app, context);
  await app.ready();
  return app;
}

function addHooks(app: App, parts: AppParts, metrics: Metrics): void {
  const { limits, logger, checkAccess } = parts;
  let underWay = 0;
  app.addHook('onRequest', async (request, reply) => {
    const started_ms = performance.now();
    underWay++;
    // "close" comes once whether the answer was sent or the client left; Fastify's onResponse misses the latter.
    reply.raw.once('close', () => {
      underWay--;
      logRequest(request, reply, performance.now() - started_ms, logger, metrics);
    });
    reply.headers({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    const { method, headers } = request;
    checkAccess({ method, route: request.routeOptions.url, headers });
    if (underWay > limits.maxRequests) throw tooManyRequests(limits.maxRequests);
  });
  app.addHook('preParsing', async (request, reply, payload) => {
    // Uploads have a watch of their own. A JSON body has so long in all.
    if (/^multipart\//i.test(request.headers['content-type'] ?? '')) return payload;
    const timer = setTimeout(() => {
      if (!request.raw.complete) request.raw.destroy();
    }, limits.body_timeout_ms);
    const stop = () => clearTimeout(timer);
    payload.once('end', stop);
    reply.raw.once('close', stop);
    return payload;
  });
}

/** One line a request. No URL, no header, no body: any of them may hold a secret. */
function logRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  duration_ms: number,
  logger: AdminLogger,
  metrics: Metrics,
): void {
  const isAnswered = reply.raw.writableEnded;
  const { method } = request;
  const route = routeOf(request);
  // 499 as nginx has it: the client left before the answer.
  const status = isAnswered ? reply.raw.statusCode : 499;
  metrics.observeRequest(method, route, status, duration_ms);
  logger.info({ method, route, status, ms: Math.round(duration_ms * 10) / 10 }, 'request');
}

function noSuchRoute({ method, url }: FastifyRequest): SqlensError {
  const path = url.split('?', 1)[0]?.slice(0, 200);
  return new SqlensError({
    sqlState: SqlState.undefinedObject,
    message: `there is no ${method} ${path}`,
    hint: 'GET /docs shows what there is.',
  });
}

function tooManyRequests(limit: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.tooManyConnections,
    message: `${limit} requests are under way already`,
    hint: 'Try again in a moment.',
  });
}

function cannotListen(host: string, port: number, cause: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.systemError,
    message: `cannot serve HTTP on ${host}:${port}: ${messageOf(cause)}`,
    hint: 'Another server may use this port; choose another with --http-port.',
    cause,
  });
}

function shuttingDown(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.adminShutdown,
    message: 'the server is shutting down',
    hint: 'Try again when it is back.',
  });
}
