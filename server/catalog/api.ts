/** The seam between a session of the engine and the catalog: what each needs of the other. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Notice, Role } from '../query/api.ts';

/** A setting as pg_settings shows it. */
export interface SettingRow {
  readonly name: string;
  readonly setting: string;
  readonly description: string;
}

/** What the catalog's answers depend on besides the objects there are. */
export interface CatalogSession {
  readonly user: string;
  readonly role: Role;
  /** The process id that BackendKeyData gave the client. */
  readonly processId: number;
  /** Sees what the session sees: its own temporary tables, and what its transaction has not committed. */
  readonly connection: DuckDBConnection;
  /** Whether there may be objects that only this session sees. */
  readonly hasOwnObjects: boolean;
  /** The value of a setting, undefined when there is none of that name. */
  setting(name: string): string | undefined;
  settings(): readonly SettingRow[];
  notice(notice: Notice): void;
}

/** A session as pg_stat_activity shows it. */
export interface SessionActivity {
  readonly processId: number;
  readonly user: string;
  readonly role: Role;
  readonly applicationName: string;
  readonly remoteAddress: string;
  readonly startedAt: Date;
  readonly transactionStartedAt: Date | undefined;
  readonly queryStartedAt: Date | undefined;
  readonly stateChangedAt: Date;
  readonly state: 'active' | 'idle' | 'idle in transaction' | 'idle in transaction (aborted)';
  /** The statement that runs, or ran last. */
  readonly query: string;
}
