/** The packets that come before the first typed message. */
import { SqlState } from '../../../common/errors.ts';
import { BodyReader } from './body-reader.ts';
import { FatalProtocolError } from './protocol-error.ts';

export type StartupPacket =
  | { readonly kind: 'sslRequest' }
  | { readonly kind: 'gssEncRequest' }
  | { readonly kind: 'cancelRequest'; readonly processId: number; readonly secret: Buffer }
  | {
      readonly kind: 'startup';
      readonly major: number;
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
    };

const cancelCode = 80877102;
const sslCode = 80877103;
const gssEncCode = 80877104;

/**
 * Decodes the body of a startup packet (what follows its length).
 * @throws FatalProtocolError: before the session begins every mistake ends the connection
 */
export function decodeStartupPacket(body: Buffer): StartupPacket {
  const reader = new BodyReader(body);
  const code = reader.uint32();
  switch (code) {
    case sslCode:
      return { kind: 'sslRequest' };
    case gssEncCode:
      return { kind: 'gssEncRequest' };
    case cancelCode:
      // Protocol 3.2 has secrets of any length; ours has four bytes and anything else will not match it.
      if (reader.remaining_bytes < 4) throw invalidStartup('invalid length of cancel request');
      return { kind: 'cancelRequest', processId: reader.int32(), secret: reader.rest() };
    default:
      return {
        kind: 'startup',
        major: code >>> 16,
        minor: code & 0xffff,
        parameters: decodeParameters(reader, code),
      };
  }
}

function decodeParameters(reader: BodyReader, version: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  // Only version 3 is known to have name/value pairs; of another version just the number is reported.
  if (version >>> 16 !== 3) return parameters;
  for (;;) {
    const name = decodeString(reader);
    if (name === '') break;
    parameters.set(name, decodeString(reader));
  }
  if (reader.remaining_bytes !== 0) {
    throw invalidStartup('invalid startup packet layout: expected terminator as last byte');
  }
  return parameters;
}

function decodeString(reader: BodyReader): string {
  try {
    return reader.cstring();
  } catch (cause) {
    throw invalidStartup('invalid startup packet layout', cause);
  }
}

function invalidStartup(message: string, cause?: unknown): FatalProtocolError {
  return new FatalProtocolError({
    sqlState: SqlState.protocolViolation,
    message,
    hint: 'Connect with a PostgreSQL client that speaks protocol 3.0.',
    cause,
  });
}
