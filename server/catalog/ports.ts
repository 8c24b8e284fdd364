/** The catalog's process and what keeps it up to date, put together for an engine. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SQLENS_VERSION } from '../../common/version.ts';
import type { Logger } from '../../udf-registry/logger.ts';
import type { CatalogPorts } from './catalog.ts';
import { Mirror } from './mirror/mirror.ts';
import { SchemaSync } from './schema/index.ts';

export interface CatalogPortsOptions {
  readonly dataDir: string;
  /** Runs work on a connection that belongs to no session. */
  readonly withConnection: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
  readonly logger: Logger;
}

/** Nothing is started yet: the first statement that needs the catalog does, or `Catalog.warmUp`. */
export function createCatalogPorts({ dataDir, withConnection, logger }: CatalogPortsOptions): CatalogPorts {
  const mirror = Mirror.create({ dataDir, version: SQLENS_VERSION, logger });
  const schema = new SchemaSync({ withConnection, mirror, logger });
  mirror.onRebuilt = () => schema.rebuild();
  return { mirror, schema };
}
