/** Bounds of everything that a client can make large, many or slow. */

export interface AdminLimits {
  readonly maxConnections: number;
  /** Requests under way; more are answered with 503. */
  readonly maxRequests: number;
  /** Uploads under way. */
  readonly maxUploads: number;
  readonly jsonBody_bytes: number;
  readonly upload_bytes: number;
  /** Header section of a request. */
  readonly headers_bytes: number;
  /** From a request's first byte to the end of its headers. */
  readonly headers_timeout_ms: number;
  /** To receive a JSON body; and how long an upload may send nothing. */
  readonly body_timeout_ms: number;
  /** To receive a whole upload. */
  readonly upload_timeout_ms: number;
  readonly keepAlive_timeout_ms: number;
  /** For everything but creating a model. */
  readonly answer_timeout_ms: number;
  readonly createModel_timeout_ms: number;
  /** How long `close` waits for requests under way before it aborts them. */
  readonly shutdown_grace_ms: number;
}

const MIB = 2 ** 20;

export const defaultAdminLimits: AdminLimits = {
  maxConnections: 256,
  maxRequests: 64,
  maxUploads: 4,
  jsonBody_bytes: MIB,
  upload_bytes: 2048 * MIB,
  headers_bytes: 16 * 1024,
  headers_timeout_ms: 10_000,
  body_timeout_ms: 30_000,
  upload_timeout_ms: 3_600_000,
  keepAlive_timeout_ms: 30_000,
  answer_timeout_ms: 10_000,
  createModel_timeout_ms: 600_000,
  shutdown_grace_ms: 5_000,
};
