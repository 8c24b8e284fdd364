/**
 * What is said to the catalog and what it answers, in messages of the Postgres protocol: here we are the client.
 * Rows stay the messages they are, since the client of ours gets them as they come.
 */
import { Writer } from 'pg-protocol/dist/buffer-writer.js';
import { foreignSqlState, SqlensError, SqlState } from '../../common/errors.ts';
import type { CatalogColumn, Notice, WireFormat } from '../query/api.ts';
import { EFFECT_SQLSTATE } from './mirror/names.ts';

export interface CatalogBinding {
  readonly sql: string;
  readonly parameterOids: readonly number[];
  readonly parameters: readonly (Uint8Array | null)[];
  readonly parameterFormats: readonly WireFormat[];
  readonly resultFormats: readonly WireFormat[];
}

const flush = (writer: Writer, type: string): Buffer => writer.flush(type.charCodeAt(0));
const sync = flush(new Writer(8), 'S');
/** The unnamed portal, all its rows. */
const execute = flush(new Writer(16).addCString('').addInt32(0), 'E');

/** Parse and Describe: what the statement takes and gives. */
export function describeMessages(sql: string, parameterOids: readonly number[]): Buffer {
  const describe = flush(new Writer(8).addString('S').addCString(''), 'D');
  return Buffer.concat([parseMessage(sql, parameterOids), describe, sync]);
}

/** Parse, Bind and Execute of the unnamed statement. */
export function executeMessages(binding: CatalogBinding): Buffer {
  const { sql, parameterOids } = binding;
  return Buffer.concat([parseMessage(sql, parameterOids), bindMessage(binding), execute, sync]);
}

function parseMessage(sql: string, parameterOids: readonly number[]): Buffer {
  const writer = new Writer(256).addCString('').addCString(sql).addInt16(parameterOids.length);
  for (const oid of parameterOids) writer.addInt32(oid);
  return flush(writer, 'P');
}

function bindMessage({ parameters, parameterFormats, resultFormats }: CatalogBinding): Buffer {
  const writer = new Writer(256).addCString('').addCString('');
  addFormats(writer, parameterFormats);
  writer.addInt16(parameters.length);
  for (const bytes of parameters) {
    if (bytes === null) writer.addInt32(-1);
    else writer.addInt32(bytes.length).add(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }
  addFormats(writer, resultFormats);
  return flush(writer, 'B');
}

function addFormats(writer: Writer, formats: readonly WireFormat[]): void {
  writer.addInt16(formats.length);
  for (const format of formats) writer.addInt16(format === 'binary' ? 1 : 0);
}

/** See EFFECT_SQLSTATE. */
export type CatalogEffect =
  | readonly ['cancel' | 'terminate', processId: number]
  | readonly ['notify', channel: string, payload: string]
  | readonly ['set', name: string, value: string, isLocal: boolean];

/** What the catalog said, as far as we look at it. */
export interface CatalogReply {
  readonly parameterOids: readonly number[];
  /** Undefined: the statement returns no rows. */
  readonly columns: readonly CatalogColumn[] | undefined;
  readonly rows: readonly Uint8Array[];
  readonly commandTag: string;
  readonly notices: readonly Notice[];
  /** What the statement wants done, which only the session can. */
  readonly effects: readonly CatalogEffect[];
}

const HEADER_BYTES = 5;

/** @throws SqlensError what the catalog refused, with its SQLSTATE */
export function readReply(bytes: Buffer): CatalogReply {
  let parameterOids: number[] = [];
  let columns: CatalogColumn[] | undefined;
  const rows: Uint8Array[] = [];
  const notices: Notice[] = [];
  const effects: CatalogEffect[] = [];
  let commandTag = '';
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const body = bytes.subarray(at + HEADER_BYTES, end);
    switch (String.fromCharCode(bytes[at] ?? 0)) {
      case 'D':
        rows.push(bytes.subarray(at, end));
        break;
      case 'T':
        columns = readColumns(body);
        break;
      case 't':
        parameterOids = Array.from({ length: body.readInt16BE(0) }, (_, index) =>
          body.readUInt32BE(2 + 4 * index),
        );
        break;
      case 'C':
        commandTag = body.toString('utf8', 0, body.length - 1);
        break;
      case 'E':
        throw readReport(fieldsOf(body));
      case 'N': {
        const fields = fieldsOf(body);
        if (fields.get('C') === EFFECT_SQLSTATE) effects.push(JSON.parse(fields.get('M') ?? '[]'));
        else notices.push({ severity: severityOf(fields), error: readReport(fields) });
        break;
      }
      default:
      // ParseComplete, BindComplete, NoData, ReadyForQuery: nothing we do not know.
    }
    at = end;
  }
  return { parameterOids, columns, rows, commandTag, notices, effects };
}

function readColumns(body: Buffer): CatalogColumn[] {
  const columns: CatalogColumn[] = [];
  const count = body.readInt16BE(0);
  for (let at = 2; columns.length < count; at += 18) {
    const nameEnd = body.indexOf(0, at);
    const name = body.toString('utf8', at, nameEnd);
    at = nameEnd + 1;
    columns.push({
      name,
      tableOid: body.readUInt32BE(at),
      attnum: body.readInt16BE(at + 4),
      oid: body.readUInt32BE(at + 6),
      typlen: body.readInt16BE(at + 10),
      typmod: body.readInt32BE(at + 12),
    });
  }
  return columns;
}

/** The values of a DataRow message in text format. */
export function readDataRow(message: Uint8Array): (string | null)[] {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const values: (string | null)[] = [];
  const count = bytes.readInt16BE(HEADER_BYTES);
  for (let at = HEADER_BYTES + 2; values.length < count; ) {
    const length_bytes = bytes.readInt32BE(at);
    at += 4;
    values.push(length_bytes < 0 ? null : bytes.toString('utf8', at, at + length_bytes));
    at += Math.max(0, length_bytes);
  }
  return values;
}

/** The fields of an ErrorResponse or NoticeResponse. */
function fieldsOf(body: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    fields.set(String.fromCharCode(body[at] ?? 0), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  return fields;
}

function severityOf(fields: ReadonlyMap<string, string>): Notice['severity'] {
  const severity = fields.get('V');
  return severity === 'WARNING' || severity === 'INFO' ? severity : 'NOTICE';
}

function readReport(fields: ReadonlyMap<string, string>): SqlensError {
  const position = Number(fields.get('P') ?? 0);
  return new SqlensError({
    sqlState: foreignSqlState(fields.get('C') ?? '') ?? SqlState.internalError,
    message: fields.get('M') ?? 'the catalog failed',
    detail: fields.get('D'),
    hint: fields.get('H'),
    position: position > 0 ? position : undefined,
  });
}
