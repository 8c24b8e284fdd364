/** Who may connect. */
import { randomBytes } from 'node:crypto';
import { mockSecret, type ScramSecret, scramSecret } from './scram.ts';

/** One password for every user name, or one for each of some names. */
export type Passwords = string | ReadonlyMap<string, string>;

/** Finds the secret of a user; a user who does not exist gets one that no password fits. */
export class Credentials {
  readonly #shared: ScramSecret | undefined;
  readonly #byUser: ReadonlyMap<string, ScramSecret>;
  readonly #mockKey = randomBytes(32);

  constructor(passwords: Passwords) {
    this.#shared = typeof passwords === 'string' ? scramSecret(passwords) : undefined;
    const entries = typeof passwords === 'string' ? [] : [...passwords];
    this.#byUser = new Map(entries.map(([user, password]) => [user, scramSecret(password)]));
  }

  secretOf(user: string): ScramSecret {
    return this.#shared ?? this.#byUser.get(user) ?? mockSecret(user, this.#mockKey);
  }
}
