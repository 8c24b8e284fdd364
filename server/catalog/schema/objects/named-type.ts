/**
 * CREATE TYPE: an ENUM is one in PostgreSQL too; any other is an alias in DuckDB, which a domain comes closest to. DuckDB
 * forgets the name at once (a column has the type behind it, on the wire ENUM is text), so no column refers to them.
 */
import { literal, qualified } from '../names.ts';
import { comment, type Step } from './step.ts';

export interface EnumType {
  readonly kind: 'enum';
  readonly schema: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly comment?: string;
}

export interface DomainType {
  readonly kind: 'domain';
  readonly schema: string;
  readonly name: string;
  /** PostgreSQL's type behind it. */
  readonly type: string;
  readonly comment?: string;
}

export function createEnum(type: EnumType): Step[] {
  const name = qualified(type.schema, type.name);
  const labels = type.labels.map(literal).join(', ');
  return [
    [`CREATE TYPE ${name} AS ENUM (${labels})`],
    ...(type.comment === undefined ? [] : [commentOn(type)]),
  ];
}

export function createDomain(type: DomainType): Step[] {
  const name = qualified(type.schema, type.name);
  return [
    [`CREATE DOMAIN ${name} AS ${type.type}`],
    ...(type.comment === undefined ? [] : [commentOn(type)]),
  ];
}

function commentOn(type: EnumType | DomainType): Step {
  return [comment(`TYPE ${qualified(type.schema, type.name)}`, type.comment)];
}

/** Only the comment can change in place. */
export function alterNamedType<T extends EnumType | DomainType>(before: T, after: T): Step[] | undefined {
  const same = JSON.stringify({ ...before, comment: '' }) === JSON.stringify({ ...after, comment: '' });
  return same ? [commentOn(after)] : undefined;
}

export function dropNamedType({ schema, name }: EnumType | DomainType): string {
  return `DROP TYPE IF EXISTS ${qualified(schema, name)} CASCADE`;
}
