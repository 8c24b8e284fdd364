/** Logins, as the mirror knows them: members of one of the two groups. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { ADMIN_ROLE, ANALYST_ROLE } from './names.ts';

export type MirrorRole = 'admin' | 'analyst';

const MAX_NAME_BYTES = 63;

/** Whether PostgreSQL can have a role of that name that is no name of its own. */
export function isRoleName(name: string): boolean {
  const isReserved = /^pg_/.test(name) || name === 'public' || name === 'none';
  return !isReserved && name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/**
 * Statements that make a login, or give the one there is its group.
 * @throws SqlensError 42602 for names that PostgreSQL cannot have or keeps for itself
 */
export function createRoleStatements(name: string, role: MirrorRole): readonly string[] {
  if (!isRoleName(name)) {
    throw new SqlensError({
      sqlState: SqlState.invalidName,
      message: `role name ${JSON.stringify(name.slice(0, 100))} cannot be used`,
      hint: 'Log in by a name of 1 to 63 bytes that is not "public" or "none" and does not begin with "pg_".',
    });
  }
  const identifier = `"${name.replaceAll('"', '""')}"`;
  const group = role === 'admin' ? ADMIN_ROLE : ANALYST_ROLE;
  const other = role === 'admin' ? ANALYST_ROLE : ADMIN_ROLE;
  if (name === other) {
    throw new SqlensError({
      sqlState: SqlState.invalidName,
      message: `a login named ${identifier} cannot have the role ${role}: that is the name of a role`,
      hint: 'Give the login another name.',
    });
  }
  if (name === group) return [`ALTER ROLE ${identifier} LOGIN`];
  const tag = freeTag(name);
  const make = `DO ${tag} BEGIN
      CREATE ROLE ${identifier} LOGIN;
    EXCEPTION WHEN duplicate_object THEN ALTER ROLE ${identifier} LOGIN; END ${tag}`;
  return [make, `GRANT ${group} TO ${identifier}`, `REVOKE ${other} FROM ${identifier}`];
}

/** Dollar quotes that the name does not end. */
function freeTag(name: string): string {
  let tag = '$role$';
  while (name.includes(tag)) tag = `${tag.slice(0, -1)}_$`;
  return tag;
}
