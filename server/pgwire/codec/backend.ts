/**
 * The messages the server sends, one discriminated union, and their encoding with pg-protocol's `Writer`. Rows are
 * not among them: `DataRows` in data-rows.ts packs many of them into one buffer, which `Writer` (one message, one
 * buffer) cannot.
 */
import { Writer } from 'pg-protocol/dist/buffer-writer.js';
import { unreachable } from '../../../common/errors.ts';
import type { Format } from './frontend.ts';

export interface FieldDescription {
  readonly name: string;
  /** pg_class.oid and pg_attribute.attnum of the column that is shown; 0 for expressions. */
  readonly tableOid: number;
  readonly attnum: number;
  readonly oid: number;
  /** Bytes of the type in PostgreSQL's storage; -1: varies. */
  readonly typlen: number;
  readonly typmod: number;
  readonly format: Format;
}

/** The status byte of ReadyForQuery. */
export type ReadyStatus = 'I' | 'T' | 'E';

/** The fields of an ErrorResponse or NoticeResponse; `severity` is what S and V say. */
export interface ReportFields {
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'INFO';
  readonly code: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based, in characters of the query text. */
  readonly position?: number | undefined;
  readonly where?: string | undefined;
  readonly routine?: string | undefined;
}

export type BackendMessage =
  | { readonly kind: 'authenticationOk' }
  | { readonly kind: 'authenticationSasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'authenticationSaslContinue'; readonly data: string }
  | { readonly kind: 'authenticationSaslFinal'; readonly data: string }
  | {
      readonly kind: 'negotiateProtocolVersion';
      readonly newest: number;
      readonly unknownOptions: readonly string[];
    }
  | { readonly kind: 'parameterStatus'; readonly name: string; readonly value: string }
  | {
      readonly kind: 'notification';
      readonly processId: number;
      readonly channel: string;
      readonly payload: string;
    }
  | { readonly kind: 'backendKeyData'; readonly processId: number; readonly secret: Buffer }
  | { readonly kind: 'readyForQuery'; readonly status: ReadyStatus }
  | { readonly kind: 'rowDescription'; readonly fields: readonly FieldDescription[] }
  | { readonly kind: 'parameterDescription'; readonly oids: readonly number[] }
  | { readonly kind: 'commandComplete'; readonly tag: string }
  | { readonly kind: 'error'; readonly fields: ReportFields }
  | { readonly kind: 'notice'; readonly fields: ReportFields }
  | { readonly kind: 'parseComplete' }
  | { readonly kind: 'bindComplete' }
  | { readonly kind: 'closeComplete' }
  | { readonly kind: 'noData' }
  | { readonly kind: 'portalSuspended' }
  | { readonly kind: 'emptyQueryResponse' }
  /** COPY begins: what the data is as a whole, and how many columns there are, each in that format. */
  | {
      readonly kind: 'copyInResponse' | 'copyOutResponse';
      readonly format: Format;
      readonly columnCount: number;
    }
  | { readonly kind: 'copyDone' };

const bare = (type: string): Buffer => Buffer.from([type.charCodeAt(0), 0, 0, 0, 4]);
const parseComplete = bare('1');
const bindComplete = bare('2');
const closeComplete = bare('3');
const noData = bare('n');
const portalSuspended = bare('s');
const emptyQueryResponse = bare('I');
const copyDone = bare('c');

/** The bytes of a message, type byte and length included. */
export function encodeBackendMessage(message: BackendMessage): Buffer {
  switch (message.kind) {
    case 'parseComplete':
      return parseComplete;
    case 'bindComplete':
      return bindComplete;
    case 'closeComplete':
      return closeComplete;
    case 'noData':
      return noData;
    case 'portalSuspended':
      return portalSuspended;
    case 'emptyQueryResponse':
      return emptyQueryResponse;
    case 'copyDone':
      return copyDone;
    case 'copyInResponse':
      return encodeCopyResponse('G', message.format, message.columnCount);
    case 'copyOutResponse':
      return encodeCopyResponse('H', message.format, message.columnCount);
    case 'authenticationOk':
      return flush(new Writer(16).addInt32(0), 'R');
    case 'authenticationSasl': {
      const writer = new Writer().addInt32(10);
      for (const mechanism of message.mechanisms) writer.addCString(text(mechanism));
      return flush(writer.addCString(''), 'R');
    }
    case 'authenticationSaslContinue':
      return flush(new Writer().addInt32(11).addString(message.data), 'R');
    case 'authenticationSaslFinal':
      return flush(new Writer().addInt32(12).addString(message.data), 'R');
    case 'negotiateProtocolVersion': {
      const writer = new Writer().addInt32(message.newest).addInt32(message.unknownOptions.length);
      for (const option of message.unknownOptions) writer.addCString(text(option));
      return flush(writer, 'v');
    }
    case 'parameterStatus':
      return flush(new Writer().addCString(text(message.name)).addCString(text(message.value)), 'S');
    case 'notification': {
      const writer = new Writer(64).addInt32(message.processId);
      return flush(writer.addCString(text(message.channel)).addCString(text(message.payload)), 'A');
    }
    case 'backendKeyData':
      return flush(new Writer(32).addInt32(message.processId).add(message.secret), 'K');
    case 'readyForQuery':
      return flush(new Writer(16).addString(message.status), 'Z');
    case 'rowDescription':
      return encodeRowDescription(message.fields);
    case 'parameterDescription': {
      const writer = new Writer().addInt16(message.oids.length);
      for (const oid of message.oids) writer.addInt32(oid);
      return flush(writer, 't');
    }
    case 'commandComplete':
      return flush(new Writer(64).addCString(text(message.tag)), 'C');
    case 'error':
      return encodeReport('E', message.fields);
    case 'notice':
      return encodeReport('N', message.fields);
    default:
      return unreachable(message);
  }
}

function encodeRowDescription(fields: readonly FieldDescription[]): Buffer {
  const writer = new Writer(1024).addInt16(fields.length);
  for (const field of fields) {
    writer
      .addCString(text(field.name))
      .addInt32(field.tableOid)
      .addInt16(field.attnum)
      .addInt32(field.oid)
      .addInt16(field.typlen)
      .addInt32(field.typmod)
      .addInt16(field.format === 'binary' ? 1 : 0);
  }
  return flush(writer, 'T');
}

function encodeCopyResponse(type: 'G' | 'H', format: Format, columnCount: number): Buffer {
  const code = format === 'binary' ? 1 : 0;
  const writer = new Writer(64).add(Buffer.from([code])).addInt16(columnCount);
  for (let column = 0; column < columnCount; column++) writer.addInt16(code);
  return flush(writer, type);
}

function encodeReport(type: 'E' | 'N', fields: ReportFields): Buffer {
  const writer = new Writer(512);
  const add = (code: string, value: string | undefined): void => {
    if (value !== undefined) writer.addString(code).addCString(text(value));
  };
  add('S', fields.severity);
  add('V', fields.severity);
  add('C', fields.code);
  add('M', fields.message);
  add('D', fields.detail);
  add('H', fields.hint);
  add('P', fields.position === undefined ? undefined : String(fields.position));
  add('W', fields.where);
  add('R', fields.routine);
  return flush(writer.addCString(''), type);
}

function flush(writer: Writer, type: string): Buffer {
  return writer.flush(type.charCodeAt(0));
}

/** A zero byte would end the string early and shift the rest of the message: nothing that came from outside may. */
function text(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}
