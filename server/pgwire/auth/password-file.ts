/**
 * The password file: one line a user, `name:role:verifier`. Blank lines and lines that begin with # say nothing. Names
 * hold no colon; verifiers are PostgreSQL's own (`verifier.ts`).
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { Role } from '../../query/api.ts';
import type { User } from './credentials.ts';
import { parseVerifier, verifierText } from './verifier.ts';

export const roles: readonly Role[] = ['admin', 'analyst'];
export const maxUsers = 10_000;
const maxFile_bytes = 16 * 1024 * 1024;
/** PostgreSQL's longest name. */
const maxName_bytes = 63;

/** @param file named in errors */
export function parsePasswordFile(text: string, file: string): Map<string, User> {
  const users = new Map<string, User>();
  const lines = new Map<string, number>();
  for (const [at, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    try {
      const [name, user] = parseLine(line);
      const earlier = lines.get(name);
      if (earlier !== undefined) throw wrong(`user "${name}" is already in line ${earlier}`);
      lines.set(name, at + 1);
      users.set(name, user);
      if (users.size > maxUsers) throw wrong(`there are more than ${maxUsers} users`);
    } catch (error) {
      throw new SqlensError({
        sqlState: SqlState.invalidParameterValue,
        message: `${file}, line ${at + 1}: ${messageOf(error)}`,
        hint: 'A line is name:role:verifier, as "sqlens user add NAME --role analyst" writes it.',
        cause: error,
      });
    }
  }
  return users;
}

function parseLine(line: string): [name: string, user: User] {
  const [, name, role, verifier] = /^([^:]*):([^:]*):(.*)$/.exec(line.trimEnd()) ?? [];
  if (name === undefined || role === undefined || verifier === undefined) {
    throw wrong('it is not name:role:verifier');
  }
  const known = roles.find((candidate) => candidate === role);
  if (known === undefined) throw wrong(`"${role}" is not a role: ${roles.join(' or ')}`);
  return [checkedUserName(name), { role: known, secret: parseVerifier(verifier) }];
}

export function passwordLine(name: string, user: User): string {
  return `${checkedUserName(name)}:${user.role}:${verifierText(user.secret)}`;
}

/** @throws SqlensError 22023 for a name that no line can hold, or no client can send */
function checkedUserName(name: string): string {
  if (name === '') throw wrong('the user has no name');
  if (name.trim() !== name || name.startsWith('#') || /[:\p{Cc}]/u.test(name)) {
    throw wrong(
      `a user cannot be called ${JSON.stringify(name)}: no colon, no # in front, no spaces around it`,
    );
  }
  if (Buffer.byteLength(name) > maxName_bytes)
    throw wrong(`the user's name is longer than ${maxName_bytes} bytes`);
  return name;
}

/**
 * Reads a password file whole.
 * @throws SqlensError 58P01 when it cannot be read, 42501 when others may read it, 22023 naming the line that is wrong
 */
export function readPasswordFile(file: string): Map<string, User> {
  const shown = path.resolve(file);
  let text: string;
  try {
    const { mode, uid, size } = statSync(file);
    const excess = excessiveMode(mode, uid);
    if (excess !== undefined) throw tooOpen(shown, mode, excess);
    if (size > maxFile_bytes) throw wrong(`it is longer than ${maxFile_bytes} bytes`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof SqlensError && error.sqlState === SqlState.insufficientPrivilege) throw error;
    throw new SqlensError({
      sqlState: SqlState.undefinedFile,
      message: `the password file ${shown} cannot be read: ${messageOf(error)}`,
      hint: '"sqlens user add NAME --role admin --password-file FILE" makes one.',
      cause: error,
    });
  }
  return parsePasswordFile(text, shown);
}

/**
 * What a secret file's mode allows beyond its owner: nothing may, but that a group may read what belongs to root (as
 * secrets that a container is given do).
 * @returns the modes that would do, undefined when it is well
 */
export function excessiveMode(mode: number, uid: number): string | undefined {
  if (process.platform === 'win32') return undefined;
  const isRoots = uid === 0 && process.getuid?.() !== 0;
  if ((mode & (isRoots ? 0o037 : 0o077)) === 0) return undefined;
  return isRoots ? '0640' : '0600';
}

function tooOpen(file: string, mode: number, wanted: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: `the password file ${file} is open to others: its mode is ${(mode & 0o7777).toString(8).padStart(4, '0')}`,
    hint: `chmod ${wanted} ${file}`,
  });
}

function wrong(message: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message });
}
