/** The messages a client sends in a session, one discriminated union, and their decoding. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { BodyReader } from './body-reader.ts';
import type { Frame } from './framer.ts';
import { malformed } from './protocol-error.ts';

export type Target = 'statement' | 'portal';
export type Format = 'text' | 'binary';

export type FrontendMessage =
  | { readonly kind: 'query'; readonly sql: string }
  | {
      readonly kind: 'parse';
      readonly name: string;
      readonly sql: string;
      /** Declared types, 0 where the client leaves it to the server; may be shorter than the parameters. */
      readonly parameterOids: readonly number[];
    }
  | {
      readonly kind: 'bind';
      readonly portal: string;
      readonly statement: string;
      /** None: all text. One: for all. Else one per parameter. */
      readonly parameterFormats: readonly Format[];
      /** null is SQL's NULL. */
      readonly parameters: readonly (Buffer | null)[];
      readonly resultFormats: readonly Format[];
    }
  | { readonly kind: 'describe'; readonly target: Target; readonly name: string }
  | { readonly kind: 'execute'; readonly portal: string /** 0: no limit. */; readonly maxRows: number }
  | { readonly kind: 'close'; readonly target: Target; readonly name: string }
  | { readonly kind: 'flush' }
  | { readonly kind: 'sync' }
  | { readonly kind: 'terminate' }
  | { readonly kind: 'functionCall' }
  | { readonly kind: 'copyData'; readonly data: Buffer }
  | { readonly kind: 'copyDone' }
  | { readonly kind: 'copyFail'; readonly reason: string }
  /** An answer to an authentication request; what is in it depends on the request. */
  | { readonly kind: 'authentication'; readonly data: Buffer };

/**
 * Decodes one frame of a session.
 * @throws SqlensError 08P01 for a body that does not fit its type, 22021 for text that is not UTF-8
 */
export function decodeFrontendMessage(frame: Frame): FrontendMessage {
  const reader = new BodyReader(frame.body);
  const message = decode(String.fromCharCode(frame.type), reader);
  reader.end();
  return message;
}

function decode(type: string, reader: BodyReader): FrontendMessage {
  switch (type) {
    case 'Q':
      return { kind: 'query', sql: reader.cstring() };
    case 'P':
      return decodeParse(reader);
    case 'B':
      return decodeBind(reader);
    case 'D':
      return { kind: 'describe', target: decodeTarget(reader, 'DESCRIBE'), name: reader.cstring() };
    case 'E':
      // A negative limit means "all", as in PostgreSQL.
      return { kind: 'execute', portal: reader.cstring(), maxRows: Math.max(0, reader.int32()) };
    case 'C':
      return { kind: 'close', target: decodeTarget(reader, 'CLOSE'), name: reader.cstring() };
    case 'H':
      return { kind: 'flush' };
    case 'S':
      return { kind: 'sync' };
    case 'X':
      return { kind: 'terminate' };
    case 'F':
      reader.rest();
      return { kind: 'functionCall' };
    case 'd':
      return { kind: 'copyData', data: reader.rest() };
    case 'c':
      return { kind: 'copyDone' };
    case 'f':
      return { kind: 'copyFail', reason: reader.cstring() };
    case 'p':
      return { kind: 'authentication', data: reader.rest() };
    default:
      throw malformed(`invalid frontend message type ${type.charCodeAt(0)}`);
  }
}

function decodeParse(reader: BodyReader): FrontendMessage {
  const name = reader.cstring();
  const sql = reader.cstring();
  const parameterOids = counted(reader, 4, () => reader.uint32());
  return { kind: 'parse', name, sql, parameterOids };
}

function decodeBind(reader: BodyReader): FrontendMessage {
  const portal = reader.cstring();
  const statement = reader.cstring();
  const parameterFormats = counted(reader, 2, () => decodeFormat(reader));
  const parameters = counted(reader, 4, () => decodeValue(reader));
  const resultFormats = counted(reader, 2, () => decodeFormat(reader));
  if (parameterFormats.length > 1 && parameterFormats.length !== parameters.length) {
    throw malformed(
      `bind message has ${parameterFormats.length} parameter formats but ${parameters.length} parameters`,
    );
  }
  return { kind: 'bind', portal, statement, parameterFormats, parameters, resultFormats };
}

/** A 16-bit count and so many items; a count that cannot fit into the rest is refused before any is read. */
function counted<T>(reader: BodyReader, itemMin_bytes: number, item: () => T): T[] {
  const count = reader.uint16();
  if (count * itemMin_bytes > reader.remaining_bytes) throw malformed('insufficient data left in message');
  return Array.from({ length: count }, item);
}

function decodeValue(reader: BodyReader): Buffer | null {
  const length_bytes = reader.int32();
  if (length_bytes === -1) return null;
  return reader.bytes(length_bytes);
}

function decodeFormat(reader: BodyReader): Format {
  const code = reader.int16();
  if (code === 0) return 'text';
  if (code === 1) return 'binary';
  throw new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `unsupported format code: ${code}`,
    hint: 'Formats are 0 for text and 1 for binary.',
  });
}

function decodeTarget(reader: BodyReader, message: string): Target {
  const code = String.fromCharCode(reader.uint8());
  if (code === 'S') return 'statement';
  if (code === 'P') return 'portal';
  throw malformed(`invalid ${message} message subtype ${code.charCodeAt(0)}`);
}
