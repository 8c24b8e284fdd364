/** `sqlens user add | list | remove`: the lines of a password file. Passwords never come from the command line. */
import { chmodSync, chownSync, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf, SqlensError, SqlState } from '../common/errors.ts';
import { passwordLine, readPasswordFile, roles, scramSecret, type User } from './pgwire/index.ts';
import type { Role } from './query/api.ts';

export const USER_USAGE = `Usage: sqlens user add NAME --role admin|analyst [--password-file FILE]
       sqlens user remove NAME [--password-file FILE]
       sqlens user list [--password-file FILE]

The file may also be named by SQLENS_PASSWORD_FILE. "add" asks for the password, or reads the first line of its input;
for a user who is there already it sets password and role anew. A running server sees changes within seconds.
`;

/** The largest password that is read. */
const maxPassword_bytes = 1024;

export interface UserCommandIo {
  print(text: string): void;
  /** The new password; undefined when the input ended without one. */
  readPassword(prompt: string): Promise<string | undefined>;
  /** Whether a person answers, who may mistype. */
  readonly isInteractive: boolean;
}

/** @returns the exit code */
export async function userCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  io: UserCommandIo,
): Promise<number> {
  const { positionals, values } = parsed(args);
  const [verb, name, ...more] = positionals;
  const file = values['password-file'] ?? environment.SQLENS_PASSWORD_FILE;
  if (file === undefined || file === '') {
    throw usage('which password file?', 'Name it with --password-file, as for "sqlens serve".');
  }
  if (verb === 'list' && name === undefined) return list(file, io);
  if (verb === 'remove' && name !== undefined && more.length === 0) return remove(file, name, io);
  if (verb === 'add' && name !== undefined && more.length === 0) {
    return add(file, name, roleOf(values.role), io);
  }
  throw usage(`"user ${positionals.join(' ')}" cannot be understood`, 'sqlens user --help');
}

async function add(file: string, name: string, role: Role, io: UserCommandIo): Promise<number> {
  const users = existsSync(file) ? readPasswordFile(file) : new Map<string, User>();
  const isNew = !users.has(name);
  // The name is checked before anyone types a password for it.
  passwordLine(name, { role, secret: scramSecret('') });
  const password = await io.readPassword(`Password for ${name}: `);
  if (password === undefined || password === '') {
    throw usage('the password is empty', 'Type one, or give it as the first line of the input.');
  }
  if (Buffer.byteLength(password) > maxPassword_bytes) {
    throw usage(`the password is longer than ${maxPassword_bytes} bytes`, 'Choose a shorter one.');
  }
  if (io.isInteractive && (await io.readPassword('Again: ')) !== password) {
    throw usage('the two passwords differ', 'Nothing was changed; try again.');
  }
  users.set(name, { role, secret: scramSecret(password) });
  write(file, users);
  io.print(`${isNew ? 'added' : 'changed'} ${name} (${role}) in ${file}\n`);
  return 0;
}

function remove(file: string, name: string, io: UserCommandIo): number {
  const users = readPasswordFile(file);
  if (!users.delete(name)) {
    throw new SqlensError({
      sqlState: SqlState.undefinedObject,
      message: `there is no user "${name}" in ${file}`,
      hint: 'sqlens user list shows who is there.',
    });
  }
  write(file, users);
  io.print(`removed ${name} from ${file}; sessions that are open stay open\n`);
  return 0;
}

function list(file: string, io: UserCommandIo): number {
  for (const [name, { role }] of readPasswordFile(file)) io.print(`${role.padEnd(8)} ${name}\n`);
  return 0;
}

/** Beside the file and then in its place, so that a server never reads half of it. */
function write(file: string, users: ReadonlyMap<string, User>): void {
  const draft = `${file}.${process.pid}.draft`;
  const lines = [...users].map(([name, user]) => `${passwordLine(name, user)}\n`);
  try {
    const existing = statSync(file, { throwIfNoEntry: false });
    writeFileSync(draft, lines.join(''), { mode: 0o600, flag: 'wx' });
    if (existing !== undefined) {
      chmodSync(draft, existing.mode & 0o777);
      // Root may change another's file; its owner must be able to read it still.
      if (process.getuid?.() === 0) chownSync(draft, existing.uid, existing.gid);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new SqlensError({
      sqlState: SqlState.ioError,
      message: `${file} cannot be written: ${messageOf(error)}`,
      hint: 'Run this as the user who owns the file and its folder.',
      cause: error,
    });
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { role: { type: 'string' }, 'password-file': { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw usage(messageOf(error), 'sqlens user --help');
  }
}

function roleOf(text: string | undefined): Role {
  const role = roles.find((candidate) => candidate === text);
  if (role !== undefined) return role;
  throw usage(
    text === undefined ? 'which role?' : `"${text}" is not a role`,
    `Give --role ${roles.join(' or --role ')}.`,
  );
}

function usage(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}
