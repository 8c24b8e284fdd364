/** \d NAME: the columns of a table or view, or of an index. */
import { type FragmentRules, type Recogniser, selectByFragment } from '../answer.ts';
import { postgresTypeName } from '../type-names.ts';
import { oidAfter } from './oid.ts';

const COLUMNS: FragmentRules = [
  ['pg_get_expr(d.adbin', 'column_default'],
  ['a.attcollation', 'NULL::VARCHAR'],
  ['pg_get_indexdef(', 'column_name'],
  ['indnkeyatts', "'yes'"],
  ['attfdwoptions', "''"],
  ['a.attname', 'column_name'],
  ['format_type(a.atttypid', 'type_name'],
  ['a.attnotnull', 'NOT is_nullable'],
  ['a.attidentity', "''"],
  ['a.attgenerated', "''"],
  // DuckDB has no TOAST: every value stands in its column.
  ['a.attstorage', "'p'"],
  ['a.attcompression', "''"],
  ['col_description(', 'comment'],
];

/** An index column's type is its table's column's; of an expression DuckDB tells none. */
const indexColumns = (oid: string) => `
  SELECT part.name, part.position, NULL, true, NULL, coalesce(owner.data_type, '')
  FROM (SELECT table_oid, unnest(expressions::VARCHAR[]) AS name,
               generate_subscripts(expressions::VARCHAR[], 1) AS position
        FROM duckdb_indexes() WHERE index_oid = ${oid}) AS part
  LEFT JOIN duckdb_columns() AS owner
    ON owner.table_oid = part.table_oid AND owner.column_name = trim(part.name, '"')`;

export const columns: Recogniser = {
  name: 'columns',
  answer(query) {
    const oid = oidAfter(query, 'a.attrelid =');
    if (query.relations[0] !== 'pg_attribute' || !query.has('format_type(a.atttypid') || oid === undefined) {
      return undefined;
    }
    if (!query.hasOnlyConditions('a.attrelid =', 'a.attnum > 0', 'NOT a.attisdropped')) return undefined;
    return `SELECT ${selectByFragment(query, COLUMNS)} FROM (
      SELECT *, ${postgresTypeName('data_type')} AS type_name FROM (
        SELECT column_name, column_index, column_default, is_nullable, comment, data_type
        FROM duckdb_columns() WHERE table_oid = ${oid}
        UNION ALL ${indexColumns(oid)})
    ) ORDER BY column_index`;
  },
};
