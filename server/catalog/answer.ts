/** How an answer is put together: the client's own select list, each entry filled by a rule that knows it. */
import { quoteIdentifier, quoteLiteral } from '../query/tokens.ts';
import { itemHas, type QueryShape, type SelectItem } from './query-shape.ts';
import type { CatalogSession } from './session.ts';

/** One command of a client, or one of the several queries that a command sends. */
export interface Recogniser {
  readonly name: string;
  /** The DuckDB statement that answers the query, undefined when it is not this recogniser's. */
  readonly answer: (query: QueryShape, session: CatalogSession) => string | undefined;
}

/** What stands where we have nothing to say. */
export const NOTHING = 'NULL::VARCHAR';

/** Expressions by what the entry of the select list contains; the first that fits is taken. */
export type FragmentRules = readonly (readonly [fragment: string, expression: string])[];

/** The select list with each entry answered by the first rule whose fragment it contains. */
export function selectByFragment(query: QueryShape, rules: FragmentRules): string {
  return selectList(query, (item) => rules.find(([fragment]) => itemHas(item, fragment))?.[1]);
}

/** The select list with each entry answered by its column name, in lower case. */
export function selectByName(query: QueryShape, rules: Readonly<Record<string, string>>): string {
  return selectList(query, (item) => rules[item.name.toLowerCase()]);
}

/** No rows, under the names that the query asks for. */
export function noRows(query: QueryShape): string {
  return `SELECT ${selectList(query, () => undefined)} WHERE false`;
}

/** True when the query selects `*`: then its columns are not known from its text. */
export function selectsAll(query: QueryShape): boolean {
  return query.items.some((item) => item.lexemes.at(-1) === '*' && item.lexemes.length <= 3);
}

/** Whether the select list has a column of this name, as list commands write it (`"Name"`). */
export function hasColumn(query: QueryShape, name: string): boolean {
  return query.items.some((item) => item.name === name);
}

/** The conditions joined by AND; `true` when there are none. */
export function all(...conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? 'true' : given.join(' AND ');
}

/**
 * The condition that a psql pattern (`^(t.*)$`) becomes. Names match without regard to case, since DuckDB keeps the
 * spelling of unquoted names where PostgreSQL folds it, and psql has folded the pattern. DuckDB's `~` matches whole
 * strings, as psql's patterns do.
 */
export function matchesPattern(expression: string, pattern: string | undefined): string | undefined {
  return pattern === undefined ? undefined : `${expression} ~ ${quoteLiteral(`(?i)${pattern}`)}`;
}

/** `ORDER BY 1, 2` as far as there are columns. */
export function orderByFirst(query: QueryShape, count: number): string {
  const columns = Array.from({ length: Math.min(count, query.items.length) }, (_, index) => index + 1);
  return `ORDER BY ${columns.join(', ')}`;
}

function selectList(query: QueryShape, expressionOf: (item: SelectItem) => string | undefined): string {
  return query.items
    .map((item) => `${expressionOf(item) ?? NOTHING} AS ${quoteIdentifier(item.name)}`)
    .join(', ');
}
