/**
 * One client, from accept to close: startup, authentication, session, and an end that frees what it held however it
 * comes about.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import type { Backend, BackendSession, SocketEnds } from '../query/api.ts';
import { authenticate, type Door } from './auth/authenticate.ts';
import { acceptTls, type TlsIdentity } from './auth/tls.ts';
import { Framer } from './codec/framer.ts';
import { FatalProtocolError } from './codec/protocol-error.ts';
import { Input } from './input.ts';
import type { ConnectionInfo, WireHooks, WireLimits, WireLogger } from './options.ts';
import { ClientGone, Output } from './output.ts';
import type { OverflowSpace } from './overflow.ts';
import { SessionContext } from './session/context.ts';
import { errorReport, noticeReport } from './session/report.ts';
import { Session } from './session/session.ts';
import { readStartup, sessionStart } from './startup.ts';

export interface ConnectionOptions {
  readonly backend: Backend;
  readonly limits: WireLimits;
  readonly logger: WireLogger;
  readonly hooks: WireHooks;
  readonly overflow: OverflowSpace | undefined;
  /** Asked once a connection, so that a new certificate or user counts from the next one on. */
  readonly door: () => Door;
  readonly tls: () => TlsIdentity | undefined;
  readonly requireTls: boolean;
  readonly processId: number;
  /** False when the server is full: the client is told so as soon as it says who it is. */
  readonly hasRoom: () => boolean;
  /** False when only places for admins are left; asked of others, with this connection's place counted. */
  readonly hasRoomForAnalyst: () => boolean;
  readonly cancel: (processId: number, secret: Buffer) => void;
}

/** How long a closed connection may take to send its last bytes. */
const farewell_ms = 2_000;
/** Between the attempts to interrupt the statement of a client that is gone. */
const cancelInterval_ms = 200;
const keepAliveDelay_ms = 60_000;
/** Of the secret for cancel requests, from protocol 3.2 on; before it has four bytes. */
const longSecret_bytes = 32;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #input: Input;
  readonly #output: Output;
  #secret: Buffer = randomBytes(4);
  readonly #opened_ms = performance.now();
  #socket: Socket;
  #info: ConnectionInfo;
  #session: Session | undefined;
  #backendSession: BackendSession | undefined;
  #fatal: FatalProtocolError | undefined;
  #hasPlace = false;
  /** What a login over this connection can be bound to. */
  #endPoint: Buffer | undefined;
  #ended = false;
  #canceler: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    const { maxMessage_bytes } = options.limits;
    this.#input = new Input(new Framer({ maxMessage_bytes }));
    this.#output = new Output(socket, options.overflow);
    this.#info = {
      processId: options.processId,
      remoteAddress: socket.remoteAddress ?? '',
      socket: endsOf(socket),
      user: '',
      database: '',
      applicationName: '',
      tls: false,
    };
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelay_ms);
    this.#attach(socket);
  }

  get info(): ConnectionInfo {
    return this.#info;
  }

  /** True from the startup packet on: the connection takes one of the server's places. */
  get hasPlace(): boolean {
    return this.#hasPlace;
  }

  /** Serves the client to the end; never rejects. */
  async serve(): Promise<void> {
    const { hooks } = this.#options;
    hooks.onConnectionOpened?.(this.#info);
    const reason = await this.#serve();
    this.#ended = true;
    clearInterval(this.#canceler);
    await this.#release();
    // Its place is free before the client has read the last words: who is refused must not keep others out.
    this.#hasPlace = false;
    await this.#farewell();
    const duration_ms = performance.now() - this.#opened_ms;
    hooks.onConnectionClosed?.(this.#info, { duration_ms, sent_bytes: this.#output.sent_bytes, reason });
  }

  /** Interrupts the running statement when the secret is this connection's. */
  cancelBy(secret: Buffer): void {
    if (secret.length !== this.#secret.length || !timingSafeEqual(secret, this.#secret)) return;
    this.#backendSession?.cancel();
  }

  /** Says goodbye as soon as no statement runs. */
  shutDown(error: FatalProtocolError): void {
    if (this.#session === undefined) this.#abort(error);
    else this.#session.stop(error);
  }

  /** Interrupts the running statement, so that `shutDown` takes effect. */
  interrupt(): void {
    this.#backendSession?.cancel();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #serve(): Promise<string> {
    try {
      return await this.#converse();
    } catch (error) {
      const cause = error instanceof ClientGone ? this.#fatal : error;
      return cause === undefined ? messageOf(error) : this.#reportFatal(cause);
    }
  }

  /** @returns why the connection ended */
  async #converse(): Promise<string> {
    const timer = setTimeout(() => this.#abort(tooSlow()), this.#options.limits.authentication_timeout_ms);
    try {
      const started = await this.#startUp();
      if (!started) {
        if (this.#fatal !== undefined) throw this.#fatal;
        return 'ended before a session began';
      }
    } finally {
      clearTimeout(timer);
    }
    await this.#session?.run();
    return 'ended by the client';
  }

  async #startUp(): Promise<boolean> {
    const { backend, cancel, door, hasRoom, hasRoomForAnalyst, limits, logger, hooks, requireTls, tls } =
      this.#options;
    const input = this.#input;
    const output = this.#output;
    const identity = tls();
    const startTls =
      identity === undefined ? undefined : (direct: boolean) => this.#startTls(identity, direct);
    const packet = await readStartup(input, output, { startTls, cancel });
    if (packet === undefined) return false;
    if (packet.minor >= 2) this.#secret = randomBytes(longSecret_bytes);
    const start = sessionStart(packet, this.#info);
    const { user, database, applicationName } = start;
    this.#info = { ...this.#info, user, database, applicationName };
    if (requireTls && !this.#info.tls) throw notEncrypted(this.#info);
    if (!hasRoom()) throw full(limits.maxConnections);
    this.#hasPlace = true;
    const { remoteAddress } = this.#info;
    const role = await authenticate({ user, remoteAddress, endPoint: this.#endPoint }, door(), input, output);
    if (role !== 'admin' && !hasRoomForAnalyst()) throw reserved(limits.reservedConnections);
    const backendSession = await backend.openSession({ ...start, role });
    this.#backendSession = backendSession;
    const context = new SessionContext(backendSession, output, input, limits);
    for (const [name, value] of backendSession.parameterStatuses()) context.parameterChanged(name, value);
    context.reportParameters();
    backendSession.onNotice = (notice) => {
      output.send({ kind: 'notice', fields: noticeReport(notice) });
      if (notice.isProgress === true) output.flushNow();
    };
    backendSession.onTerminate = () => this.shutDown(terminated());
    backendSession.onNotification = () => this.#session?.notify();
    backendSession.onParameterStatus = (name, value) => context.parameterChanged(name, value);
    output.send({ kind: 'backendKeyData', processId: this.#info.processId, secret: this.#secret });
    input.framer.phase = 'session';
    if (this.#fatal !== undefined || this.#socket.destroyed) return false;
    const onError = (fields: Parameters<NonNullable<WireHooks['onErrorSent']>>[1]): void =>
      hooks.onErrorSent?.(this.#info, fields);
    this.#session = new Session({ context, input, limits, logger, onError });
    return true;
  }

  async #startTls(identity: TlsIdentity, direct: boolean): Promise<void> {
    const plain = this.#socket;
    this.#input.detach();
    if (direct) plain.unshift(this.#input.framer.takeAll());
    const secure = await acceptTls(plain, identity, direct);
    this.#socket = secure;
    this.#endPoint = identity.endPoint;
    this.#info = { ...this.#info, tls: true };
    this.#output.attach(secure);
    this.#attach(secure);
  }

  #attach(socket: Socket): void {
    // Errors of a socket are followed by its close, which is what counts.
    socket.on('error', () => {});
    this.#input.onGone = () => this.#cancelUntilEnd();
    socket.once('close', () => this.#cancelUntilEnd());
    this.#input.attach(socket);
  }

  /**
   * Gone in the middle of a statement: nobody waits for its rows. Repeated, since a cancel that comes just before
   * the engine begins has nothing to interrupt.
   */
  #cancelUntilEnd(): void {
    if (this.#ended) return;
    this.#backendSession?.cancel();
    this.#canceler ??= setInterval(() => this.#backendSession?.cancel(), cancelInterval_ms);
  }

  /** Ends a connection that has no session yet. */
  #abort(error: FatalProtocolError): void {
    this.#fatal ??= error;
    this.#input.end();
    // A handshake in progress does not read from the input.
    setTimeout(() => this.#socket.destroy(), farewell_ms).unref();
  }

  #reportFatal(error: unknown): string {
    const { hooks, logger } = this.#options;
    if (!(error instanceof SqlensError)) logger.error({ err: error }, 'a connection failed');
    const fields = errorReport(error, 'FATAL', undefined);
    hooks.onErrorSent?.(this.#info, fields);
    this.#output.send({ kind: 'error', fields });
    return messageOf(error);
  }

  async #release(): Promise<void> {
    try {
      await this.#backendSession?.close();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'closing a session failed');
    }
  }

  async #farewell(): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), farewell_ms);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#output.flushNow();
      // Input that nobody reads would turn the end into a reset, and the last message would be lost.
      socket.resume();
      socket.end(() => socket.destroySoon());
    });
  }
}

function tooSlow(): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.connectionFailure,
    message: 'canceling authentication due to timeout',
    hint: 'Send the startup packet and the password sooner, or raise the authentication timeout of the server.',
  });
}

function terminated(): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.adminShutdown,
    message: 'terminating connection due to administrator command',
    hint: 'Another session has called pg_terminate_backend().',
  });
}

function endsOf({ remotePort, localAddress, localPort }: Socket): SocketEnds | undefined {
  if (remotePort === undefined || localAddress === undefined || localPort === undefined) return undefined;
  return { remotePort, localAddress, localPort };
}

function notEncrypted({ remoteAddress, user, database }: ConnectionInfo): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.invalidAuthorizationSpecification,
    message: `no pg_hba.conf entry for host "${remoteAddress}", user "${user}", database "${database}", no encryption`,
    hint: 'This server takes encrypted connections only: connect with sslmode=require, or verify-full.',
  });
}

function reserved(count: number): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.tooManyConnections,
    message: 'remaining connection slots are reserved for admins',
    detail: `The last ${count} connections are kept for users with the role admin.`,
    hint: 'Close connections that are no longer needed, use a pool, or raise the limit of connections.',
  });
}

function full(maxConnections: number): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.tooManyConnections,
    message: 'sorry, too many clients already',
    detail: `At most ${maxConnections} connections are allowed.`,
    hint: 'Close connections that are no longer needed, use a pool, or raise the limit of connections.',
  });
}
