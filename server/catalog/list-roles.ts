/** \du and \dg: there are no roles, only whoever is connected. */
import { quoteLiteral } from '../query/tokens.ts';
import { all, matchesPattern, type Recogniser, selectByName } from './answer.ts';

export const listRoles: Recogniser = {
  name: 'list-roles',
  answer(query, session) {
    if (query.relations[0] !== 'pg_roles' || !query.has('r.rolconnlimit')) return undefined;
    if (!query.hasOnlyConditions('r.rolname ~', 'r.rolname !~')) return undefined;
    const list = selectByName(query, {
      rolname: 'name',
      rolsuper: 'false',
      rolinherit: 'true',
      rolcreaterole: 'false',
      rolcreatedb: 'false',
      rolcanlogin: 'true',
      rolconnlimit: '-1',
      memberof: '[]::VARCHAR[]',
      rolreplication: 'false',
      rolbypassrls: 'false',
    });
    const condition = all(matchesPattern('name', query.literalAfter('r.rolname ~')));
    return `SELECT ${list} FROM (SELECT ${quoteLiteral(session.user)} AS name) WHERE ${condition}`;
  },
};
