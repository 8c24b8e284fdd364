/** The hash of a certificate that tls-server-end-point binds a login to (RFC 5929, section 4.1). */
import { createHash } from 'node:crypto';

/** Signature algorithms as DER writes their object identifiers, and the hash to take. MD5 and SHA-1 become SHA-256. */
const hashes: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010104', 'sha256'], // md5WithRSAEncryption
  ['2a864886f70d010105', 'sha256'], // sha1WithRSAEncryption
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a864886f70d01010e', 'sha224'],
  ['2a8648ce3d0401', 'sha256'], // ecdsa-with-SHA1
  ['2a8648ce3d040301', 'sha224'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
]);

/**
 * @param der an X.509 certificate
 * @returns undefined where the algorithm names no single hash (Ed25519), or names it where older clients do not look
 *   (RSA-PSS): they would fail on an offer that they take for granted
 */
export function endPointHash(der: Buffer): Buffer | undefined {
  const algorithm = signatureAlgorithm(der);
  const hash = algorithm === undefined ? undefined : hashes.get(algorithm.toString('hex'));
  return hash === undefined ? undefined : createHash(hash).update(der).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm OBJECT IDENTIFIER, … }, … } */
function signatureAlgorithm(der: Buffer): Buffer | undefined {
  const certificate = element(der, 0);
  const signed = certificate && element(der, certificate.from);
  const algorithm = signed && element(der, signed.to);
  const identifier = algorithm && element(der, algorithm.from);
  if (identifier?.tag !== 0x06) return undefined;
  return der.subarray(identifier.from, identifier.to);
}

interface Element {
  readonly tag: number;
  /** Where its content begins and ends. */
  readonly from: number;
  readonly to: number;
}

function element(der: Buffer, at: number): Element | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  // Above 127 the byte says how many bytes of length follow.
  const more_bytes = first < 0x80 ? 0 : first - 0x80;
  const from = at + 2 + more_bytes;
  if (more_bytes > 4 || from > der.length) return undefined;
  const length_bytes = more_bytes === 0 ? first : der.readUIntBE(at + 2, more_bytes);
  const to = from + length_bytes;
  return to > der.length ? undefined : { tag, from, to };
}
