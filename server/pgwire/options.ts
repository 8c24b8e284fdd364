/** What a wire server is told, and its defaults. */
import type { SocketEnds } from '../query/api.ts';
import type { ReportFields } from './codec/backend.ts';

export interface WireLimits {
  readonly maxConnections: number;
  /** How many of them only admins get. */
  readonly reservedConnections: number;
  /** The longest Query, Parse or Bind message. */
  readonly maxMessage_bytes: number;
  /** From the connection's first byte to ReadyForQuery. */
  readonly authentication_timeout_ms: number;
  /** A session that says nothing for so long is closed; 0: never. */
  readonly idle_timeout_ms: number;
  /** The same inside a transaction, where it keeps others from writing; 0: never. */
  readonly idleInTransaction_timeout_ms: number;
  /** How long `close` waits for running statements before it cancels them. */
  readonly shutdown_grace_ms: number;
  readonly maxPreparedStatements: number;
  readonly maxPortals: number;
  /** SQL and parameters that the prepared statements and portals of one session may hold. */
  readonly maxHeld_bytes: number;
}

export const defaultWireLimits: WireLimits = {
  maxConnections: 100,
  reservedConnections: 3,
  maxMessage_bytes: 64 * 1024 * 1024,
  authentication_timeout_ms: 30_000,
  idle_timeout_ms: 0,
  idleInTransaction_timeout_ms: 10 * 60_000,
  shutdown_grace_ms: 5_000,
  maxPreparedStatements: 5_000,
  maxPortals: 1_000,
  maxHeld_bytes: 256 * 1024 * 1024,
};

export interface WireLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Numbers and events of connections, for metrics and for one log line each. */
export interface WireHooks {
  onConnectionOpened?(connection: ConnectionInfo): void;
  onConnectionClosed?(connection: ConnectionInfo, summary: ConnectionSummary): void;
  /** Every ErrorResponse, also those before a session exists. */
  onErrorSent?(connection: ConnectionInfo, fields: ReportFields): void;
}

export interface ConnectionInfo {
  /** What pg_backend_pid() is to say, and what a CancelRequest names. */
  readonly processId: number;
  readonly remoteAddress: string;
  /** Undefined when the client left before it was looked at. */
  readonly socket: SocketEnds | undefined;
  /** '' until the startup packet has been read. */
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  readonly tls: boolean;
}

export interface ConnectionSummary {
  readonly duration_ms: number;
  readonly sent_bytes: number;
  /** Why it ended: "terminated by the client", the message of a FATAL … */
  readonly reason: string;
}

export const silentLogger: WireLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
