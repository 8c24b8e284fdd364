/** \dn: schemas. The server's own are shown only with the S modifier or a pattern. */
import { quoteLiteral } from '../query/tokens.ts';
import { all, hasColumn, matchesPattern, type Recogniser, selectByName } from './answer.ts';
import { isUserSchema } from './relations.ts';
import { OWNER } from './session.ts';

const COLUMNS: Readonly<Record<string, string>> = {
  name: 'schema_name',
  owner: quoteLiteral(OWNER),
  description:
    "coalesce(comment, CASE schema_name WHEN 'sqlens' THEN 'models, functions and what the server does' END)",
};

export const listSchemas: Recogniser = {
  name: 'list-schemas',
  answer(query) {
    if (query.relations[0] !== 'pg_namespace' || !hasColumn(query, 'Name')) return undefined;
    if (!query.hasOnlyConditions('n.nspname ~', 'n.nspname !~', 'n.nspname <>')) return undefined;
    const condition = all(
      query.has("n.nspname !~ '^pg_'") ? isUserSchema('schema_name') : undefined,
      matchesPattern('schema_name', query.literalAfter('n.nspname ~')),
    );
    return `SELECT ${selectByName(query, COLUMNS)} FROM (
      SELECT DISTINCT ON (schema_name) schema_name, comment FROM duckdb_schemas()
      WHERE database_name <> 'temp' ORDER BY schema_name, internal
    ) WHERE ${condition} ORDER BY 1`;
  },
};
