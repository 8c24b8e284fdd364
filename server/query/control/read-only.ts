/** What a read-only transaction does not execute. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { SessionContext } from '../session/session-context.ts';
import { findWord } from '../text/clauses.ts';
import { onlyShows } from '../text/statement-traits.ts';
import { classify, explainedTokens, type StatementKind } from '../text/statements.ts';
import type { Token } from '../text/tokens.ts';

/**
 * Temporary tables may be written, as in PostgreSQL.
 * @throws 25006
 */
export async function checkReadOnly(
  context: SessionContext,
  tokens: readonly Token[],
  statement: StatementKind,
): Promise<void> {
  if (context.settings.get('transaction_read_only') !== 'on') return;
  const command = writingCommand(tokens, statement);
  if (command === undefined) return;
  if (isRowWrite(statement) && (await writesTemporary(context, tokens, statement))) return;
  throw new SqlensError({
    sqlState: SqlState.readOnlySqlTransaction,
    message: `cannot execute ${command} in a read-only transaction`,
    hint: 'BEGIN READ WRITE, or SET default_transaction_read_only = off.',
  });
}

function writingCommand(tokens: readonly Token[], statement: StatementKind): string | undefined {
  switch (statement.kind) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return tokens[0]?.value === 'with' ? 'SELECT' : statement.kind.toUpperCase();
    case 'create-table-as':
      return 'CREATE TABLE AS';
    case 'ddl':
      return statement.tag;
    case 'copy':
      return copiesIn(tokens) ? 'COPY FROM' : undefined;
    case 'sqlens':
      if (onlyShows(statement.verb)) return undefined;
      return statement.verb === 'register-keras-udf'
        ? 'register_keras_udf()'
        : tokens
            .slice(0, 2)
            .map(({ value }) => value.toUpperCase())
            .join(' ');
    case 'unsupported':
      return statement.writes ? statement.what : undefined;
    case 'explain': {
      if (!statement.analyze) return undefined;
      const explained = explainedTokens(tokens);
      return explained.length === 0 ? undefined : writingCommand(explained, classify(explained));
    }
    default:
      return undefined;
  }
}

function isRowWrite(statement: StatementKind): boolean {
  switch (statement.kind) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
    case 'copy':
      return true;
    default:
      return false;
  }
}

function copiesIn(tokens: readonly Token[]): boolean {
  return findWord(tokens, 1, 'to', 'from') === findWord(tokens, 1, 'from');
}

/** The name behind INTO, UPDATE, FROM or COPY. */
async function writesTemporary(
  { connection }: SessionContext,
  tokens: readonly Token[],
  { kind }: StatementKind,
): Promise<boolean> {
  const keyword = { insert: 'into', update: 'update', delete: 'from', merge: 'into', copy: 'copy' }[
    kind === 'insert' || kind === 'update' || kind === 'delete' || kind === 'merge' ? kind : 'copy'
  ];
  const at = findWord(tokens, 0, keyword) + 1;
  const name = tokens[at]?.value === 'only' ? tokens[at + 1]?.value : tokens[at]?.value;
  if (name === undefined) return false;
  const found = await connection.runAndReadAll(
    'SELECT 1 FROM duckdb_tables() WHERE temporary AND lower(table_name) = lower($1) LIMIT 1',
    [tokens[at + 1]?.value === '.' ? (tokens[at + 2]?.value ?? '') : name],
  );
  return found.getRows().length > 0;
}
