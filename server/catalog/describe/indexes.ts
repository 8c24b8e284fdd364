/** \d NAME: the indexes of a table, and what stands above and below the columns of an index. */
import { type FragmentRules, type Recogniser, selectByFragment } from '../answer.ts';
import { oidAfter } from './oid.ts';

/** Explicit indexes, and those that PRIMARY KEY and UNIQUE keep. `art`: adaptive radix tree, DuckDB's only kind. */
const indexesOf = (oid: string) => `(
  SELECT index_name AS name, is_primary, is_unique, NULL AS constraint_type, NULL AS constraint_text,
         'CREATE INDEX ON t USING art (' || array_to_string(expressions::VARCHAR[], ', ') || ')' AS definition
  FROM duckdb_indexes() WHERE table_oid = ${oid}
  UNION ALL
  SELECT constraint_name, constraint_type = 'PRIMARY KEY', true, lower(constraint_type[1]), constraint_text,
         'CREATE UNIQUE INDEX ON t USING art (' || array_to_string(constraint_column_names, ', ') || ')'
  FROM duckdb_constraints() WHERE table_oid = ${oid} AND constraint_type IN ('PRIMARY KEY', 'UNIQUE'))`;

const TABLE_INDEX: FragmentRules = [
  ['c2.relname', 'name'],
  ['i.indisprimary', 'is_primary'],
  ['i.indisunique', 'is_unique'],
  ['i.indisclustered', 'false'],
  ['i.indisvalid', 'true'],
  ['pg_get_indexdef(', 'definition'],
  ['pg_get_constraintdef(', 'constraint_text'],
  ['contype', 'constraint_type'],
  ['condeferrable', 'false'],
  ['condeferred', 'false'],
  ['i.indisreplident', 'false'],
  ['c2.reltablespace', '0'],
];

export const indexes: Recogniser = {
  name: 'indexes',
  answer(query) {
    const oid = oidAfter(query, 'c.oid =');
    if (!query.reads('pg_index') || !query.has('pg_get_indexdef(i.indexrelid') || oid === undefined)
      return undefined;
    return `SELECT ${selectByFragment(query, TABLE_INDEX)} FROM ${indexesOf(oid)} ORDER BY is_primary DESC, name`;
  },
};

const INDEX: FragmentRules = [
  ['condeferrable', 'false'],
  ['condeferred', 'false'],
  ['i.indisunique', 'is_unique'],
  ['i.indisprimary', 'is_primary'],
  ['i.indisclustered', 'false'],
  ['i.indisvalid', 'true'],
  ['i.indisreplident', 'false'],
  ['i.indnullsnotdistinct', 'false'],
  ['a.amname', "'art'"],
  ['c2.relname', 'table_name'],
];

export const indexDetails: Recogniser = {
  name: 'index-details',
  answer(query) {
    const oid = oidAfter(query, 'c.oid =');
    if (query.relations[0] !== 'pg_index' || !query.has('a.amname') || oid === undefined) return undefined;
    return `SELECT ${selectByFragment(query, INDEX)} FROM duckdb_indexes() WHERE index_oid = ${oid}`;
  },
};
