/** What postgres.js asks when it connects: which array types there are, so that it can parse their values. */
import { type Recogniser, selectByFragment } from './answer.ts';
import { ARRAY_TYPES } from './type-names.ts';

export const fetchTypes: Recogniser = {
  name: 'fetch-types',
  answer(query) {
    if (query.relations[0] !== 'pg_type' || !query.has("a.typcategory = 'A'") || !query.has('b.typarray')) {
      return undefined;
    }
    const rows = ARRAY_TYPES.map(([element, array]) => `(${element}, ${array})`).join(', ');
    const list = selectByFragment(query, [
      ['b.oid', 'element'],
      ['b.typarray', 'list'],
    ]);
    return `SELECT ${list} FROM (VALUES ${rows}) AS types(element, list) ORDER BY 1`;
  },
};
