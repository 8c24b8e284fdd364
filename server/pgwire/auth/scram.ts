/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, RFC 7677, RFC 5929): a pure exchange of strings.
 * The server keeps no password, only what it needs to check that a client knows it.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import saslprep from '@mongodb-js/saslprep';
import { SqlState } from '../../../common/errors.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';

export const scramMechanism = 'SCRAM-SHA-256';
/** The same, bound to the TLS connection that it runs over. */
export const scramPlusMechanism = 'SCRAM-SHA-256-PLUS';
/** The only binding that PostgreSQL's clients know. */
const bindingType = 'tls-server-end-point';
/** PostgreSQL's default. */
const iterations = 4096;
const salt_bytes = 16;
export const key_bytes = 32;
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
  salt: Buffer = randomBytes(salt_bytes),
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
 * @param like a secret of a user who exists: the mock has its number of iterations and its length of salt
 */
export function mockSecret(user: string, serverKey: Buffer, like?: ScramSecret): ScramSecret {
  const length_bytes = Math.min(like?.salt.length ?? salt_bytes, key_bytes);
  return {
    salt: hmac(serverKey, `salt of ${user}`).subarray(0, length_bytes),
    iterations: like?.iterations ?? iterations,
    storedKey: randomBytes(key_bytes),
    serverKey: randomBytes(key_bytes),
  };
}

export type ScramMechanism = typeof scramMechanism | typeof scramPlusMechanism;

export interface ScramBinding {
  /** What the client chose. */
  readonly mechanism: ScramMechanism;
  /** tls-server-end-point: the hash of our certificate; undefined when channel binding was not offered. */
  readonly endPoint: Buffer | undefined;
}

const unbound: ScramBinding = { mechanism: scramMechanism, endPoint: undefined };

/** One authentication: `first` answers the client's first message, `final` checks the proof. */
export class ScramExchange {
  readonly #secret: ScramSecret;
  readonly #binding: ScramBinding;
  readonly #serverNonce: string;
  #gs2Header = '';
  #clientFirstBare = '';
  #serverFirst = '';

  /** @param serverNonce given only by tests of the RFC's example */
  constructor(
    secret: ScramSecret,
    binding: ScramBinding = unbound,
    serverNonce = randomBytes(nonce_bytes).toString('base64'),
  ) {
    this.#secret = secret;
    this.#binding = binding;
    this.#serverNonce = serverNonce;
  }

  /**
   * @param clientFirst `n,,n=user,r=nonce`; the user name in it is ignored, the startup packet's counts
   * @returns the server's first message
   * @throws FatalProtocolError 08P01, 0A000; 28000 when someone has hidden channel binding from the client
   */
  first(clientFirst: string): string {
    const match = /^((n|y|p=[^,]*),(a=[^,]*)?,)(.*)$/s.exec(clientFirst);
    if (match === null) throw malformedScram('malformed SCRAM message');
    const [, header = '', flag = '', authorization, bare = ''] = match;
    this.#checkFlag(flag);
    if (authorization !== undefined) {
      throw unsupported('client uses authorization identity, but it is not supported');
    }
    if (bare.startsWith('m=')) throw unsupported('client requires an unsupported SCRAM extension');
    const attributes = /^n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?$/s.exec(bare);
    if (attributes === null) throw malformedScram('malformed SCRAM message');
    this.#gs2Header = header;
    this.#clientFirstBare = bare;
    const nonce = `${attributes[2]}${this.#serverNonce}`;
    this.#serverFirst = `r=${nonce},s=${this.#secret.salt.toString('base64')},i=${this.#secret.iterations}`;
    return this.#serverFirst;
  }

  /** @param flag n: the client cannot bind; y: it could, but thinks that we cannot; p=…: it binds */
  #checkFlag(flag: string): void {
    const { mechanism, endPoint } = this.#binding;
    const binds = flag.startsWith('p');
    if (binds !== (mechanism === scramPlusMechanism)) {
      throw malformedScram(
        'malformed SCRAM message',
        binds
          ? `The client selected ${scramMechanism} without channel binding, but the SCRAM message includes channel binding data.`
          : `The client selected ${scramPlusMechanism}, but the SCRAM message does not include channel binding data.`,
      );
    }
    if (flag === 'y' && endPoint !== undefined) {
      throw new FatalProtocolError({
        sqlState: SqlState.invalidAuthorizationSpecification,
        message: 'SCRAM channel binding negotiation error',
        detail:
          'The client supports SCRAM channel binding but thinks the server does not. However, this server does support channel binding.',
        hint: 'Something between the client and this server may have removed the offer: check the certificate that the client sees.',
      });
    }
    if (binds && flag !== `p=${bindingType}`) {
      throw malformedScram(`unsupported SCRAM channel-binding type ${JSON.stringify(flag.slice(2))}`);
    }
  }

  /**
   * @param clientFinal `c=…,r=…,p=…`
   * @returns the server's last message, undefined when the proof is wrong
   * @throws FatalProtocolError 08P01; 28000 when the client sees another certificate than ours
   */
  final(clientFinal: string): string | undefined {
    const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[^,]*)*?),p=([A-Za-z0-9+/=]+)$/s.exec(clientFinal);
    if (match === null) throw malformedScram('malformed SCRAM message');
    const [, withoutProof = '', binding = '', nonce = '', proofText = ''] = match;
    this.#checkBinding(Buffer.from(binding, 'base64'));
    if (!this.#serverFirst.startsWith(`r=${nonce},`)) throw malformedScram('invalid SCRAM nonce');
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== key_bytes) throw malformedScram('malformed SCRAM proof');
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(this.#secret.storedKey, authMessage);
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] ?? 0)));
    if (!timingSafeEqual(sha256(clientKey), this.#secret.storedKey)) return undefined;
    return `v=${hmac(this.#secret.serverKey, authMessage).toString('base64')}`;
  }

  #checkBinding(given: Buffer): void {
    const { mechanism, endPoint } = this.#binding;
    const header = Buffer.from(this.#gs2Header, 'latin1');
    if (mechanism === scramMechanism || endPoint === undefined) {
      if (given.equals(header)) return;
      throw malformedScram('unexpected SCRAM channel-binding attribute in client-final-message');
    }
    if (given.equals(Buffer.concat([header, endPoint]))) return;
    throw new FatalProtocolError({
      sqlState: SqlState.invalidAuthorizationSpecification,
      message: 'SCRAM channel binding check failed',
      hint: 'The client sees another certificate than this server has: something reads along between them.',
    });
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

function malformedScram(message: string, detail?: string): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.protocolViolation,
    message,
    ...(detail === undefined ? {} : { detail }),
    hint: `The client library does not follow ${scramMechanism} as this server offers it.`,
  });
}

function unsupported(message: string): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.featureNotSupported,
    message,
    hint: 'Connect as the user whose password is given, with a client that needs no extension.',
  });
}
