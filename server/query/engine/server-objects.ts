/** The server's views and functions stand on every search path, so that they also answer to their bare names. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { readName } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

/**
 * Refuses DROP, ALTER and COMMENT of what would turn out to be ours. Names qualified with the server's schemas are
 * refused by the sandbox already.
 * @throws 42501
 */
export async function refuseServerObject(
  connection: DuckDBConnection,
  tokens: readonly Token[],
): Promise<void> {
  let at = tokens[1]?.value === 'on' ? 2 : 1;
  const kind = tokens[at]?.value ?? '';
  at++;
  // DROP MACRO TABLE, IF EXISTS.
  while (tokens[at]?.kind === 'word' && /^(table|if|exists)$/.test(tokens[at]?.value ?? '')) at++;
  const { parts } = readName(tokens, at);
  const names = kind === 'column' ? parts.slice(0, -1) : parts;
  const name = names.at(-1);
  if (name === undefined) return;
  const found = await connection.runAndReadAll(
    `SELECT database_name, schema_name FROM ${/^(macro|function)$/.test(kind) ? FUNCTIONS : RELATIONS}
     WHERE lower(name) = lower($1) AND list_contains(current_schemas(true), schema_name)`,
    [name],
  );
  const qualifier = names.at(-2)?.toLowerCase();
  const candidates = found
    .getRows()
    .filter(([database]) => qualifier === undefined || String(database).toLowerCase() === qualifier)
    .map(([, schema]) => schema);
  // Our schema is the last one of every search path: whatever else has the name comes before it.
  if (candidates.length === 0 || candidates.some((schema) => schema !== 'sqlens')) return;
  throw new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: `"${name}" belongs to the server`,
  });
}

const RELATIONS = `(SELECT database_name, schema_name, view_name AS name FROM duckdb_views()
  UNION ALL SELECT database_name, schema_name, table_name FROM duckdb_tables())`;

const FUNCTIONS = `(SELECT database_name, schema_name, function_name AS name FROM duckdb_functions())`;
