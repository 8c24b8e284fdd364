/** A schema. `public` is there from the start and belongs to whom PostgreSQL says. */
import { quoted } from '../names.ts';
import type { Step } from './step.ts';

export interface Namespace {
  readonly kind: 'schema';
  /** The schema itself, so that every object has one. */
  readonly schema: string;
  readonly name: string;
}

export function createNamespace({ name }: Namespace): Step[] {
  if (name === 'public') return [];
  if (isReserved(name)) {
    return [
      ["DO $$ BEGIN RAISE EXCEPTION 'names of schemas that begin with pg_ are of PostgreSQL''s own'; END $$"],
    ];
  }
  return [[`CREATE SCHEMA IF NOT EXISTS ${quoted(name)}`]];
}

export function dropNamespace({ name }: Namespace): string {
  return isReserved(name) ? 'SELECT' : `DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`;
}

/** As PostgreSQL has it; what is in such a schema cannot be shown, since some of them are the mirror's own. */
export function isReserved(schema: string): boolean {
  return schema.startsWith('pg_');
}
