import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import type { Notice, ParameterValue, RowsExecution } from './api.ts';
import type { Engine } from './engine.ts';
import type { Parsed } from './parsed.ts';
import type { Settings } from './settings.ts';
import type { Transaction } from './transaction.ts';

/** What the paths of a statement (run-*.ts) may use of its session. */
export interface SessionContext {
  readonly engine: Engine;
  readonly connection: DuckDBConnection;
  readonly transaction: Transaction;
  readonly settings: Settings;
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
  run(statement: Parsed, parameters: readonly ParameterValue[]): Promise<RowsExecution>;
  readonly named: Map<string, Parsed>;
}
