import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import type {
  BoundStatement,
  DeclaredType,
  Execution,
  Notice,
  ParameterValue,
  PreparedStatement,
  RowsExecution,
} from '../api.ts';
import type { AdvisoryLocks } from '../control/advisory-locks.ts';
import type { Cursors } from '../control/cursors/cursors.ts';
import type { SessionNotifications } from '../control/notifications.ts';
import type { SessionSettings } from '../control/session-settings.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { Engine } from '../engine/engine.ts';
import type { KeptPlans } from '../reuse/kept-plans.ts';
import type { Settings } from '../settings/settings.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import type { Transaction } from './transaction.ts';

/** What the paths of a statement (run-*.ts) may use of its session. */
export interface SessionContext {
  readonly engine: Engine;
  readonly connection: DuckDBConnection;
  readonly plans: KeptPlans;
  readonly transaction: Transaction;
  readonly settings: Settings;
  readonly sessionSettings: SessionSettings;
  readonly statements: PreparedStatements;
  readonly cursors: Cursors;
  readonly notifications: SessionNotifications;
  readonly advisoryLocks: AdvisoryLocks;
  readonly user: string;
  readonly sessionId: number;
  /** Aborted when the statement is cancelled; its reason is the error to report. */
  readonly signal: AbortSignal;
  readonly cancel: () => void;
  /** A connection that sees only what is committed; opened on first need. */
  sideConnection(): Promise<DuckDBConnection>;
  notice(notice: Notice): void;
  /** Reports a changed setting to the client. */
  report(name: string, value: string): void;
  parse(sql: string, declared: readonly (DuckDBType | undefined)[]): Promise<Parsed>;
  /** What is to run for these values: with what the catalog holds now, where it reads that. */
  fit(statement: Parsed, parameters: readonly ParameterValue[]): Promise<Parsed>;
  /** Fits and runs. */
  run(statement: Parsed, parameters: readonly ParameterValue[]): Promise<RowsExecution>;
  /** Parses what the catalog may answer as well. */
  prepareAny(sql: string, declared: readonly DeclaredType[]): Promise<PreparedStatement>;
  runAny(bound: BoundStatement): Promise<Execution>;
  /** Whether there may be objects that only this session sees: temporary ones, and those of its transaction. */
  hasOwnObjects(): boolean;
  /** A connection that belongs to one cursor; interrupted with the session's own. */
  openConnection(): Promise<DuckDBConnection>;
  closeConnection(connection: DuckDBConnection): void;
}
