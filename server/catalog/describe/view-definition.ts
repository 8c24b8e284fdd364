/** \d+ VIEW: the SELECT behind a view. */
import { type Recogniser, selectByFragment } from '../answer.ts';
import { RELATIONS } from '../relations.ts';
import { oidAfter } from './oid.ts';

export const viewDefinition: Recogniser = {
  name: 'view-definition',
  answer(query) {
    const oid = oidAfter(query, 'pg_get_viewdef(');
    if (oid === undefined || query.relations.length > 0 || query.items.length !== 1) return undefined;
    const list = selectByFragment(query, [['pg_get_viewdef(', 'definition']]);
    return `SELECT ${list} FROM ${RELATIONS} WHERE oid = ${oid}`;
  },
};
