/** DISCARD ALL | PLANS | SEQUENCES | TEMP: what a pool sends before it lends a session to somebody else. */
import type { RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { quoteIdentifier, type Token } from '../text/tokens.ts';
import { assign, resetAll } from './set.ts';

export async function discard(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect('discard');
  if (reader.accept('all')) {
    reader.expectEnd();
    context.transaction.assertNoTransaction('DISCARD ALL');
    await context.cursors.closeAll();
    await assign(context, 'session_authorization', undefined);
    await assign(context, 'role', undefined);
    await resetAll(context);
    context.statements.clear();
    context.notifications.unlistenAll();
    context.advisoryLocks.unlockAll();
    await dropTemporary(context);
    return finished('DISCARD ALL');
  }
  // Neither plans nor the last values of sequences are kept.
  const what = ['plans', 'sequences', 'temp', 'temporary'].find((word) => reader.accept(word));
  if (what === undefined) throw reader.unexpected('ALL, PLANS, SEQUENCES or TEMP');
  reader.expectEnd();
  if (what.startsWith('temp')) {
    await dropTemporary(context);
    return finished('DISCARD TEMP');
  }
  return finished(`DISCARD ${what.toUpperCase()}`);
}

async function dropTemporary({ connection, transaction }: SessionContext): Promise<void> {
  const found = await connection.runAndReadAll(
    `SELECT 'VIEW', schema_name, view_name FROM duckdb_views() WHERE temporary AND NOT internal
     UNION ALL SELECT 'TABLE', schema_name, table_name FROM duckdb_tables() WHERE temporary AND NOT internal
     UNION ALL SELECT 'SEQUENCE', schema_name, sequence_name FROM duckdb_sequences() WHERE temporary`,
  );
  for (const [kind, schema, name] of found.getRows()) {
    const path = ['temp', String(schema), String(name)].map(quoteIdentifier).join('.');
    await connection.run(`DROP ${String(kind)} IF EXISTS ${path} CASCADE`);
    transaction.noteWrite();
  }
}
