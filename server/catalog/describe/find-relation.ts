/** The first query of \d NAME: oids, schemas and names of the relations that a pattern names. */
import { all, matchesPattern, type Recogniser, selectByName } from '../answer.ts';
import { isUserSchema, RELATIONS } from '../relations.ts';

const CONDITIONS = [
  'c.relname ~',
  'n.nspname ~',
  'n.nspname <>',
  'n.nspname !~',
  'pg_table_is_visible(c.oid)',
];

export const findRelation: Recogniser = {
  name: 'find-relation',
  answer(query) {
    const names = query.items.map((item) => item.name).join();
    if (query.relations[0] !== 'pg_class' || names !== 'oid,nspname,relname') return undefined;
    if (!query.hasOnlyConditions(...CONDITIONS)) return undefined;
    const list = selectByName(query, { oid: 'oid', nspname: 'nspname', relname: 'relname' });
    const condition = all(
      'oid IS NOT NULL',
      query.has("n.nspname <> 'pg_catalog'") ? isUserSchema('nspname') : undefined,
      query.has('pg_table_is_visible(c.oid)') ? 'is_visible' : undefined,
      matchesPattern('relname', query.literalAfter('c.relname ~')),
      matchesPattern('nspname', query.literalAfter('n.nspname ~')),
    );
    return `SELECT ${list} FROM ${RELATIONS} WHERE ${condition} ORDER BY 2, 3`;
  },
};
