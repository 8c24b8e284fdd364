/** Runs our own changes in the user's transaction, or in one of their own; says what IF EXISTS made superfluous. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import { commit, rollBack } from '../session/roll-back.ts';
import type { SessionContext } from '../session/session-context.ts';

/** Times that a change which met another session's is tried in all. */
const MAX_TRIES = 5;
const PAUSE_MS = 25;

/** @param work is run again when it met another session's change, unless the transaction is the user's */
export async function inTransaction<T>(context: SessionContext, work: () => Promise<T>): Promise<T> {
  const { transaction } = context;
  if (transaction.isOpen) {
    const result = await work().catch((error: unknown) => {
      throw fromDuckDBError(error, { sql: '' });
    });
    transaction.noteWrite();
    return result;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await alone(context, work);
    } catch (cause) {
      const error = fromDuckDBError(cause, { sql: '' });
      if (error.sqlState !== SqlState.serializationFailure || attempt === MAX_TRIES) throw error;
      await sleep(PAUSE_MS * attempt * (0.5 + Math.random()), undefined, { signal: context.signal });
    }
  }
}

async function alone<T>({ connection }: SessionContext, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN TRANSACTION');
  try {
    const result = await work();
    await commit(connection);
    return result;
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
}

/** What IF EXISTS and IF NOT EXISTS say when there is nothing to do, as in PostgreSQL. */
export function noteSkipped(context: SessionContext, sqlState: SqlState, what: string): void {
  const error = new SqlensError({ sqlState, message: `${what}, skipping` });
  context.notice({ severity: 'NOTICE', error });
}
