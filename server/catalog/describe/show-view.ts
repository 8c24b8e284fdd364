/** \sv and \ev: the statement that creates a view. */
import { quoteLiteral, tokenize } from '../../query/tokens.ts';
import { all, type Recogniser, selectByFragment } from '../answer.ts';
import { RELATIONS } from '../relations.ts';
import { oidAfter } from './oid.ts';

/** First its oid, by a name that may have a schema in front; no such relation is an error, as the cast's would be. */
export const findView: Recogniser = {
  name: 'find-view',
  answer(query) {
    const [item] = query.items;
    const [literal = '', ...cast] = item?.lexemes ?? [];
    if (query.items.length !== 1 || query.relations.length > 0 || cast.join('') !== '::regclass::oid') {
      return undefined;
    }
    const written = literal.slice(1, -1);
    const parts = tokenize(written).filter((token) => token.kind !== 'operator');
    const name = parts.at(-1)?.value ?? '';
    const schema = parts.at(-2)?.value;
    const condition = all(
      `lower(relname) = lower(${quoteLiteral(name)})`,
      schema === undefined ? 'is_visible' : `lower(nspname) = lower(${quoteLiteral(schema)})`,
    );
    const missing = `error(${quoteLiteral(`relation "${written}" does not exist`)})`;
    return `SELECT coalesce((SELECT any_value(oid) FROM ${RELATIONS} WHERE ${condition}), ${missing}) AS oid`;
  },
};

export const showView: Recogniser = {
  name: 'show-view',
  answer(query) {
    const oid = oidAfter(query, 'c.oid =');
    if (query.relations[0] !== 'pg_class' || oid === undefined || !query.hasOnlyConditions('c.oid ='))
      return undefined;
    if (!query.has('pg_get_viewdef(c.oid')) return undefined;
    const list = selectByFragment(query, [
      ['pg_get_viewdef(', 'definition'],
      ['nspname', 'nspname'],
      ['relname', 'relname'],
      ['relkind', 'relkind'],
    ]);
    return `SELECT ${list} FROM ${RELATIONS} WHERE oid = ${oid}`;
  },
};
