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
  return [[`CREATE SCHEMA IF NOT EXISTS ${quoted(name)}`]];
}

export function dropNamespace({ name }: Namespace): string {
  return `DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`;
}
