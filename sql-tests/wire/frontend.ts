/**
 * What the lines of a `send` block say, as bytes. Independent of the server's codec, so that neither hides the
 * other's mistakes, and free to say what no client should.
 */
import { isObject, type Json, listOf, members, numberOf, parseJson, printJson, stringOf } from './json.ts';
import { typeOid } from './type-names.ts';

export type Outgoing =
  | {
      readonly kind: 'bytes';
      readonly bytes: Buffer /** Before the session begins. */;
      readonly untyped: boolean;
    }
  /** Interrupts what a session runs, from a connection of its own. */
  | { readonly kind: 'cancel'; readonly session: string; readonly wrongSecret: boolean };

const startupOptions = { user: 'wire', database: 'sqlens' };

/** The startup message of sessions that do not send one themselves. */
export function startup(options: Readonly<Record<string, string>> = startupOptions): Buffer {
  const pairs = Object.entries(options).flatMap(([name, value]) => [cstring(name), cstring(value)]);
  return untyped(int32(196_608), ...pairs, Buffer.from([0]));
}

/**
 * One line: a name, then nothing, JSON, or text that stands for a JSON string.
 * @throws Error for a line that says nothing that can be sent
 */
export function encodeLine(line: string): Outgoing {
  const [, name = '', rest = ''] = /^(\w+)(?:\s(.*))?$/s.exec(line) ?? [];
  try {
    return encode(name, argument(rest));
  } catch (error) {
    throw new Error(`${JSON.stringify(line)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function argument(rest: string): Json {
  if (rest === '') return {};
  return /^["[{]/.test(rest) ? parseJson(rest) : rest;
}

function encode(name: string, value: Json): Outgoing {
  switch (name) {
    case 'Startup': {
      const options = members(value, Object.keys(isObject(value) ? value : {}));
      const given = Object.entries(options).map(([key, text]) => [key, stringOf(text)] as const);
      return bytes(startup({ ...startupOptions, ...Object.fromEntries(given) }), true);
    }
    case 'SSLRequest':
      return bytes(untyped(int32(80_877_103)), true);
    case 'GSSENCRequest':
      return bytes(untyped(int32(80_877_104)), true);
    case 'StartupBytes':
      return bytes(untyped(valueBytes(value)), true);
    case 'CancelRequest': {
      const { session, secret } = members(value, ['session', 'secret']);
      return { kind: 'cancel', session: stringOf(session, 'a'), wrongSecret: secret === 'wrong' };
    }
    case 'Query':
      return typed('Q', cstring(text(value)));
    case 'Parse': {
      const { statement, query, types } = members(typeof value === 'string' ? { query: value } : value, [
        'statement',
        'query',
        'types',
      ]);
      const oids = listOf(types).map((type) =>
        int32(typeOid(typeof type === 'number' ? type : stringOf(type))),
      );
      return typed(
        'P',
        cstring(stringOf(statement, '')),
        cstring(text(query ?? '')),
        int16(oids.length),
        ...oids,
      );
    }
    case 'Bind': {
      const known = ['portal', 'statement', 'formats', 'values', 'results'];
      const { portal, statement, formats, values, results } = members(value, known);
      return typed(
        'B',
        cstring(stringOf(portal, '')),
        cstring(stringOf(statement, '')),
        counted(listOf(formats).map((format) => int16(numberOf(format)))),
        counted(listOf(values).map(sized)),
        counted(listOf(results).map((format) => int16(numberOf(format)))),
      );
    }
    case 'Describe':
      return typed('D', target(value));
    case 'Close':
      return typed('C', target(value));
    case 'Execute': {
      const { portal, rows } = members(value, ['portal', 'rows']);
      return typed('E', cstring(stringOf(portal, '')), int32(numberOf(rows, 0)));
    }
    case 'Sync':
      return typed('S');
    case 'Flush':
      return typed('H');
    case 'Terminate':
      return typed('X');
    case 'CopyData':
      return typed('d', valueBytes(value));
    case 'CopyDone':
      return typed('c');
    case 'CopyFail':
      return typed('f', cstring(text(value)));
    case 'Password':
      return typed('p', cstring(text(value)));
    case 'FunctionCall': {
      const { oid, values } = members(value, ['oid', 'values']);
      return typed('F', int32(numberOf(oid)), int16(0), counted(listOf(values).map(sized)), int16(0));
    }
    case 'Message': {
      // A body of one's own under a right length.
      const { type, body } = members(value, ['type', 'body']);
      return typed(stringOf(type), valueBytes(body ?? ''));
    }
    case 'Bytes':
      return bytes(valueBytes(value), false);
    default:
      throw new Error('no such frontend message');
  }
}

function bytes(sent: Buffer, isUntyped: boolean): Outgoing {
  return { kind: 'bytes', bytes: sent, untyped: isUntyped };
}

function typed(type: string, ...body: readonly Buffer[]): Outgoing {
  return bytes(Buffer.concat([Buffer.from(type, 'latin1'), untyped(...body)]), false);
}

function untyped(...body: readonly Buffer[]): Buffer {
  const length_bytes = body.reduce((sum, part) => sum + part.length, 4);
  return Buffer.concat([int32(length_bytes), ...body]);
}

function target(value: Json): Buffer {
  const { statement, portal } = members(value, ['statement', 'portal']);
  if (statement !== undefined) return Buffer.concat([Buffer.from('S'), cstring(stringOf(statement))]);
  return Buffer.concat([Buffer.from('P'), cstring(stringOf(portal, ''))]);
}

/** A string, `{"hex": …}`, or `{"repeat": …, "times": …}`. */
function valueBytes(value: Json): Buffer {
  if (typeof value === 'string') return Buffer.from(value);
  const { hex, repeat, times } = members(value, ['hex', 'repeat', 'times']);
  if (hex !== undefined) return Buffer.from(stringOf(hex).replaceAll(' ', ''), 'hex');
  return Buffer.from(stringOf(repeat).repeat(numberOf(times)));
}

function text(value: Json): string {
  return typeof value === 'string' ? value : valueBytes(value).toString();
}

function sized(value: Json): Buffer {
  if (value === null) return int32(-1);
  if (typeof value === 'number' || typeof value === 'boolean')
    throw new Error(`write the value ${printJson(value)} as text or as {"hex": …}`);
  const content = valueBytes(value);
  return Buffer.concat([int32(content.length), content]);
}

function counted(items: readonly Buffer[]): Buffer {
  return Buffer.concat([int16(items.length), ...items]);
}

function cstring(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value & 0xffff);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}
