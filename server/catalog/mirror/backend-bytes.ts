/** What PostgreSQL answers: messages kept as they are, apart from those that concern our own conversation with it. */
import { foreignSqlState, SqlensError, SqlState } from '../../../common/errors.ts';

const HEADER_BYTES = 5;
/** ReadyForQuery, ParameterStatus and notifications. */
const OURS = new Set(['Z', 'S', 'A']);
/** ParseComplete, BindComplete and NoData, which a simple query does not get. */
const OF_EXTENDED = new Set(['1', '2', 'n']);

/** Calls `visit` for every message: its type and where it stands, header included. */
function eachMessage(bytes: Buffer, visit: (type: string, start: number, end: number) => void): void {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    visit(String.fromCharCode(bytes[at] ?? 0), at, end);
    at = end;
  }
}

/** The messages that a client should see. */
export function clientMessages(bytes: Buffer, isSimple: boolean): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  eachMessage(bytes, (type, start, end) => {
    if (!OURS.has(type) && !(isSimple && OF_EXTENDED.has(type))) return;
    if (start > from) kept.push(bytes.subarray(from, start));
    from = end;
  });
  if (from < bytes.length) kept.push(bytes.subarray(from));
  const [only, second] = kept;
  return only !== undefined && second === undefined ? only : Buffer.concat(kept);
}

/** One row: its values as text by column name. */
export type TextRow = Readonly<Record<string, string | null>>;

/**
 * The rows of the last statement that gave any.
 * @throws SqlensError what PostgreSQL refused, with its SQLSTATE
 */
export function readRows(bytes: Buffer): TextRow[] {
  throwIfFailed(bytes);
  let names: string[] = [];
  let rows: TextRow[] = [];
  eachMessage(bytes, (type, start, end) => {
    const body = bytes.subarray(start + HEADER_BYTES, end);
    if (type === 'T') {
      names = columnNames(body);
      rows = [];
    } else if (type === 'D') {
      rows.push(readRow(names, body));
    }
  });
  return rows;
}

/** @throws SqlensError when there is an ErrorResponse among the messages */
export function throwIfFailed(bytes: Buffer): void {
  eachMessage(bytes, (type, start, end) => {
    if (type === 'E') throw readError(bytes.subarray(start + HEADER_BYTES, end));
  });
}

/** Whether there is an ErrorResponse among the messages. */
export function hasError(bytes: Buffer): boolean {
  let found = false;
  eachMessage(bytes, (type) => {
    found ||= type === 'E';
  });
  return found;
}

function columnNames(body: Buffer): string[] {
  const names: string[] = [];
  const count = body.readInt16BE(0);
  for (let at = 2; names.length < count; ) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 19;
  }
  return names;
}

function readRow(names: readonly string[], body: Buffer): TextRow {
  const row: Record<string, string | null> = {};
  let at = 2;
  for (const name of names) {
    const size_bytes = body.readInt32BE(at);
    at += 4;
    row[name] = size_bytes < 0 ? null : body.toString('utf8', at, at + size_bytes);
    at += Math.max(0, size_bytes);
  }
  return row;
}

function readError(body: Buffer): SqlensError {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    fields.set(String.fromCharCode(body[at] ?? 0), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  const position = Number(fields.get('P') ?? 0);
  return new SqlensError({
    sqlState: foreignSqlState(fields.get('C') ?? '') ?? SqlState.internalError,
    message: fields.get('M') ?? 'the catalog failed',
    detail: fields.get('D'),
    hint: fields.get('H'),
    position: position > 0 ? position : undefined,
  });
}
