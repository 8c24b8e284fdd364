/**
 * What a client says to the catalog, made safe to hand to PostgreSQL: only messages that read, always by Parse (which
 * takes one statement and no more), always ended by one Sync. Whoever routes statements here has parsed them; this is
 * the second lock: without it a COMMIT in a query string would end the transaction that keeps clients from the mirror.
 */
import { Writer } from 'pg-protocol/dist/buffer-writer.js';
import { SqlensError, SqlState } from '../../../common/errors.ts';

export interface SafeMessages {
  readonly bytes: Buffer;
  /** A simple query: the answer must not show that it was prepared. */
  readonly isSimple: boolean;
  readonly hasNamedStatements: boolean;
}

const HEADER_BYTES = 5;
export const syncMessage = message('S', Buffer.alloc(0));
/** The statements that read. EXPLAIN takes no others than these and writes, which a read-only transaction refuses. */
const READING = /^(?:select|with|values|table|show|explain)\b/i;

/**
 * @param bytes whole frontend messages: Parse, Bind, Describe, Execute, Close, Flush, Sync or one Query
 * @throws SqlensError 08P01 when they are something else, 0A000 for a statement that does not read
 */
export function safeMessages(bytes: Uint8Array): SafeMessages {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const out: Buffer[] = [];
  let isSimple = false;
  let hasNamedStatements = false;
  let at = 0;
  while (at < input.length) {
    const end = at + HEADER_BYTES <= input.length ? at + 1 + input.readUInt32BE(at + 1) : -1;
    if (end < at + HEADER_BYTES || end > input.length) throw malformed('a message is cut short');
    const whole = input.subarray(at, end);
    const body = whole.subarray(HEADER_BYTES);
    switch (String.fromCharCode(input[at] ?? 0)) {
      case 'P': {
        const nameEnd = endOfText(body, 0);
        const sql = textAt(body, nameEnd + 1);
        refuseUnlessReading(sql);
        hasNamedStatements ||= nameEnd > 0;
        out.push(whole);
        break;
      }
      case 'Q': {
        const sql = textAt(body, 0);
        refuseUnlessReading(sql);
        isSimple = true;
        out.push(asExtended(sql));
        break;
      }
      case 'B':
      case 'D':
      case 'E':
      case 'C':
        out.push(whole);
        break;
      case 'S':
      case 'H':
        break;
      default:
        throw malformed(`message type ${JSON.stringify(String.fromCharCode(input[at] ?? 0))}`);
    }
    at = end;
  }
  if (isSimple && out.length > 1) throw malformed('a simple query comes alone');
  return { bytes: Buffer.concat([...out, syncMessage]), isSimple, hasNamedStatements };
}

function refuseUnlessReading(sql: string): void {
  const start = skipToWord(sql);
  if (start === sql.length || READING.test(sql.slice(start, start + 10))) return;
  throw new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: 'the catalog answers SELECT, VALUES, TABLE, SHOW and EXPLAIN only',
    hint: 'This statement should not have been sent to the catalog; please report it as a defect in SQLens.',
  });
}

/** Where the first word begins, behind spaces, opening brackets, semicolons and comments (which nest in PostgreSQL). */
function skipToWord(sql: string): number {
  const blank = /[\s(;]*/y;
  const lineComment = /--[^\n\r]*/y;
  for (let at = 0; ; ) {
    blank.lastIndex = at;
    blank.test(sql);
    at = blank.lastIndex;
    lineComment.lastIndex = at;
    if (lineComment.test(sql)) at = lineComment.lastIndex;
    else if (sql.startsWith('/*', at)) at = endOfComment(sql, at);
    else return at;
  }
}

function endOfComment(sql: string, start: number): number {
  const border = /\/\*|\*\//g;
  border.lastIndex = start;
  let depth = 0;
  for (let found = border.exec(sql); found !== null; found = border.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return border.lastIndex;
  }
  return sql.length;
}

/** Parse, Bind, Describe and Execute, all in text. */
function asExtended(sql: string): Buffer {
  const writer = new Writer(sql.length + 64);
  return Buffer.concat([
    writer.addCString('').addCString(sql).addInt16(0).flush(0x50),
    new Writer(32).addCString('').addCString('').addInt16(0).addInt16(0).addInt16(0).flush(0x42),
    new Writer(16).addString('P').addCString('').flush(0x44),
    new Writer(16).addCString('').addInt32(0).flush(0x45),
  ]);
}

/** A Query message. */
export function queryMessage(sql: string): Buffer {
  return message('Q', Buffer.from(`${sql}\0`));
}

function message(type: string, body: Buffer): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + body.length);
  bytes.write(type, 0, 'latin1');
  bytes.writeUInt32BE(body.length + 4, 1);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function textAt(body: Buffer, start: number): string {
  return body.toString('utf8', start, endOfText(body, start));
}

function endOfText(body: Buffer, start: number): number {
  const end = body.indexOf(0, start);
  if (end < 0) throw malformed('a text without an end');
  return end;
}

function malformed(what: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.protocolViolation,
    message: `the catalog cannot read these messages: ${what}`,
    hint: 'Send Parse, Bind, Describe, Execute and Sync, or one Query.',
  });
}
