/** Who may connect, and as what. */
import { randomBytes } from 'node:crypto';
import type { Role } from '../../query/api.ts';
import { mockSecret, type ScramSecret, scramSecret } from './scram.ts';

export interface User {
  readonly role: Role;
  readonly secret: ScramSecret;
}

/** One password for every user name, who then is an admin; or a password (of an admin) or a user for some names. */
export type Passwords = string | ReadonlyMap<string, string | User>;

export interface FoundUser {
  readonly secret: ScramSecret;
  /** Undefined when there is no such user: no password fits the secret then. */
  readonly role: Role | undefined;
}

/** Finds what a user has to prove. Hashes passwords once, here: a login costs the server five HMACs. */
export class Credentials {
  readonly #shared: User | undefined;
  readonly #byUser: ReadonlyMap<string, User>;
  readonly #mockKey: Buffer;
  readonly #mockLike: ScramSecret | undefined;

  /** @param predecessor whose users see the same salts, also those who do not exist */
  constructor(passwords: Passwords, predecessor?: Credentials) {
    this.#shared = typeof passwords === 'string' ? asUser(passwords) : undefined;
    const entries = typeof passwords === 'string' ? [] : [...passwords];
    this.#byUser = new Map(entries.map(([name, user]) => [name, asUser(user)]));
    this.#mockKey = predecessor?.mockKey ?? randomBytes(32);
    this.#mockLike = this.#byUser.values().next().value?.secret;
  }

  get mockKey(): Buffer {
    return this.#mockKey;
  }

  find(name: string): FoundUser {
    const user = this.#shared ?? this.#byUser.get(name);
    return user ?? { role: undefined, secret: mockSecret(name, this.#mockKey, this.#mockLike) };
  }
}

function asUser(user: string | User): User {
  return typeof user === 'string' ? { role: 'admin', secret: scramSecret(user) } : user;
}
