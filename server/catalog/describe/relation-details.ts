/** \d NAME: what kind of relation an oid is, and what else there is to ask about it. */
import { type FragmentRules, type Recogniser, selectByFragment } from '../answer.ts';
import { RELATIONS } from '../relations.ts';
import { oidAfter } from './oid.ts';

const COLUMNS: FragmentRules = [
  ['c.relchecks', 'check_count'],
  ['c.relkind', 'relkind'],
  ['c.relhasindex', 'has_index'],
  // psql asks for foreign keys only where there are triggers, since PostgreSQL checks them with triggers.
  ['c.relhastriggers', 'has_foreign_keys'],
  ['c.relpersistence', "CASE WHEN is_temporary THEN 't' ELSE 'p' END"],
  ['c.relreplident', "'d'"],
  ['c.reltablespace', '0'],
  ['c.reloptions', "''"],
  ['c.reloftype', "''"],
  ['c.relhasrules', 'false'],
  ['c.relrowsecurity', 'false'],
  ['c.relforcerowsecurity', 'false'],
  ['c.relispartition', 'false'],
  ['false', 'false'],
  ["''", "''"],
];

export const relationDetails: Recogniser = {
  name: 'relation-details',
  answer(query) {
    const oid = oidAfter(query, 'c.oid =');
    if (query.relations[0] !== 'pg_class' || !query.has('c.relchecks') || oid === undefined) return undefined;
    if (!query.hasOnlyConditions('c.oid =')) return undefined;
    return `SELECT ${selectByFragment(query, COLUMNS)} FROM (
      SELECT *, EXISTS (
        FROM duckdb_constraints() AS fk
        WHERE fk.constraint_type = 'FOREIGN KEY'
          AND (fk.table_oid = relation.oid OR (fk.referenced_table = relname AND fk.schema_name = nspname))
      ) AS has_foreign_keys
      FROM ${RELATIONS} AS relation WHERE oid = ${oid})`;
  },
};
