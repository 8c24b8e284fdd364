/** Listens, keeps the connections, delivers cancel requests, and shuts down. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { isLoopback } from '../../common/loopback.ts';
import type { Backend } from '../query/api.ts';
import type { Door } from './auth/authenticate.ts';
import { Credentials, type Passwords } from './auth/credentials.ts';
import { LoginAttempts } from './auth/login-attempts.ts';
import { type TlsIdentity, type TlsPem, tlsIdentity } from './auth/tls.ts';
import { FatalProtocolError } from './codec/protocol-error.ts';
import { Connection } from './connection.ts';
import {
  defaultWireLimits,
  silentLogger,
  type WireHooks,
  type WireLimits,
  type WireLogger,
} from './options.ts';
import type { OverflowSpace } from './overflow.ts';

export interface WireServerOptions {
  readonly backend: Backend;
  readonly host: string;
  /** 0: any free port; `address` tells which. */
  readonly port: number;
  /** Without it SSLRequest is answered with 'N'. */
  readonly tls?: TlsPem | undefined;
  /** Refuses sessions that are not encrypted. */
  readonly requireTls?: boolean | undefined;
  /** Without it everyone is trusted, and only loopback may be listened on. */
  readonly passwords?: Passwords | undefined;
  readonly limits?: Partial<WireLimits> | undefined;
  /** Takes what clients do not read. Without it whoever produces rows waits for them. */
  readonly overflow?: OverflowSpace | undefined;
  readonly logger?: WireLogger | undefined;
  readonly hooks?: WireHooks | undefined;
}

export interface WireServer {
  /** Begins to listen. Rejects with a SqlensError when the port is taken. */
  listen(): Promise<AddressInfo>;
  /** Stops listening, lets running statements finish within the grace period, ends every session with 57P01. */
  close(): Promise<void>;
  /**
   * Another certificate, for connections from now on.
   * @throws SqlensError when it cannot be used: then the one before stays
   */
  useTls(pem: TlsPem): TlsIdentity;
  /** Other users or passwords, for logins from now on. */
  usePasswords(passwords: Passwords): void;
  /** What TLS is spoken with. */
  readonly tls: TlsIdentity | undefined;
  /** Where it listens, undefined before `listen`. */
  readonly address: AddressInfo | undefined;
  /** Connections now, those without a session included. */
  readonly connectionCount: number;
}

/** Clients that are only being told that there is no room, or that send a cancel request, beyond `maxConnections`. */
const antechamber = 64;
/** After an interrupt, how long a statement may take to end before its socket is closed under it. */
const interrupt_ms = 2_000;

/**
 * Makes a server that speaks the PostgreSQL protocol for a backend.
 * @throws SqlensError when it would listen beyond loopback without a password
 */
export function createWireServer(options: WireServerOptions): WireServer {
  refuseOpenDoor(options);
  return new Listener(options);
}

class Listener implements WireServer {
  readonly #options: WireServerOptions;
  readonly #limits: WireLimits;
  readonly #logger: WireLogger;
  readonly #server: Server;
  readonly #connections = new Map<number, Connection>();
  readonly #serving = new Set<Promise<void>>();
  readonly #connectionOptions;
  #tls: TlsIdentity | undefined;
  #door: Door;
  #lastProcessId = 0;

  constructor(options: WireServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultWireLimits, ...options.limits };
    this.#logger = options.logger ?? silentLogger;
    this.#tls = options.tls === undefined ? undefined : tlsIdentity(options.tls);
    this.#door = {
      credentials: options.passwords === undefined ? undefined : new Credentials(options.passwords),
      attempts: new LoginAttempts(),
    };
    this.#connectionOptions = {
      backend: options.backend,
      limits: this.#limits,
      logger: this.#logger,
      hooks: options.hooks ?? {},
      overflow: options.overflow,
      door: () => this.#door,
      tls: () => this.#tls,
      requireTls: options.requireTls ?? false,
      cancel: (processId: number, secret: Buffer) => this.#connections.get(processId)?.cancelBy(secret),
    };
    // Half-open: a client that has sent its last statement and closed its side still gets the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get address(): AddressInfo | undefined {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address : undefined;
  }

  get tls(): TlsIdentity | undefined {
    return this.#tls;
  }

  useTls(pem: TlsPem): TlsIdentity {
    this.#tls = tlsIdentity(pem);
    return this.#tls;
  }

  usePasswords(passwords: Passwords): void {
    this.#door = { ...this.#door, credentials: new Credentials(passwords, this.#door.credentials) };
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => reject(cannotListen(host, port, cause)));
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.#logger.error({ err: error }, 'the listening socket failed'));
    const { address } = this;
    if (address === undefined) throw cannotListen(host, port, new Error('the server has no address'));
    return address;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections.values()) connection.shutDown(shuttingDown());
    await this.#finished(this.#limits.shutdown_grace_ms);
    for (const connection of this.#connections.values()) connection.interrupt();
    await this.#finished(interrupt_ms);
    for (const connection of this.#connections.values()) connection.destroy();
    await this.#finished(interrupt_ms);
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.#limits.maxConnections + antechamber) {
      socket.destroy();
      return;
    }
    const processId = this.#newProcessId();
    const connection = new Connection(socket, {
      ...this.#connectionOptions,
      processId,
      hasRoom: () => this.#sessionCount() < this.#limits.maxConnections,
      hasRoomForAnalyst: () =>
        this.#sessionCount() <= Math.max(1, this.#limits.maxConnections - this.#limits.reservedConnections),
    });
    this.#connections.set(processId, connection);
    const serving = connection.serve().finally(() => {
      this.#connections.delete(processId);
      this.#serving.delete(serving);
    });
    this.#serving.add(serving);
  }

  #sessionCount(): number {
    let count = 0;
    for (const connection of this.#connections.values()) if (connection.hasPlace) count++;
    return count;
  }

  #newProcessId(): number {
    do {
      this.#lastProcessId = this.#lastProcessId >= 0x7fffffff ? 1 : this.#lastProcessId + 1;
    } while (this.#connections.has(this.#lastProcessId));
    return this.#lastProcessId;
  }

  /** Waits until every connection has ended, or for so long. */
  async #finished(patience_ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience_ms);
    });
    await Promise.race([Promise.all(this.#serving), timeout]);
    clearTimeout(timer);
  }
}

function refuseOpenDoor({ host, passwords }: WireServerOptions): void {
  const hasPassword =
    typeof passwords === 'string' ? passwords !== '' : passwords !== undefined && passwords.size > 0;
  if (passwords !== undefined && !hasPassword) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: 'the configured password is empty',
      hint: 'Set a password, or none at all to trust every client on loopback.',
    });
  }
  if (hasPassword || isLoopback(host)) return;
  throw new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `refusing to listen on ${host} without a password`,
    hint: 'Set SQLENS_PASSWORD (and SQLENS_HTTP_TOKEN for the HTTP interface), or listen on 127.0.0.1.',
  });
}

function cannotListen(host: string, port: number, cause: Error): SqlensError {
  return new SqlensError({
    sqlState: SqlState.systemError,
    message: `cannot listen on ${host}:${port}: ${cause.message}`,
    hint: listenHint(cause),
    cause,
  });
}

function listenHint(cause: Error): string {
  switch ('code' in cause ? cause.code : undefined) {
    case 'ENOTFOUND':
    case 'EADDRNOTAVAIL':
      return 'This machine has no such address; choose another with --host.';
    case 'EACCES':
      return 'Ports below 1024 need privileges; choose another with --port.';
    default:
      return 'Another server may use this port; choose another with --port.';
  }
}

function shuttingDown(): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.adminShutdown,
    message: 'terminating connection due to administrator command',
    hint: 'The server is shutting down; connect again when it is back.',
  });
}
