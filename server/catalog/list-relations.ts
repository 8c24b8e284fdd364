/** \d, \dt, \dv, \dm, \di, \ds, \dE, \dp and \z: the relations of the kinds asked for. */
import { quoteLiteral } from '../query/tokens.ts';
import { all, hasColumn, matchesPattern, orderByFirst, type Recogniser, selectByName } from './answer.ts';
import { isUserSchema, RELATIONS } from './relations.ts';
import { OWNER } from './session.ts';

const COLUMNS: Readonly<Record<string, string>> = {
  schema: 'nspname',
  name: 'relname',
  type:
    "CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' " +
    "WHEN 'f' THEN 'foreign table' END",
  owner: quoteLiteral(OWNER),
  table: 'parent_name',
  persistence: "CASE WHEN is_temporary THEN 'temporary' ELSE 'permanent' END",
  description: 'description',
};

const CONDITIONS = [
  'c.relkind IN',
  'c.relname ~',
  'n.nspname ~',
  'n.nspname <>',
  'n.nspname !~',
  'pg_table_is_visible(c.oid)',
  'NOT c.relispartition',
];

export const listRelations: Recogniser = {
  name: 'list-relations',
  answer(query) {
    if (query.relations[0] !== 'pg_class' || !hasColumn(query, 'Schema') || !hasColumn(query, 'Name')) {
      return undefined;
    }
    const kinds = query.listAfter('c.relkind IN');
    if (kinds === undefined || !query.hasOnlyConditions(...CONDITIONS)) return undefined;
    const isUserOnly = query.has("n.nspname <> 'pg_catalog'") || query.has("n.nspname !~ '^pg_'");
    const condition = all(
      `relkind IN (${kinds.map(quoteLiteral).join(', ')})`,
      isUserOnly ? isUserSchema('nspname') : undefined,
      query.has('pg_table_is_visible(c.oid)') ? 'is_visible' : undefined,
      matchesPattern('relname', query.literalAfter('c.relname ~')),
      matchesPattern('nspname', query.literalAfter('n.nspname ~')),
    );
    return `SELECT ${selectByName(query, COLUMNS)} FROM ${RELATIONS} WHERE ${condition} ${orderByFirst(query, 2)}`;
  },
};

/** \det: image tables and the one server that they come from. */
export const listForeignTables: Recogniser = {
  name: 'list-foreign-tables',
  answer(query) {
    if (query.relations[0] !== 'pg_foreign_table' || !hasColumn(query, 'Server')) return undefined;
    if (!query.hasOnlyConditions(...CONDITIONS)) return undefined;
    const list = selectByName(query, {
      schema: 'nspname',
      table: 'relname',
      server: "'images'",
      description: 'description',
    });
    const condition = all(
      "relkind = 'f'",
      query.has('pg_table_is_visible(c.oid)') ? 'is_visible' : undefined,
      matchesPattern('relname', query.literalAfter('c.relname ~')),
      matchesPattern('nspname', query.literalAfter('n.nspname ~')),
    );
    return `SELECT ${list} FROM ${RELATIONS} WHERE ${condition} ${orderByFirst(query, 2)}`;
  },
};
