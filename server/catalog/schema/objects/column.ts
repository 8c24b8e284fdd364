/** Columns of tables and image tables: type, NOT NULL, default, generation. */
import { postgresExpression } from '../expressions.ts';
import { literal, qualified, quoted } from '../names.ts';
import { define, nullPlaceholder, regclass, type Step } from './step.ts';

export interface Column {
  readonly name: string;
  /** DuckDB's name, where PostgreSQL has to have another. */
  readonly source?: string;
  /** PostgreSQL's type. */
  readonly type: string;
  readonly notNull?: boolean;
  /** The expression as DuckDB writes it; of a generated column the one that makes it. */
  readonly default?: string;
  readonly generated?: boolean;
  readonly comment?: string;
}

interface Relation {
  readonly schema: string;
  readonly name: string;
}

/**
 * A column as CREATE TABLE and ADD COLUMN take it, without its default.
 * @param real false: the expression of a generated column is a placeholder
 */
export function columnClause(column: Column, real: boolean): string {
  const parts = [quoted(column.name), column.type];
  if (column.generated) parts.push(`GENERATED ALWAYS AS (${generation(column, real)}) STORED`);
  if (column.notNull) parts.push('NOT NULL');
  return parts.join(' ');
}

/** Whether PostgreSQL may be able to read the expressions of all generated columns. */
export function canGenerate(columns: readonly Column[]): boolean {
  return columns.every(
    (column) => !column.generated || postgresExpression(column.default ?? '') !== undefined,
  );
}

function generation(column: Column, real: boolean): string {
  const text = column.default ?? 'NULL';
  const expression = real ? postgresExpression(text) : undefined;
  return expression ?? nullPlaceholder(text, column.type);
}

/** Keeps what the placeholder of a default or a generation stands for. */
export function defineDefault(relation: Relation, column: Column): string {
  const table = regclass(relation.schema, relation.name);
  const from = `FROM pg_attribute WHERE attrelid = ${table} AND attname = ${literal(column.name)}`;
  return define('pg_class', 'attrelid', 'attnum', 'expr', column.default ?? '', from);
}

/** PostgreSQL's own reading of the default where it can read it: then it also shows it in its own way. */
export function setDefault(relation: Relation, column: Column): Step {
  const table = qualified(relation.schema, relation.name);
  const set = (expression: string) =>
    `ALTER TABLE ${table} ALTER COLUMN ${quoted(column.name)} SET DEFAULT ${expression}`;
  const text = column.default ?? 'NULL';
  const placeholder = `${set(`(${nullPlaceholder(text, column.type)})`)}; ${defineDefault(relation, column)}`;
  const real = postgresExpression(text);
  return real === undefined ? [placeholder] : [set(real), placeholder];
}

export function hasDefault(column: Column): boolean {
  return column.default !== undefined && !column.generated && column.default.toUpperCase() !== 'NULL';
}

/**
 * What makes one column into the other, which has the same name.
 * @returns undefined when PostgreSQL could not do it in place
 */
export function alterColumn(relation: Relation, before: Column, after: Column): Step[] | undefined {
  const generation = (column: Column) => (column.generated ? column.default : undefined);
  if (generation(before) !== generation(after)) return undefined;
  if (after.generated && before.type !== after.type) return undefined;
  const alter = `ALTER TABLE ${qualified(relation.schema, relation.name)} ALTER COLUMN ${quoted(after.name)}`;
  const steps: Step[] = [];
  const sameDefault = before.default === after.default && before.type === after.type;
  if (hasDefault(before) && !sameDefault) steps.push([`${alter} DROP DEFAULT`]);
  // There are no rows, so any conversion will do; a foreign table allows none.
  if (before.type !== after.type) {
    steps.push([`${alter} TYPE ${after.type} USING NULL::${after.type}`, `${alter} TYPE ${after.type}`]);
  }
  if (hasDefault(after) && !sameDefault) steps.push(setDefault(relation, after));
  if (Boolean(before.notNull) !== Boolean(after.notNull)) {
    steps.push([`${alter} ${after.notNull ? 'SET' : 'DROP'} NOT NULL`]);
  }
  return steps;
}
