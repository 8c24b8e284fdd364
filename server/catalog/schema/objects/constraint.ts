/** PRIMARY KEY, UNIQUE, CHECK and FOREIGN KEY; NOT NULL is the column's. */
import { unreachable } from '../../../../common/errors.ts';
import { postgresExpression } from '../expressions.ts';
import { literal, qualified, quoted } from '../names.ts';
import { define, regclass, type Step, truePlaceholder } from './step.ts';

interface OfTable {
  readonly kind: 'constraint';
  readonly schema: string;
  readonly table: string;
  /** The name that PostgreSQL would choose: DuckDB keeps none. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Counts those of one table that are otherwise the same. */
  readonly nth?: number;
}

export interface KeyConstraint extends OfTable {
  readonly type: 'primary key' | 'unique';
}

export interface CheckConstraint extends OfTable {
  readonly type: 'check';
  readonly expression: string;
}

export interface ForeignKey extends OfTable {
  readonly type: 'foreign key';
  /** A table of the same schema: DuckDB allows no other. */
  readonly referenced: string;
  readonly referencedColumns: readonly string[];
}

export type Constraint = KeyConstraint | CheckConstraint | ForeignKey;

export function createConstraint(constraint: Constraint): Step[] {
  const columns = list(constraint.columns);
  switch (constraint.type) {
    case 'primary key':
      return [[add(constraint, `PRIMARY KEY (${columns})`)]];
    case 'unique':
      return [[add(constraint, `UNIQUE (${columns})`)]];
    case 'foreign key': {
      const target = `${qualified(constraint.schema, constraint.referenced)} (${list(constraint.referencedColumns)})`;
      return [[add(constraint, `FOREIGN KEY (${columns}) REFERENCES ${target}`)]];
    }
    case 'check':
      return [check(constraint)];
    default:
      return unreachable(constraint);
  }
}

/** The same but for its name. @returns undefined when it is another */
export function alterConstraint(before: Constraint, after: Constraint): Step[] | undefined {
  if (JSON.stringify({ ...before, name: '' }) !== JSON.stringify({ ...after, name: '' })) return undefined;
  const table = qualified(after.schema, after.table);
  return [[`ALTER TABLE ${table} RENAME CONSTRAINT ${quoted(before.name)} TO ${quoted(after.name)}`]];
}

export function dropConstraint({ schema, table, name }: Constraint): string {
  return `ALTER TABLE IF EXISTS ${qualified(schema, table)} DROP CONSTRAINT IF EXISTS ${quoted(name)} CASCADE`;
}

function check(constraint: CheckConstraint): Step {
  const text = constraint.expression;
  const definition = define(
    'pg_constraint',
    'oid',
    '0',
    'constraint',
    `CHECK (${text})`,
    `FROM pg_constraint WHERE conrelid = ${regclass(constraint.schema, constraint.table)}
     AND conname = ${literal(constraint.name)}`,
  );
  const placeholder = `${add(constraint, `CHECK (${truePlaceholder(text)})`)}; ${definition}`;
  const real = postgresExpression(text);
  return real === undefined ? [placeholder] : [add(constraint, `CHECK (${real})`), placeholder];
}

function add({ schema, table, name }: Constraint, what: string): string {
  return `ALTER TABLE ${qualified(schema, table)} ADD CONSTRAINT ${quoted(name)} ${what}`;
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join(', ');
}
