/** \dT: types that users created; DuckDB's own have no place in a schema. */
import { quoteLiteral } from '../query/tokens.ts';
import {
  all,
  hasColumn,
  matchesPattern,
  noRows,
  orderByFirst,
  type Recogniser,
  selectByName,
} from './answer.ts';
import { isUserSchema } from './relations.ts';
import { OWNER } from './session.ts';

const COLUMNS: Readonly<Record<string, string>> = {
  schema: 'schema_name',
  name: 'type_name',
  'internal name': 'type_name',
  size: "coalesce(type_size::VARCHAR, 'var')",
  elements: 'array_to_string(labels, chr(10))',
  owner: quoteLiteral(OWNER),
  description: 'comment',
};

const CONDITIONS = [
  '(t.typrelid = 0',
  'NOT EXISTS(SELECT 1 FROM pg_type el',
  "t.typtype = 'd'",
  't.typname ~',
  '(t.typname ~',
  'n.nspname ~',
  'n.nspname <>',
  'pg_type_is_visible(t.oid)',
];

export const listTypes: Recogniser = {
  name: 'list-types',
  answer(query) {
    if (query.relations[0] !== 'pg_type' || !hasColumn(query, 'Schema') || !hasColumn(query, 'Name')) {
      return undefined;
    }
    if (!query.hasOnlyConditions(...CONDITIONS)) return undefined;
    // \dD: DuckDB has no domains.
    if (query.has("t.typtype = 'd'")) return noRows(query);
    const condition = all(
      "NOT internal AND database_name <> 'system'",
      isUserSchema('schema_name'),
      matchesPattern('type_name', query.literalAfter('t.typname ~')),
      matchesPattern('schema_name', query.literalAfter('n.nspname ~')),
    );
    return `SELECT ${selectByName(query, COLUMNS)} FROM duckdb_types() WHERE ${condition} ${orderByFirst(query, 2)}`;
  },
};
