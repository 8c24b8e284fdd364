/** TLS as this server offers it: what is made of certificate and key, and the handshake on a socket. */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';
import { ClientGone } from '../output.ts';
import { endPointHash } from './certificate-hash.ts';

/** PEM. */
export interface TlsPem {
  /** The certificate, and behind it those that lead to the root. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Further certificates of the chain. */
  readonly chain?: string | Buffer | undefined;
}

export interface TlsIdentity {
  readonly context: SecureContext;
  /** What a login over this certificate is bound to; undefined where that is not defined. */
  readonly endPoint: Buffer | undefined;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** What PostgreSQL's clients name when they begin with TLS at once (sslnegotiation=direct). */
const alpn = 'postgresql';

// As PostgreSQL has it: no renegotiation, no tickets (sessions are not resumed), no compression.
const secureOptions =
  constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_COMPRESSION;

/** @throws SqlensError 22023 saying what is wrong with the certificate or the key */
export function tlsIdentity({ cert, key, chain }: TlsPem): TlsIdentity {
  const keyText = key.toString();
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m.test(keyText)) {
    throw unusable(
      'the private key has a passphrase',
      'There is nobody to ask for it at start: write it without one, openssl pkey -in key.pem -out plain.pem, readable by the server alone.',
    );
  }
  try {
    const certificate = new X509Certificate(cert);
    // OpenSSL itself minds only when both are of one type.
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('they do not belong together');
    const certificates = chain === undefined ? cert : `${cert.toString()}\n${chain.toString()}`;
    return {
      context: createSecureContext({
        cert: certificates,
        key,
        minVersion: 'TLSv1.2',
        honorCipherOrder: true,
        secureOptions,
      }),
      endPoint: endPointHash(certificate.raw),
      validFrom: new Date(certificate.validFrom),
      validTo: new Date(certificate.validTo),
    };
  } catch (error) {
    throw unusable(
      `the certificate and the private key cannot be used: ${messageOf(error)}`,
      'Both are files in PEM form, and the key must be the certificate’s.',
      error,
    );
  }
}

/**
 * The server's side of a handshake.
 * @param socket nobody else reads from it; bytes of the handshake that were read may be put back by `unshift`
 * @param direct the client began with TLS, without asking: it must then name the protocol (ALPN)
 * @throws FatalProtocolError, ClientGone
 */
export async function acceptTls(socket: Socket, identity: TlsIdentity, direct: boolean): Promise<TLSSocket> {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: identity.context,
    ALPNProtocols: [alpn],
  });
  await new Promise<void>((resolve, reject) => {
    secure.once('secure', resolve);
    secure.once('error', (cause) => reject(handshakeFailed(cause)));
    secure.once('close', () => reject(new ClientGone()));
  });
  if (direct && secure.alpnProtocol !== alpn) {
    secure.destroy();
    throw new FatalProtocolError({
      sqlState: SqlState.protocolViolation,
      message: 'received direct SSL connection request without ALPN protocol negotiation extension',
      hint: `Begin with SSLRequest, or offer the application protocol "${alpn}".`,
    });
  }
  return secure;
}

function handshakeFailed(cause: Error): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.connectionFailure,
    message: `could not accept the TLS connection: ${cause.message}`,
    hint: 'Check that the client and the server share a TLS version, and that the client trusts the certificate.',
    cause,
  });
}

function unusable(message: string, hint: string, cause?: unknown): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint, cause });
}
