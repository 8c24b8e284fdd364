/**
 * What psql (15 and later) asks when the user presses Tab: names that begin with what was typed. A query that fails
 * would be silent, but it would abort the transaction that the user is in.
 */
import { quoteLiteral } from '../query/tokens.ts';
import { all, noRows, type Recogniser } from './answer.ts';
import { FUNCTIONS } from './list-functions.ts';
import type { QueryShape } from './query-shape.ts';
import { isUserSchema, RELATIONS } from './relations.ts';
import { DATABASE } from './session.ts';

/** Tab's queries ask for this many names, and nobody else does. */
const MARK = 'limit 1000';

function beginsLike(expression: string, pattern: string | undefined): string | undefined {
  return pattern === undefined ? undefined : `${expression} ILIKE ${quoteLiteral(pattern)} ESCAPE '\\'`;
}

function equals(expression: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `lower(${expression}) = lower(${quoteLiteral(value)})`;
}

/** Names of schemas, for what may still become a qualified name. */
function schemasLike(query: QueryShape): string {
  const pattern = query.literalAfter('n.nspname LIKE');
  if (pattern === undefined) return '';
  const condition = all(isUserSchema('schema_name'), beginsLike('schema_name', pattern));
  return `UNION ALL SELECT DISTINCT NULL, schema_name FROM duckdb_schemas() WHERE ${condition}`;
}

function relationNames(query: QueryShape): string {
  const kinds = query.listAfter('c.relkind IN');
  const condition = all(
    isUserSchema('nspname'),
    kinds === undefined ? undefined : `relkind IN (${kinds.map(quoteLiteral).join(', ')})`,
    query.has('pg_table_is_visible(c.oid)') ? 'is_visible' : undefined,
    beginsLike('relname', query.literalAfter('(c.relname) LIKE')),
    equals('nspname', query.literalAfter('n.nspname =')),
  );
  return `SELECT relname, ${qualifier(query)} FROM ${RELATIONS} WHERE ${condition} ${schemasLike(query)}`;
}

function columnNames(query: QueryShape): string {
  const condition = all(
    'relname IS NOT NULL',
    query.has('pg_table_is_visible(c.oid)') ? 'is_visible' : undefined,
    beginsLike('column_name', query.literalAfter('(a.attname) LIKE')),
    equals('relname', query.literalAfter('c.relname =')),
    equals('nspname', query.literalAfter('n.nspname =')),
  );
  return `SELECT column_name, NULL FROM duckdb_columns() JOIN ${RELATIONS} AS relation ON relation.oid = table_oid WHERE ${condition}`;
}

function functionNames(query: QueryShape): string {
  const condition = all(
    beginsLike('proname', query.literalAfter('(p.proname) LIKE')),
    equals('nspname', query.literalAfter('n.nspname =')),
  );
  return `SELECT DISTINCT proname, ${qualifier(query)} FROM ${FUNCTIONS} WHERE ${condition} ${schemasLike(query)}`;
}

function qualifier(query: QueryShape): string {
  return query.reads('pg_namespace') ? 'nspname' : 'NULL';
}

/** Lists of one column: schemas and databases. */
function plainNames(query: QueryShape): string | undefined {
  switch (query.relations[0]) {
    case 'pg_namespace': {
      const condition = all(
        isUserSchema('schema_name'),
        beginsLike('schema_name', query.literalAfter('nspname LIKE')),
      );
      return `SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE ${condition}`;
    }
    case 'pg_database': {
      const name = `SELECT ${quoteLiteral(DATABASE)} AS name`;
      return `SELECT name FROM (${name}) WHERE ${all(beginsLike('name', query.literalAfter('datname LIKE')))}`;
    }
    default:
      return undefined;
  }
}

function namesFor(query: QueryShape): string | undefined {
  const hasTwoColumns = query.items.length === 2;
  switch (query.relations[0]) {
    case 'pg_class':
      return hasTwoColumns && query.has('(c.relname) LIKE') ? relationNames(query) : undefined;
    case 'pg_attribute':
      return hasTwoColumns && query.has('(a.attname) LIKE') ? columnNames(query) : undefined;
    case 'pg_proc':
      return hasTwoColumns && query.has('(p.proname) LIKE') ? functionNames(query) : undefined;
    default:
      return query.items.length === 1 ? plainNames(query) : undefined;
  }
}

export const completions: Recogniser = {
  name: 'completions',
  answer(query) {
    if (!query.has(MARK) || query.items.length > 2) return undefined;
    const names = namesFor(query);
    if (names === undefined) return query.has('LIKE') ? noRows(query) : undefined;
    return `SELECT * FROM (${names}) ORDER BY ALL LIMIT 1000`;
  },
};
