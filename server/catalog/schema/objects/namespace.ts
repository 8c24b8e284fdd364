/** A schema. `public` is there from the start and belongs to whom PostgreSQL says. */
import { quoted } from '../names.ts';
import { OWNER, READER, type Step } from './step.ts';

export interface Namespace {
  readonly kind: 'schema';
  /** The schema itself, so that every object has one. */
  readonly schema: string;
  readonly name: string;
}

export function createNamespace({ name }: Namespace): Step[] {
  if (name === 'public') return [];
  const schema = quoted(name);
  return [
    [
      `CREATE SCHEMA IF NOT EXISTS ${schema}; ALTER SCHEMA ${schema} OWNER TO ${OWNER}; ` +
        `GRANT USAGE ON SCHEMA ${schema} TO ${READER}`,
    ],
  ];
}

export function dropNamespace({ name }: Namespace): string {
  return `DROP SCHEMA IF EXISTS ${quoted(name)} CASCADE`;
}
