/** Questions about what SQLens does not have: answered with no rows, under the columns asked for. */
import { noRows, type Recogniser, selectsAll } from './answer.ts';
import { callsOutside } from './query-shape.ts';

const ABSENT = new Set([
  'pg_am',
  'pg_amop',
  'pg_amproc',
  'pg_auth_members',
  'pg_cast',
  'pg_collation',
  'pg_conversion',
  'pg_db_role_setting',
  'pg_default_acl',
  'pg_depend',
  'pg_description',
  'pg_event_trigger',
  'pg_extension',
  'pg_foreign_data_wrapper',
  'pg_foreign_server',
  'pg_inherits',
  'pg_language',
  'pg_largeobject_metadata',
  'pg_opclass',
  'pg_operator',
  'pg_opfamily',
  'pg_policy',
  'pg_publication',
  'pg_rewrite',
  'pg_seclabel',
  'pg_seclabels',
  'pg_statistic_ext',
  'pg_subscription',
  'pg_tablespace',
  'pg_trigger',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
  'pg_user_mapping',
  'pg_user_mappings',
]);

/** An aggregate over nothing still has a row. */
const AGGREGATES = /^(count|max|min|sum|avg|every|bool_and|bool_or|any_value|(array|string|json|jsonb)_agg)$/;

export const nothing: Recogniser = {
  name: 'nothing',
  answer(query) {
    if (!query.required.some((relation) => ABSENT.has(relation)) || selectsAll(query)) return undefined;
    if (query.items.some((item) => callsOutside(item, AGGREGATES))) return undefined;
    // Another branch may have rows; only psql's question about publications has none in any.
    if (query.isUnion && query.relations[0] !== 'pg_publication') return undefined;
    return noRows(query);
  },
};
