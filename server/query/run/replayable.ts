/**
 * Definitions that DuckDB 1.5 writes to its log but cannot read back: after a crash the whole store would not open.
 * They are refused; each was found by killing a process behind the statement.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { readName } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';
import { writeTarget } from '../text/writes.ts';

/** @throws 0A000 */
export async function refuseUnreplayable(
  connection: DuckDBConnection,
  tokens: readonly Token[],
  tag: string,
): Promise<void> {
  if (tag === 'CREATE TYPE') await refuseTypeOutsidePublic(connection, tokens);
  if (tag === 'ALTER TABLE') await refuseGeneratedColumns(connection, tokens);
}

/**
 * The log's reader looks for a type's schema before it has made the schemas of the same log. `public` is in the file
 * since the server's first start.
 */
async function refuseTypeOutsidePublic(
  connection: DuckDBConnection,
  tokens: readonly Token[],
): Promise<void> {
  const isTemporary = tokens.slice(1, 5).some((token) => /^temp(orary)?$/.test(token.value));
  if (isTemporary) return;
  let at = tokens.findIndex((token) => token.value === 'type') + 1;
  while (tokens[at]?.kind === 'word' && /^(if|not|exists)$/.test(tokens[at]?.value ?? '')) at++;
  const { parts } = readName(tokens, at);
  const written = parts.length > 1 ? parts.at(-2) : undefined;
  const schema =
    written ?? String((await connection.runAndReadAll('SELECT current_schema()')).getRows()[0]?.[0]);
  if (schema.toLowerCase() === 'public' || schema.toLowerCase() === 'temp') return;
  throw new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `CREATE TYPE in schema "${schema}" is not supported`,
    hint: 'Types live in schema public: CREATE TYPE public.… AS …',
  });
}

/** Reading an ALTER back binds the table's expressions, at a time when there is no database to bind them in. */
async function refuseGeneratedColumns(connection: DuckDBConnection, tokens: readonly Token[]): Promise<void> {
  const parts = writeTarget(tokens, 'ddl')?.parts ?? [];
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_tables() WHERE NOT temporary AND lower(table_name) = lower($1)
       AND contains(sql, 'GENERATED ALWAYS AS') LIMIT 1`,
    [parts.at(-1) ?? ''],
  );
  if (reader.getRows().length === 0) return;
  throw new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `ALTER TABLE of a table with generated columns is not supported`,
    hint: 'CREATE TABLE … AS SELECT makes another table of it.',
  });
}
