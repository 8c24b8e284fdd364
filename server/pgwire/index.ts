/**
 * The PostgreSQL wire protocol, versions 3.0 and 3.2, server side.
 *
 * Layers, each knowing only those below it:
 * - `codec/`: bytes ↔ messages. Pure; no socket, no SQL. Lengths are capped by type before bytes are kept.
 * - `types/`: DuckDB's types and values ↔ PostgreSQL's oids, text and binary formats. Pure.
 * - `auth/`: TLS, SCRAM-SHA-256 with and without channel binding, users and their roles, patience with failed logins.
 *   The exchange is pure; `authenticate.ts` carries it over messages.
 * - `session/`: the two query protocols over a `BackendSession` (server/query/api.ts).
 * - `input.ts`, `output.ts`: the two directions of a socket, both bounded; `overflow.ts`: a file for what a stalled client
 *   does not read, where waiting for it would keep the engine's memory.
 * - `connection.ts`: one client from accept to close; `server.ts`: all of them.
 *
 * Life of a connection: accept → TLS at once, or SSLRequest/GSSENCRequest/CancelRequest or startup (`startup.ts`) → authentication
 * → `Backend.openSession` → `Session.run` → the session is closed, the last message sent, the socket ended. Every
 * error before the session is FATAL; in the session an error ends a Query, or everything up to the next Sync.
 *
 * Deviations from PostgreSQL: Execute waits for the message behind it (a lone statement in front of Sync may then
 * commit by itself; nobody may expect an answer earlier). Lists of lists of different lengths are printed as ragged
 * arrays. Timestamps are cut to microseconds. A client that closes its side with nothing queued behind the running
 * statement cancels it. Binary parameters of undeclared type that the statement takes for text, or for nothing in
 * particular, are text when they are UTF-8 without zero bytes, else bytea: node-postgres sends images so.
 */

export type { Passwords, User } from './auth/credentials.ts';
export { excessiveMode, passwordLine, readPasswordFile, roles } from './auth/password-file.ts';
export { scramSecret } from './auth/scram.ts';
export type { TlsIdentity, TlsPem } from './auth/tls.ts';
export type { ReportFields } from './codec/backend.ts';
export {
  type ConnectionInfo,
  type ConnectionSummary,
  defaultWireLimits,
  type WireHooks,
  type WireLimits,
  type WireLogger,
} from './options.ts';
export { OverflowSpace } from './overflow.ts';
export { createWireServer, type WireServer, type WireServerOptions } from './server.ts';
export { duckdbTypeOf, Oid, type PgType, pgTypeOf, typeName } from './types/pg-type.ts';
export { textEncoder } from './types/text.ts';
export { TimeZone } from './types/time-zone.ts';
