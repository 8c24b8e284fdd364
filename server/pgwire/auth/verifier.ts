/** What is kept of a password, as text: PostgreSQL's own form, so that lines can be copied from pg_authid. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { key_bytes, type ScramSecret } from './scram.ts';

/** More would let one login take seconds of the client's time; PostgreSQL's default is 4096. */
const maxIterations = 10_000_000;
const maxSalt_bytes = 1024;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, binary parts in base64. */
export function verifierText(secret: ScramSecret): string {
  const [salt, storedKey, serverKey] = [secret.salt, secret.storedKey, secret.serverKey].map((bytes) =>
    bytes.toString('base64'),
  );
  return `SCRAM-SHA-256$${secret.iterations}:${salt}$${storedKey}:${serverKey}`;
}

/** @throws SqlensError 22023 saying what is wrong with it, never what it is */
export function parseVerifier(text: string): ScramSecret {
  const match = /^SCRAM-SHA-256\$(\d{1,9}):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text);
  if (match === null) throw notVerifier(problemOf(text));
  const [, rounds, salt, storedKey, serverKey] = match;
  const secret = {
    iterations: Number(rounds),
    salt: decoded(salt, 'salt'),
    storedKey: decoded(storedKey, 'StoredKey'),
    serverKey: decoded(serverKey, 'ServerKey'),
  };
  if (secret.iterations < 1 || secret.iterations > maxIterations) {
    throw notVerifier(`its number of iterations is not between 1 and ${maxIterations}`);
  }
  if (secret.salt.length < 1 || secret.salt.length > maxSalt_bytes) throw notVerifier('its salt is too long');
  if (secret.storedKey.length !== key_bytes || secret.serverKey.length !== key_bytes) {
    throw notVerifier(`its keys have not ${key_bytes} bytes each`);
  }
  return secret;
}

function problemOf(text: string): string {
  if (/^md5[0-9a-f]{32}$/.test(text)) return 'it is an MD5 hash, which this server does not take';
  if (text.startsWith('SCRAM-SHA-256$')) return 'it is cut short or garbled';
  return 'it does not begin with SCRAM-SHA-256$';
}

function decoded(text: string | undefined, part: string): Buffer {
  if (text === undefined || !base64.test(text)) throw notVerifier(`its ${part} is not base64`);
  return Buffer.from(text, 'base64');
}

function notVerifier(problem: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `the verifier cannot be read: ${problem}`,
    hint: '"sqlens user add NAME --role analyst" makes such lines; rolpassword of PostgreSQL\'s pg_authid fits too.',
  });
}
