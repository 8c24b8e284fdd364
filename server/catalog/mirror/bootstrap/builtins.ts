/** Ways to put a function of ours in the place of one that PostgreSQL brings. */
import { OWN_SCHEMA } from '../names.ts';

/** OIDs below are PostgreSQL's own; ours come after. */
export const FIRST_OWN_OID = 16_384;

/**
 * Moves a builtin out of the way, as `native_<name>` in our schema. CREATE OR REPLACE would not do: a builtin is called
 * by its OID, whatever pg_proc says of it. Doing it again changes nothing.
 *
 * @param argumentTypes as oidvectortypes() prints them: "oid, boolean"
 */
export function moveBuiltin(name: string, argumentTypes: string): string {
  return `UPDATE pg_catalog.pg_proc SET proname = 'native_${name}', pronamespace = '${OWN_SCHEMA}'::regnamespace
    WHERE oid < ${FIRST_OWN_OID} AND proname = '${name}' AND pronamespace = 'pg_catalog'::regnamespace
      AND pg_catalog.oidvectortypes(proargtypes) = '${argumentTypes}'`;
}

/** Takes builtins away whatever their arguments are: nothing of ours calls them. */
export function removeBuiltins(...names: readonly string[]): string {
  return `DELETE FROM pg_catalog.pg_proc
    WHERE oid < ${FIRST_OWN_OID} AND pronamespace = 'pg_catalog'::regnamespace
      AND proname IN (${names.map((name) => `'${name}'`).join(', ')})`;
}

/** Keeps everybody but the superuser from calling builtins. */
export function revokeBuiltins(...names: readonly string[]): string {
  return `UPDATE pg_catalog.pg_proc SET proacl = ARRAY[pg_catalog.makeaclitem(10, 10, 'EXECUTE', false)]
    WHERE oid < ${FIRST_OWN_OID} AND pronamespace = 'pg_catalog'::regnamespace
      AND proname IN (${names.map((name) => `'${name}'`).join(', ')})`;
}

export const native = (name: string): string => `${OWN_SCHEMA}.native_${name}`;
