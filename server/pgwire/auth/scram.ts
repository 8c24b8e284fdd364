/**
 * SCRAM-SHA-256, the server's side (RFC 5802, RFC 7677): a pure exchange of strings. The server keeps no password,
 * only what it needs to check that a client knows it.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import saslprep from '@mongodb-js/saslprep';
import { SqlState } from '../../../common/errors.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';

export const scramMechanism = 'SCRAM-SHA-256';
/** PostgreSQL's default. */
const iterations = 4096;
const salt_bytes = 16;
const key_bytes = 32;
const nonce_bytes = 18;

/** What the server keeps of a password. */
export interface ScramSecret {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Derives what the server keeps; takes a few milliseconds, so do it once for each password. */
export function scramSecret(
  password: string,
  salt = randomBytes(salt_bytes),
  rounds = iterations,
): ScramSecret {
  const salted = pbkdf2Sync(normalized(password), salt, rounds, key_bytes, 'sha256');
  return {
    salt,
    iterations: rounds,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  };
}

/**
 * A secret that no password fits, for users that do not exist: an attacker must not learn from the exchange whether
 * they do, so the salt is the same each time the same name is tried.
 */
export function mockSecret(user: string, serverKey: Buffer): ScramSecret {
  return {
    salt: hmac(serverKey, `salt of ${user}`).subarray(0, salt_bytes),
    iterations,
    storedKey: randomBytes(key_bytes),
    serverKey: randomBytes(key_bytes),
  };
}

/** One authentication: `first` answers the client's first message, `final` checks the proof. */
export class ScramExchange {
  readonly #secret: ScramSecret;
  readonly #serverNonce: string;
  #gs2Header = '';
  #clientFirstBare = '';
  #serverFirst = '';

  /** @param serverNonce given only by tests of the RFC's example */
  constructor(secret: ScramSecret, serverNonce = randomBytes(nonce_bytes).toString('base64')) {
    this.#secret = secret;
    this.#serverNonce = serverNonce;
  }

  /**
   * @param clientFirst `n,,n=user,r=nonce`; the user name in it is ignored, the startup packet's counts
   * @returns the server's first message
   */
  first(clientFirst: string): string {
    const match = /^((n|y|p=[A-Za-z0-9.-]+),(a=[^,]*)?,)(.*)$/s.exec(clientFirst);
    if (match === null) throw malformedScram('malformed SCRAM message');
    const [, header = '', binding = '', authorization, bare = ''] = match;
    if (binding.startsWith('p=')) {
      throw malformedScram('the client selected SCRAM-SHA-256 without channel binding, but requires it');
    }
    if (authorization !== undefined) throw malformedScram('authorization identities are not supported');
    const attributes = /^n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?$/s.exec(bare);
    if (attributes === null) throw malformedScram('malformed SCRAM message');
    this.#gs2Header = header;
    this.#clientFirstBare = bare;
    const nonce = `${attributes[2]}${this.#serverNonce}`;
    this.#serverFirst = `r=${nonce},s=${this.#secret.salt.toString('base64')},i=${this.#secret.iterations}`;
    return this.#serverFirst;
  }

  /**
   * @param clientFinal `c=…,r=…,p=…`
   * @returns the server's last message, undefined when the proof is wrong
   */
  final(clientFinal: string): string | undefined {
    const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[^,]*)*?),p=([A-Za-z0-9+/=]+)$/s.exec(clientFinal);
    if (match === null) throw malformedScram('malformed SCRAM message');
    const [, withoutProof = '', binding = '', nonce = '', proofText = ''] = match;
    if (Buffer.from(binding, 'base64').toString('latin1') !== this.#gs2Header) {
      throw malformedScram('unexpected SCRAM channel-binding attribute in client-final-message');
    }
    if (!this.#serverFirst.startsWith(`r=${nonce},`)) throw malformedScram('invalid SCRAM nonce');
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== key_bytes) throw malformedScram('malformed SCRAM proof');
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(this.#secret.storedKey, authMessage);
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] ?? 0)));
    if (!timingSafeEqual(sha256(clientKey), this.#secret.storedKey)) return undefined;
    return `v=${hmac(this.#secret.serverKey, authMessage).toString('base64')}`;
  }
}

/** RFC 5802 normalises by SASLprep; what that prohibits is used as it is, as PostgreSQL does. */
function normalized(password: string): string {
  try {
    return saslprep(password);
  } catch {
    return password;
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function malformedScram(message: string): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.protocolViolation,
    message,
    hint: 'The client library does not follow SCRAM-SHA-256 as this server offers it.',
  });
}
