/** What the kinds of objects are made of: statements for the mirror, and texts that stand for what it cannot hold. */
import { DEFINE_FUNCTION } from '../book.ts';
import { literal, qualified, quoted } from '../names.ts';

/**
 * One thing to do: statements of which the first that PostgreSQL accepts counts. An object whose step is refused in all
 * its forms is refused whole.
 */
export type Step = readonly [first: string, ...others: string[]];

/** What the user wrote, for where PostgreSQL would show a placeholder. */
export type DefinitionKind = 'view' | 'expr' | 'constraint' | 'index' | 'function';

/**
 * Remembers a text for an object of the mirror.
 * @param oid SQL that gives the object's oid; subId, a column's or a key's number, 0 for the whole
 * @param from SQL behind the SELECT where `oid` comes from a table
 */
export function define(
  catalog: string,
  oid: string,
  subId: string,
  kind: DefinitionKind,
  text: string,
  from = '',
): string {
  return `SELECT ${DEFINE_FUNCTION}('${catalog}'::regclass, ${oid}, ${subId}, '${kind}', ${literal(text)}) ${from}`;
}

export function regclass(schema: string, name: string): string {
  return `${literal(qualified(schema, name))}::regclass`;
}

/**
 * An expression of a type that is always NULL and holds the user's text: of two placeholders in one table that are the
 * same tree, the texts are the same too.
 */
export function nullPlaceholder(text: string, type: string): string {
  return `CASE WHEN ${literal(text)}::text IS NULL THEN NULL::${type} END`;
}

export function truePlaceholder(text: string): string {
  return `${literal(text)}::text IS NOT NULL`;
}

/** COMMENT ON …; a comment that is gone is NULL. */
export function comment(what: string, text: string | undefined): string {
  return `COMMENT ON ${what} IS ${text === undefined ? 'NULL' : literal(text)}`;
}

/** Every column comment of a relation that differs from what it was. */
export function columnComments(
  relation: string,
  before: readonly Commented[],
  after: readonly Commented[],
): Step[] {
  const old = new Map(before.map((column) => [column.name, column.comment]));
  return after
    .filter((column) => column.comment !== old.get(column.name))
    .map((column) => [comment(`COLUMN ${relation}.${quoted(column.name)}`, column.comment)]);
}

export interface Commented {
  readonly name: string;
  readonly comment?: string;
}
