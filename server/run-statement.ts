/** Runs one statement on a session, for the server's own purposes, and gives all its rows. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { BackendSession, ResultColumn } from './query/api.ts';
import { executeOwn } from './query/describe/bound.ts';

export interface StatementResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly DuckDBValue[])[];
  readonly commandTag: string;
}

export async function runStatement(session: BackendSession, sql: string): Promise<StatementResult> {
  const execution = await executeOwn(session, sql);
  const rows: DuckDBValue[][] = [];
  for (let batch = await execution.next(); batch !== undefined; batch = await execution.next()) {
    for (let row = 0; row < batch.rowCount; row++)
      rows.push(batch.columns.map((column) => column[row] ?? null));
  }
  return { columns: execution.columns ?? [], rows, commandTag: execution.commandTag };
}
