/** CREATE INDEX; the indexes behind PRIMARY KEY and UNIQUE come with their constraints. */
import { postgresExpression } from '../expressions.ts';
import { qualified, quoted, shown } from '../names.ts';
import { comment, define, nullPlaceholder, regclass, type Step } from './step.ts';

/** A column, or an expression as DuckDB writes it. */
export type IndexKey = { readonly column: string } | { readonly expression: string };

export interface TableIndex {
  readonly kind: 'index';
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly unique: boolean;
  readonly keys: readonly IndexKey[];
  readonly comment?: string;
}

export function createIndex(index: TableIndex): Step[] {
  const forms = [create(index, placeholderKey, true)];
  const real = index.keys.map(realKey);
  if (!real.includes(undefined)) forms.unshift(create(index, (key) => realKey(key) ?? '', false));
  const [first = '', ...others] = forms;
  return [[first, ...others], ...(index.comment === undefined ? [] : [commentOn(index)])];
}

/** Only the comment can change in place. */
export function alterIndex(before: TableIndex, after: TableIndex): Step[] | undefined {
  const same = JSON.stringify({ ...before, comment: '' }) === JSON.stringify({ ...after, comment: '' });
  return same ? [commentOn(after)] : undefined;
}

export function dropIndex({ schema, name }: TableIndex): string {
  return `DROP INDEX IF EXISTS ${qualified(schema, name)} CASCADE`;
}

function create(index: TableIndex, keyOf: (key: IndexKey) => string, isPlaceholder: boolean): string {
  const unique = index.unique ? 'UNIQUE ' : '';
  const table = qualified(index.schema, index.table);
  const statement = `CREATE ${unique}INDEX ${quoted(index.name)} ON ${table} (${index.keys.map(keyOf).join(', ')})`;
  if (!isPlaceholder) return statement;
  const text =
    `CREATE ${unique}INDEX ${shown(index.name)} ON ${shown(index.schema)}.${shown(index.table)} ` +
    `USING btree (${index.keys.map(shownKey).join(', ')})`;
  const oid = regclass(index.schema, index.name);
  const definitions = [text, ...index.keys.map(shownKey)].map((part, at) =>
    define('pg_class', oid, String(at), 'index', part),
  );
  return [statement, ...definitions].join('; ');
}

function realKey(key: IndexKey): string | undefined {
  return 'column' in key ? quoted(key.column) : postgresExpression(key.expression);
}

function shownKey(key: IndexKey): string {
  return 'column' in key ? shown(key.column) : key.expression;
}

/** A column's type may have no order in PostgreSQL (json), so its placeholder does not name it. */
function placeholderKey(key: IndexKey): string {
  return `(${nullPlaceholder(shownKey(key), 'text')})`;
}

function commentOn(index: TableIndex): Step {
  return [comment(`INDEX ${qualified(index.schema, index.name)}`, index.comment)];
}
