/** \l: there is one database. */
import { quoteLiteral } from '../query/tokens.ts';
import { all, hasColumn, matchesPattern, type Recogniser, selectByName } from './answer.ts';
import { DATABASE, OWNER } from './session.ts';

const COLUMNS: Readonly<Record<string, string>> = {
  name: 'name',
  owner: quoteLiteral(OWNER),
  encoding: "'UTF8'",
  // DuckDB compares and folds text by code point unless a query says otherwise: what PostgreSQL calls C.
  collate: "'C'",
  ctype: "'C'",
  'locale provider': "'libc'",
};

export const listDatabases: Recogniser = {
  name: 'list-databases',
  answer(query) {
    if (query.relations[0] !== 'pg_database' || !hasColumn(query, 'Name')) return undefined;
    if (!query.hasOnlyConditions('d.datname ~')) return undefined;
    const condition = all(matchesPattern('name', query.literalAfter('d.datname ~')));
    return (
      `SELECT ${selectByName(query, COLUMNS)} ` +
      `FROM (SELECT ${quoteLiteral(DATABASE)} AS name) WHERE ${condition}`
    );
  },
};
