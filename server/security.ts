/** The files that say who may connect and by which certificate: read at start, again on demand and when they change. */
import { readFileSync, statSync, unwatchFile, watchFile } from 'node:fs';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../common/errors.ts';
import {
  excessiveMode,
  type Passwords,
  readPasswordFile,
  type TlsIdentity,
  type TlsPem,
  type WireLogger,
  type WireServer,
} from './pgwire/index.ts';
import type { Role } from './query/api.ts';

export interface SecurityOptions {
  /** One password for every user; excludes `passwordFile`. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsChain: string | undefined;
}

/** How often the password file is looked at. Polling sees renames and bind mounts too. */
const pollInterval_ms = 2_000;

export class Security {
  readonly #options: SecurityOptions;
  readonly #logger: WireLogger;
  readonly passwords: Passwords | undefined;
  readonly tls: TlsPem | undefined;
  #logins: ReadonlyMap<string, Role> = new Map();
  #wire: WireServer | undefined;

  /** @throws SqlensError for a file that cannot be used, or a password file without users */
  constructor(options: SecurityOptions, logger: WireLogger) {
    this.#options = options;
    this.#logger = logger;
    this.passwords = this.#readPasswords();
    if (typeof this.passwords === 'object') this.#logins = loginsOf(this.passwords);
    this.tls = this.#readTls();
    if (typeof this.passwords === 'object' && this.passwords.size === 0) {
      throw new SqlensError({
        sqlState: SqlState.invalidParameterValue,
        message: `the password file ${options.passwordFile ?? ''} has no users`,
        hint: `sqlens user add NAME --role admin --password-file ${options.passwordFile ?? 'FILE'}`,
      });
    }
  }

  /** The users of the password file. */
  get logins(): ReadonlyMap<string, Role> {
    return this.#logins;
  }

  /** True when there is something to read again. */
  get hasFiles(): boolean {
    return this.#options.passwordFile !== undefined || this.#options.tlsCert !== undefined;
  }

  /** From now on the server gets what changes. */
  follow(wire: WireServer, interval_ms = pollInterval_ms): void {
    this.#wire = wire;
    if (wire.tls !== undefined) this.#warnOfDates(wire.tls);
    const file = this.#options.passwordFile;
    if (file !== undefined)
      watchFile(file, { interval: interval_ms, persistent: false }, this.#onPasswordFile);
  }

  close(): void {
    this.#wire = undefined;
    const file = this.#options.passwordFile;
    if (file !== undefined) unwatchFile(file, this.#onPasswordFile);
  }

  /** Reads every file again. One that cannot be used is logged, and what was read from it before stays. */
  reload(): void {
    this.#reloadPasswords();
    const { tlsCert } = this.#options;
    this.#attempt('the TLS certificate', () => {
      const pem = this.#readTls();
      if (pem === undefined || this.#wire === undefined) return;
      const identity = this.#wire.useTls(pem);
      this.#logger.info(
        { file: tlsCert, validTo: identity.validTo.toISOString() },
        'the TLS certificate was read again',
      );
      this.#warnOfDates(identity);
    });
  }

  #warnOfDates({ validFrom, validTo }: TlsIdentity): void {
    const now = new Date();
    const file = this.#options.tlsCert;
    if (now < validFrom)
      this.#logger.warn({ file, validFrom: validFrom.toISOString() }, 'the TLS certificate is not valid yet');
    if (now > validTo)
      this.#logger.warn({ file, validTo: validTo.toISOString() }, 'the TLS certificate has expired');
  }

  readonly #onPasswordFile = (): void => this.#reloadPasswords();

  #reloadPasswords(): void {
    const { passwordFile } = this.#options;
    if (passwordFile === undefined) return;
    this.#attempt('the password file', () => {
      const users = readPasswordFile(passwordFile);
      this.#wire?.usePasswords(users);
      this.#logins = loginsOf(users);
      this.#logger.info({ file: passwordFile, users: users.size }, 'the password file was read again');
    });
  }

  #attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const hint = error instanceof SqlensError ? error.hint : undefined;
      this.#logger.error({ err: error, hint }, `${what} was not replaced: ${messageOf(error)}`);
    }
  }

  #readPasswords(): Passwords | undefined {
    const { password, passwordFile } = this.#options;
    return passwordFile === undefined ? password : readPasswordFile(passwordFile);
  }

  #readTls(): TlsPem | undefined {
    const { tlsCert, tlsKey, tlsChain } = this.#options;
    if (tlsCert === undefined || tlsKey === undefined) return undefined;
    const pem = {
      cert: readPem('tls-cert', tlsCert),
      key: readPem('tls-key', tlsKey),
      chain: tlsChain === undefined ? undefined : readPem('tls-chain', tlsChain),
    };
    const { mode, uid } = statSync(tlsKey);
    const wanted = excessiveMode(mode, uid);
    if (wanted !== undefined) {
      this.#logger.warn({ file: tlsKey, hint: `chmod ${wanted}` }, 'the private key can be read by others');
    }
    return pem;
  }
}

function loginsOf(users: Exclude<Passwords, string>): ReadonlyMap<string, Role> {
  return new Map([...users].map(([name, user]) => [name, typeof user === 'string' ? 'admin' : user.role]));
}

function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.undefinedFile,
      message: `--${option} ${path.resolve(file)} cannot be read: ${messageOf(error)}`,
      hint: 'It takes the path of a file in PEM form.',
      cause: error,
    });
  }
}
