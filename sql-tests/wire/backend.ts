/**
 * What servers send, as the lines of an `until` block. Independent of the server's codec and of pg-protocol. Only
 * what must differ from run to run is replaced: the key of a session, the OIDs of its tables, the server's version;
 * of errors and notices the severity, the code, the message and the position are kept.
 */
import { createHash } from 'node:crypto';
import { type Json, parseJson, printJson } from './json.ts';
import { typeName, typeSize } from './type-names.ts';

export interface Received {
  readonly name: string;
  readonly value: Json | undefined;
}

/** What the messages of one transcript have told so far: numbers that differ from run to run get names. */
export class Seen {
  /** OIDs of user tables, in the order in which RowDescription first named them. */
  readonly tables: number[] = [];
  readonly processIds = new Map<number, string>();

  table(oid: number): number | string {
    // Catalog tables have the same OIDs everywhere, what initdb makes from SQL has others in every version.
    if (oid < 10_000) return oid;
    if (oid < 16_384) return 'initdb';
    if (!this.tables.includes(oid)) this.tables.push(oid);
    return `table${this.tables.indexOf(oid) + 1}`;
  }

  /** `${table1}`: the OID of a table that was seen; `${pid.a}`: the process id of a session. */
  substitute(line: string): string {
    return line.replace(/\$\{(?:table(\d+)|pid\.(\w+))\}/g, (whole, table, session) => {
      const pid = [...this.processIds].find(([, name]) => name === session)?.[0];
      const found = table === undefined ? pid : this.tables[Number(table) - 1];
      if (found === undefined) throw new Error(`${whole} has not been seen`);
      return String(found);
    });
  }
}

const longest_bytes = 300;
const lineWidth = 110;

/** A message as a line, or as several of which all but the first begin with two spaces. */
export function printReceived({ name, value }: Received): string[] {
  if (value === undefined) return [name];
  const line = `${name} ${printJson(value)}`;
  if (line.length <= lineWidth || !Array.isArray(value) || value.length < 2) return [line];
  const items = value.map(
    (item: Json, index: number) => `  ${printJson(item)}${index === value.length - 1 ? ']' : ','}`,
  );
  return [`${name} [`, ...items];
}

/** The canonical form of an expectation's line, however a person has laid it out. */
export function canonical(line: string): string {
  const [, name = line, rest = ''] = /^(\w+)\s+(.*)$/s.exec(line) ?? [];
  return rest === '' ? name : `${name} ${printJson(parseJson(rest))}`;
}

/** Reads the fields of one message; past its end is an error, as is anything left over. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining_bytes(): number {
    return this.#bytes.length - this.#at;
  }

  int8(): number {
    return this.#take(1).readUInt8();
  }

  int16(): number {
    return this.#take(2).readInt16BE();
  }

  int32(): number {
    return this.#take(4).readInt32BE();
  }

  oid(): number {
    return this.#take(4).readUInt32BE();
  }

  string(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new Error('a string of the server has no end');
    const text = this.#take(end - this.#at).toString();
    this.#at++;
    return text;
  }

  bytes(count: number): Buffer {
    return this.#take(count);
  }

  list<T>(count: number, item: () => T): T[] {
    return Array.from({ length: count }, item);
  }

  #take(count: number): Buffer {
    if (count > this.remaining_bytes) throw new Error('a message of the server is cut short');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

/**
 * One message of the server.
 * @param session whose it is, to remember its process id
 * @throws Error for a message that no PostgreSQL client could read
 */
export function decodeMessage(type: string, body: Buffer, session: string, seen: Seen): Received {
  const fields = new Fields(body);
  const message = decode(type, fields, session, seen);
  if (fields.remaining_bytes > 0)
    throw new Error(`${message.name} has ${fields.remaining_bytes} bytes too many`);
  return message;
}

function decode(type: string, fields: Fields, session: string, seen: Seen): Received {
  switch (type) {
    case 'R':
      return authentication(fields);
    case 'S':
      return parameterStatus(fields.string(), fields.string());
    case 'K':
      seen.processIds.set(fields.int32(), session);
      fields.bytes(fields.remaining_bytes);
      return { name: 'BackendKeyData', value: undefined };
    case 'Z':
      return { name: 'ReadyForQuery', value: String.fromCharCode(fields.int8()) };
    case 'T':
      return { name: 'RowDescription', value: fields.list(fields.int16(), () => column(fields, seen)) };
    case 't': {
      const types = fields.list(fields.int16(), () => typeName(fields.oid()));
      return { name: 'ParameterDescription', value: types };
    }
    case 'D':
      return { name: 'DataRow', value: fields.list(fields.int16(), () => sized(fields)) };
    case 'C':
      return { name: 'CommandComplete', value: fields.string() };
    case 'E':
      return { name: 'ErrorResponse', value: report(fields) };
    case 'N':
      return { name: 'NoticeResponse', value: report(fields) };
    case 'V':
      return { name: 'FunctionCallResponse', value: sized(fields) };
    case 'A': {
      const from = seen.processIds.get(fields.int32()) ?? 'nobody';
      return {
        name: 'NotificationResponse',
        value: { from, channel: fields.string(), payload: fields.string() },
      };
    }
    case 'G':
      return { name: 'CopyInResponse', value: copyFormats(fields) };
    case 'H':
      return { name: 'CopyOutResponse', value: copyFormats(fields) };
    case 'd':
      return { name: 'CopyData', value: printable(fields.bytes(fields.remaining_bytes)) };
    case 'v':
      return {
        name: 'NegotiateProtocolVersion',
        value: { newest: fields.int32(), options: fields.list(fields.int32(), () => fields.string()) },
      };
    default: {
      const name = bare.get(type);
      if (name === undefined) throw new Error(`unknown backend message ${JSON.stringify(type)}`);
      return { name, value: undefined };
    }
  }
}

const bare = new Map([
  ['1', 'ParseComplete'],
  ['2', 'BindComplete'],
  ['3', 'CloseComplete'],
  ['c', 'CopyDone'],
  ['I', 'EmptyQueryResponse'],
  ['n', 'NoData'],
  ['s', 'PortalSuspended'],
]);

function authentication(fields: Fields): Received {
  const code = fields.int32();
  if (code === 0) return { name: 'AuthenticationOk', value: undefined };
  return { name: 'Authentication', value: { code, data: printable(fields.bytes(fields.remaining_bytes)) } };
}

function parameterStatus(name: string, value: string): Received {
  return { name: 'ParameterStatus', value: { name, value: name === 'server_version' ? '<version>' : value } };
}

/** Only what is not usual: a type's own size, no modifier, text, no table. */
function column(fields: Fields, seen: Seen): Json {
  const name = fields.string();
  const [table, attribute] = [fields.oid(), fields.int16()];
  const [oid, size, typmod, format] = [fields.oid(), fields.int16(), fields.int32(), fields.int16()];
  return {
    name,
    type: typeName(oid),
    size: size === typeSize(oid) ? undefined : size,
    typmod: typmod === -1 ? undefined : typmod,
    format: format === 0 ? undefined : format,
    table: table === 0 ? undefined : seen.table(table),
    attribute: attribute === 0 ? undefined : attribute,
  };
}

function sized(fields: Fields): Json {
  const length_bytes = fields.int32();
  return length_bytes === -1 ? null : printable(fields.bytes(length_bytes));
}

/** Text where the bytes are text; a digest where they are many. */
export function printable(bytes: Buffer): Json {
  if (bytes.length > longest_bytes) {
    const sha256 = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    return { bytes: bytes.length, sha256 };
  }
  const text = bytes.toString();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for
  const isText = !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd]/.test(text);
  return isText ? text : { hex: bytes.toString('hex') };
}

function report(fields: Fields): Json {
  const found = new Map<string, string>();
  for (let code = fields.int8(); code !== 0; code = fields.int8()) {
    found.set(String.fromCharCode(code), fields.string());
  }
  const position = found.get('P');
  if (found.get('S') !== found.get('V')) throw new Error('the severities of a report differ');
  return {
    severity: found.get('V'),
    code: found.get('C'),
    message: found.get('M'),
    position: position === undefined ? undefined : Number(position),
  };
}

function copyFormats(fields: Fields): Json {
  return { format: fields.int8(), columns: fields.list(fields.int16(), () => fields.int16()) };
}
