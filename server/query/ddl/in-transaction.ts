/** Runs our own changes in the user's transaction, or in one of their own; says what IF EXISTS made superfluous. */
import { SqlensError, type SqlState } from '../../../common/errors.ts';
import { fromDuckDBError } from '../duckdb-errors.ts';
import { rollBack } from '../roll-back.ts';
import type { SessionContext } from '../session-context.ts';

export async function inTransaction<T>(context: SessionContext, work: () => Promise<T>): Promise<T> {
  const { connection, transaction } = context;
  const own = !transaction.isOpen;
  try {
    if (own) await connection.run('BEGIN TRANSACTION');
    const result = await work();
    if (own) await connection.run('COMMIT');
    transaction.noteWrite();
    return result;
  } catch (error) {
    if (own) await rollBack(connection);
    throw error instanceof SqlensError ? error : fromDuckDBError(error, { sql: '' });
  }
}

/** What IF EXISTS and IF NOT EXISTS say when there is nothing to do, as in PostgreSQL. */
export function noteSkipped(context: SessionContext, sqlState: SqlState, what: string): void {
  const error = new SqlensError({ sqlState, message: `${what}, skipping` });
  context.notice({ severity: 'NOTICE', error });
}
