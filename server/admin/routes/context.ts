/** What the routes share. */
import type { AdminBackend, AdminLogger } from '../api.ts';
import type { AdminLimits } from '../limits.ts';
import type { Metrics } from '../metrics.ts';
import { ErrorBody } from '../schemas.ts';
import type { UploadFolder } from '../uploads.ts';

export interface RouteContext {
  readonly backend: AdminBackend;
  readonly limits: AdminLimits;
  readonly uploads: UploadFolder;
  readonly metrics: Metrics;
  readonly logger: AdminLogger;
  /** Aborts when the server shuts down and its grace is over. */
  readonly shutdown: AbortSignal;
}

/** The errors that every route may answer with, for the schema of its responses. */
export const errorResponses: { readonly '4xx': typeof ErrorBody; readonly '5xx': typeof ErrorBody } = {
  '4xx': ErrorBody,
  '5xx': ErrorBody,
};
