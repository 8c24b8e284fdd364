/** The seam between a session of the engine and the catalog: what each needs of the other. */
import type { Notice, Role, SocketEnds } from '../query/api.ts';
import type { OwnDefinitions } from './schema/index.ts';

/** What the catalog's answers depend on besides the objects there are. */
export interface CatalogSession {
  readonly user: string;
  readonly role: Role;
  /** The process id that BackendKeyData gave the client. */
  readonly processId: number;
  readonly remoteAddress: string;
  /** Undefined for sessions that no client has. */
  readonly socket: SocketEnds | undefined;
  /** Temporary tables, and what its transaction has not committed. */
  readonly ownDefinitions: OwnDefinitions;
  /** The name of the one database. */
  readonly database: string;
  /** What version() says. */
  readonly versionText: string;
  /** set_config and SET alike. */
  setConfig(name: string, value: string, isLocal: boolean): Promise<void>;
  notify(channel: string, payload: string): Promise<void>;
  /** @returns whether there is such a session */
  signalBackend(processId: number, signal: 'cancel' | 'terminate'): boolean;
  /** The value of a setting, undefined when there is none of that name. */
  setting(name: string): string | undefined;
  /** Rows of pg_settings; columns left out are PostgreSQL's own. */
  settings(): readonly object[];
  /** Rows of pg_prepared_statements. */
  preparedStatements(): readonly object[];
  /** Rows of pg_cursors. */
  cursors(): readonly object[];
  notice(notice: Notice): void;
}

/** A session as pg_stat_activity shows it. */
export interface SessionActivity {
  readonly processId: number;
  readonly user: string;
  readonly role: Role;
  readonly applicationName: string;
  readonly remoteAddress: string;
  readonly remotePort: number | undefined;
  readonly startedAt: Date;
  readonly transactionStartedAt: Date | undefined;
  readonly queryStartedAt: Date | undefined;
  readonly stateChangedAt: Date;
  readonly state: 'active' | 'idle' | 'idle in transaction' | 'idle in transaction (aborted)';
  /** The statement that runs, or ran last. */
  readonly query: string;
}
