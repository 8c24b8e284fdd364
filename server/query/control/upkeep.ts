/** LOCK TABLE, VACUUM, ANALYZE, REINDEX and CLUSTER: what tools send as routine and the engine does by itself. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { behindBracket, readName } from '../text/clauses.ts';
import { quoteIdentifier, type Token } from '../text/tokens.ts';

const LOCK_MODES = [
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share row exclusive',
  'share',
  'access exclusive',
  'exclusive',
];

/**
 * LOCK [TABLE] [ONLY] name, … [IN mode MODE] [NOWAIT]. The engine has no locks of tables: of two transactions that
 * write the same rows the second one fails, whatever was locked.
 */
export async function lockTable(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect('lock');
  reader.accept('table');
  const names: string[][] = [];
  do {
    reader.accept('only');
    const parts = [reader.name('the name of a table').value];
    while (reader.accept('.')) parts.push(reader.name('the name of a table').value);
    reader.accept('*');
    names.push(parts);
  } while (reader.accept(','));
  if (reader.accept('in')) {
    if (!LOCK_MODES.some((mode) => reader.accept(...mode.split(' '), 'mode'))) {
      throw reader.unexpected('a lock mode');
    }
  }
  reader.accept('nowait');
  reader.expectEnd();
  if (!context.transaction.isOpen) {
    throw new SqlensError({
      sqlState: SqlState.noActiveSqlTransaction,
      message: 'LOCK TABLE can only be used in transaction blocks',
    });
  }
  for (const parts of names) await checkRelation(context, parts);
  return finished('LOCK TABLE');
}

/** VACUUM | ANALYZE | REINDEX | CLUSTER [options] [table, …] */
export async function upkeep(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const command = (tokens[0]?.value ?? '').replace('analyse', 'analyze').toUpperCase();
  if (command === 'VACUUM') context.transaction.assertNoTransaction('VACUUM');
  let at = 1;
  if (tokens[at]?.value === '(') at = behindBracket(tokens, at);
  const options =
    command === 'REINDEX'
      ? /^(index|table|schema|database|system|concurrently)$/
      : /^(full|freeze|verbose|analy[sz]e)$/;
  let isWhole = false;
  while (tokens[at]?.kind === 'word' && options.test(tokens[at]?.value ?? '')) {
    isWhole ||= command === 'REINDEX' && /^(index|schema|database|system)$/.test(tokens[at]?.value ?? '');
    at++;
  }
  while (!isWhole && at < tokens.length) {
    const { parts, end } = readName(tokens, at);
    if (parts.length === 0) break;
    await checkRelation(context, parts);
    at = tokens[end]?.value === '(' ? behindBracket(tokens, end) : end;
    if (tokens[at]?.value !== ',') break;
    at++;
  }
  return finished(command);
}

/** @throws 42P01 */
async function checkRelation(context: SessionContext, parts: readonly string[]): Promise<void> {
  try {
    await context.parse(`SELECT 1 FROM ${parts.map(quoteIdentifier).join('.')}`, []);
  } catch (error) {
    if (!(error instanceof SqlensError) || error.sqlState !== SqlState.undefinedTable) throw error;
    throw new SqlensError({
      sqlState: SqlState.undefinedTable,
      message: `relation "${parts.join('.')}" does not exist`,
    });
  }
}
