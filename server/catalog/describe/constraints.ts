/** \d NAME: CHECK constraints, foreign keys, and the foreign keys that point here. */
import { type FragmentRules, type Recogniser, selectByFragment } from '../answer.ts';
import type { QueryShape } from '../query-shape.ts';
import { REGCLASS, RELATIONS } from '../relations.ts';
import { oidAfter } from './oid.ts';

const COLUMNS: FragmentRules = [
  ['pg_get_constraintdef(', 'definition'],
  ['conrelid::regclass', 'table_name'],
  ['conname', 'name'],
  ['true', 'true'],
];

const DEFINITION =
  "CASE constraint_type WHEN 'CHECK' THEN " +
  "'CHECK ' || CASE WHEN starts_with(expression, '(') THEN expression ELSE '(' || expression || ')' END " +
  'ELSE constraint_text END';

function answer(query: QueryShape, type: string, condition: string): string {
  return `SELECT ${selectByFragment(query, COLUMNS)} FROM (
    SELECT constraint_name AS name, ${DEFINITION} AS definition, ${REGCLASS} AS table_name
    FROM duckdb_constraints() JOIN ${RELATIONS} AS relation ON relation.oid = table_oid
    WHERE constraint_type = '${type}' AND ${condition}
  ) ORDER BY name`;
}

export const constraints: Recogniser = {
  name: 'constraints',
  answer(query) {
    if (query.relations[0] !== 'pg_constraint' || !query.has('pg_get_constraintdef(')) return undefined;
    const own = oidAfter(query, 'conrelid =');
    if (own !== undefined && query.has("contype = 'c'")) return answer(query, 'CHECK', `table_oid = ${own}`);
    if (!query.has("contype = 'f'")) return undefined;
    if (own !== undefined) return answer(query, 'FOREIGN KEY', `table_oid = ${own}`);
    const referenced = oidAfter(query, 'confrelid =', 'pg_partition_ancestors(');
    if (referenced === undefined) return undefined;
    const target = `SELECT schema_name, table_name FROM duckdb_tables() WHERE table_oid = ${referenced}`;
    return answer(query, 'FOREIGN KEY', `(schema_name, referenced_table) IN (${target})`);
  },
};
