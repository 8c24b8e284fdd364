/**
 * The HTTP interface: manage models, watch and cancel statements, health, metrics, and the document that describes it.
 *
 * - `api.ts`: the seam to the rest of the server; `sql-backend.ts` implements it with SQL over a session.
 * - `schemas.ts`: every request and answer, once; types, validation and OpenAPI come from it.
 * - `access.ts`: token, or loopback and no foreign pages. `http-status.ts`: SQLSTATE → status.
 * - `uploads.ts`, `multipart.ts`: files that clients send, streamed to a private folder and deleted after use.
 * - `routes/`: thin; `server.ts` puts it together.
 */

export type {
  AdminBackend,
  AdminLogger,
  CreateModel,
  Listing,
  MetricsSnapshot,
  ModelSource,
  TaskMetrics,
  WorkerMetrics,
} from './api.ts';
export { type AdminLimits, defaultAdminLimits } from './limits.ts';
export { type AdminServer, type AdminServerOptions, createAdminServer } from './server.ts';
export { createSqlAdminBackend, type SqlAdminBackendOptions } from './sql-backend.ts';
