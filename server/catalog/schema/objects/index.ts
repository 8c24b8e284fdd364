/** Every kind of object that the mirror holds: what makes it, what changes it in place, what removes it. */
import { unreachable } from '../../../../common/errors.ts';
import { alterConstraint, type Constraint, createConstraint, dropConstraint } from './constraint.ts';
import {
  alterNamedType,
  createDomain,
  createEnum,
  type DomainType,
  dropNamedType,
  type EnumType,
} from './named-type.ts';
import { createNamespace, dropNamespace, type Namespace } from './namespace.ts';
import { alterSequence, createSequence, dropSequence, type Sequence } from './sequence.ts';
import { alterFunction, createFunction, dropFunction, type SqlFunction } from './sql-function.ts';
import type { Step } from './step.ts';
import { alterTable, createTable, dropTable, type ImageTable, type Table } from './table.ts';
import { alterIndex, createIndex, dropIndex, type TableIndex } from './table-index.ts';
import { alterView, createView, dropView, type View } from './view.ts';

export type SchemaObject =
  | Namespace
  | EnumType
  | DomainType
  | Sequence
  | Table
  | ImageTable
  | View
  | Constraint
  | TableIndex
  | SqlFunction;

export type { Step } from './step.ts';

/** What an object is known by; two objects of one id are the same, before and after. */
export function idOf(object: SchemaObject): string {
  return JSON.stringify(identity(object));
}

function identity(object: SchemaObject): readonly unknown[] {
  const { kind, schema, name } = object;
  switch (kind) {
    case 'constraint':
      return [kind, schema, object.table, object.type, object.columns, detailOf(object), object.nth ?? 0];
    case 'function':
      return [kind, schema, name, object.arguments.map(({ type }) => type)];
    default:
      return [kind, schema, name];
  }
}

function detailOf(constraint: Constraint): string {
  return constraint.type === 'check' ? constraint.expression : '';
}

/** The place in which kinds are made; they are removed in the opposite order. */
export function rankOf(object: SchemaObject): number {
  switch (object.kind) {
    case 'schema':
      return 0;
    case 'enum':
    case 'domain':
      return 1;
    case 'sequence':
      return 2;
    case 'table':
    case 'image table':
      return 3;
    case 'view':
      return 4;
    case 'constraint':
      return object.type === 'foreign key' ? 6 : 5;
    case 'index':
      return 7;
    case 'function':
      return 8;
    default:
      return unreachable(object);
  }
}

export function createSteps(object: SchemaObject): Step[] {
  switch (object.kind) {
    case 'schema':
      return createNamespace(object);
    case 'enum':
      return createEnum(object);
    case 'domain':
      return createDomain(object);
    case 'sequence':
      return createSequence(object);
    case 'table':
    case 'image table':
      return createTable(object);
    case 'view':
      return createView(object);
    case 'constraint':
      return createConstraint(object);
    case 'index':
      return createIndex(object);
    case 'function':
      return createFunction(object);
    default:
      return unreachable(object);
  }
}

/** @returns undefined when the object must be removed and made anew */
export function alterSteps(before: SchemaObject, after: SchemaObject): Step[] | undefined {
  if (before.kind === 'table' && after.kind === 'table') return alterTable(before, after);
  if (before.kind === 'image table' && after.kind === 'image table') return alterTable(before, after);
  if (before.kind === 'view' && after.kind === 'view') return alterView(before, after);
  if (before.kind === 'sequence' && after.kind === 'sequence') return alterSequence(before, after);
  if (before.kind === 'constraint' && after.kind === 'constraint') return alterConstraint(before, after);
  if (before.kind === 'index' && after.kind === 'index') return alterIndex(before, after);
  if (before.kind === 'function' && after.kind === 'function') return alterFunction(before, after);
  if (before.kind === 'enum' && after.kind === 'enum') return alterNamedType(before, after);
  if (before.kind === 'domain' && after.kind === 'domain') return alterNamedType(before, after);
  return undefined;
}

export function dropStatement(object: SchemaObject): string {
  switch (object.kind) {
    case 'schema':
      return dropNamespace(object);
    case 'enum':
    case 'domain':
      return dropNamedType(object);
    case 'sequence':
      return dropSequence(object);
    case 'table':
    case 'image table':
      return dropTable(object);
    case 'view':
      return dropView(object);
    case 'constraint':
      return dropConstraint(object);
    case 'index':
      return dropIndex(object);
    case 'function':
      return dropFunction(object);
    default:
      return unreachable(object);
  }
}
