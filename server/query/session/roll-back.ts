/** Ends of transactions that leave none behind, whatever interrupts them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '../../../common/errors.ts';

/** Interrupts come several milliseconds apart: one of the first tries gets through. */
const MAX_TRIES = 100;

/**
 * Rolls back whatever transaction there is. An interrupt that was meant for the statement may hit the ROLLBACK after
 * it, and then the aborted transaction would stay for ever: it is run again. Never rejects: DuckDB may have ended the
 * transaction by itself, and then there is nothing left to roll back.
 */
export async function rollBack(connection: DuckDBConnection): Promise<void> {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    try {
      await connection.run('ROLLBACK');
      return;
    } catch (error) {
      if (!/INTERRUPT/.test(messageOf(error))) return;
    }
  }
}

/**
 * Commits, or rejects with nothing committed and no transaction left: one that failed to commit may still be open.
 */
export async function commit(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run('COMMIT');
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
}
