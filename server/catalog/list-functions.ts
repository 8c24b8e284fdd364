/** \df: models' functions, SQLens' own and the users' macros. */
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
import { postgresTypeName } from './type-names.ts';

/** DuckDB knows no result type of a macro; `sqlens.functions` knows those of models and of our own. */
export const FUNCTIONS = `(
  SELECT coalesce(macro.schema_name, 'sqlens') AS nspname,
         coalesce(macro.function_name, ours.name) AS proname,
         CASE WHEN ours.returns = 'TABLE' OR macro.function_type = 'table_macro' THEN 'TABLE'
              WHEN ours.returns IS NOT NULL THEN ${postgresTypeName('ours.returns')} END AS result_type,
         coalesce(ours.arguments, array_to_string(macro.parameters, ', ')) AS arguments,
         CASE WHEN ours.name IS NULL THEN macro.macro_definition END AS source,
         coalesce(macro.comment, 'model ' || ours.model) AS description
  FROM (SELECT * FROM duckdb_functions()
        WHERE NOT internal AND function_type IN ('macro', 'table_macro')
          AND ${isUserSchema('schema_name')} AND NOT starts_with(function_name, '__')) AS macro
  FULL JOIN sqlens.functions AS ours ON lower(ours.name) = lower(macro.function_name)
  -- Macros of schema sqlens that sqlens.functions does not name are the server's own means.
  WHERE macro.schema_name IS DISTINCT FROM 'sqlens' OR ours.name IS NOT NULL
)`;

const IS_VISIBLE = 'nspname IN (SELECT unnest(current_schemas(false)))';

const COLUMNS: Readonly<Record<string, string>> = {
  schema: 'nspname',
  name: 'proname',
  'result data type': 'result_type',
  'argument data types': 'arguments',
  type: "'func'",
  owner: quoteLiteral(OWNER),
  security: "'invoker'",
  language: "CASE WHEN source IS NULL THEN 'sqlens' ELSE 'sql' END",
  'source code': 'source',
  'internal name': 'NULL::VARCHAR',
  description: 'description',
};

const CONDITIONS = [
  'p.proname ~',
  'n.nspname ~',
  'n.nspname <>',
  'p.prokind <>',
  'p.prorettype <>',
  '(p.prokind =',
  '(p.prorettype =',
  "p.prokind = 'a'",
  'pg_function_is_visible(p.oid)',
];

export const listFunctions: Recogniser = {
  name: 'list-functions',
  answer(query) {
    if (query.relations[0] !== 'pg_proc' || !hasColumn(query, 'Schema') || !hasColumn(query, 'Name')) {
      return undefined;
    }
    if (!query.hasOnlyConditions(...CONDITIONS)) return undefined;
    // Aggregates, window functions, procedures and triggers are asked for by `=`; plain functions by `<>`.
    const wantsOtherKinds = query.has('p.prokind =') || query.has('p.prorettype =');
    const wantsPlain = query.has("p.prokind <> 'a'");
    if (wantsOtherKinds && !wantsPlain) return noRows(query);
    const condition = all(
      query.has('pg_function_is_visible(p.oid)') ? IS_VISIBLE : undefined,
      matchesPattern('proname', query.literalAfter('p.proname ~')),
      matchesPattern('nspname', query.literalAfter('n.nspname ~')),
    );
    return `SELECT ${selectByName(query, COLUMNS)} FROM ${FUNCTIONS} WHERE ${condition} ${orderByFirst(query, 4)}`;
  },
};
