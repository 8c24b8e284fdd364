/** What PostgreSQL says when IF [NOT] EXISTS makes a definition do nothing. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Notice } from '../api.ts';
import { readName, splitAtCommas } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

/** Kinds of things, as the engine lists them: [schema, name]. */
const LISTS: Readonly<Record<string, string>> = {
  table: 'SELECT schema_name AS s, table_name AS n FROM duckdb_tables()',
  view: 'SELECT schema_name AS s, view_name AS n FROM duckdb_views()',
  index: 'SELECT schema_name AS s, index_name AS n FROM duckdb_indexes()',
  sequence: 'SELECT schema_name AS s, sequence_name AS n FROM duckdb_sequences()',
  type: 'SELECT schema_name AS s, type_name AS n FROM duckdb_types()',
  schema: 'SELECT NULL AS s, schema_name AS n FROM duckdb_schemas()',
};

/** They share their names. */
const RELATIONS = ['table', 'view', 'index', 'sequence'];

/** A statement that drops more has its notices for these. */
const MAX_NAMES = 100;

/**
 * To be asked before the statement runs; the notices are due when it has run.
 * @param tag as in CommandComplete: "CREATE TABLE", "DROP VIEW" …
 */
export async function definitionNotices(
  connection: DuckDBConnection,
  tokens: readonly Token[],
  tag: string,
): Promise<readonly Notice[]> {
  const [verb = '', object = ''] = tag.toLowerCase().split(' ');
  const list = LISTS[object];
  if (list === undefined || (verb !== 'create' && verb !== 'drop')) return [];
  const condition = verb === 'create' ? ['if', 'not', 'exists'] : ['if', 'exists'];
  const at = tokens.findIndex((_, from) =>
    condition.every((word, offset) => isWord(tokens[from + offset], word)),
  );
  // It stands behind the kind of thing, and CREATE INDEX CONCURRENTLY.
  if (at < 0 || at > 5) return [];
  const from = at + condition.length;
  const notices: Notice[] = [];
  if (verb === 'create') {
    const { parts } = readName(tokens, from);
    const isRelation = RELATIONS.includes(object);
    const lists = isRelation ? RELATIONS.map((kind) => LISTS[kind]).join(' UNION ALL ') : list;
    if (!(await isThere(connection, lists, parts))) return [];
    const state = object === 'schema' ? SqlState.duplicateSchema : SqlState.duplicateTable;
    const what = isRelation ? 'relation' : object;
    return [notice(state, `${what} "${parts.at(-1) ?? ''}" already exists, skipping`)];
  }
  for (const [start] of splitAtCommas(tokens, from, tokens.length).slice(0, MAX_NAMES)) {
    const { parts } = readName(tokens, start);
    if (parts.length === 0 || (await isThere(connection, list, parts))) continue;
    notices.push(
      notice(SqlState.successfulCompletion, `${object} "${parts.join('.')}" does not exist, skipping`),
    );
  }
  return notices;
}

async function isThere(
  connection: DuckDBConnection,
  lists: string,
  parts: readonly string[],
): Promise<boolean> {
  const schema = parts.at(-2);
  const within =
    schema === undefined ? 's IS NULL OR list_contains(current_schemas(true), s)' : 'lower(s) = lower($2)';
  const found = await connection.runAndReadAll(
    `SELECT 1 FROM (${lists}) WHERE lower(n) = lower($1) AND (${within}) LIMIT 1`,
    [parts.at(-1) ?? '', ...(schema === undefined ? [] : [schema])],
  );
  return found.currentRowCount > 0;
}

function notice(sqlState: SqlState, message: string): Notice {
  return { severity: 'NOTICE', error: new SqlensError({ sqlState, message }) };
}

function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === 'word' && token.value === value;
}
