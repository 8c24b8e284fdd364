/**
 * Fetches what a plan needs and writes the statement that DuckDB runs. Rows stand in it as one JSON text that DuckDB
 * unpacks (`unnest(from_json(…))`): no temporary tables that some other connection of the session would not see, that
 * a rollback would take away, or that somebody would have to drop.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { quoteIdentifier, quoteLiteral } from '../../query/text/tokens.ts';
import { duckdbTypeOf, type JsonValue, jsonValueOf } from './column-types.ts';
import type { SessionCall } from './constants.ts';
import type { MixedPlan, Piece } from './plan.ts';
import {
  type AnswerMode,
  duckdbConstant,
  duckdbValue,
  forMirror,
  parametersOf,
  type SessionFacts,
  type SessionValue,
  sessionValueOf,
  writtenOut,
} from './session-values.ts';

/** What the mirror answered, in PostgreSQL's text format. */
export interface MirrorRows {
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Runs one statement without parameters in the mirror; rejects with the SqlensError that PostgreSQL gives. */
export type MirrorQuery = (sql: string) => Promise<MirrorRows>;

/** Of all that is fetched for one statement, as text. Whole relations of a catalog of 5,000 tables fit. */
const MAX_FETCHED_LENGTH = 32 * 1024 * 1024;

type ValuePiece = Extract<Piece, { kind: 'value' | 'session' }>;

/**
 * @param mode `describe`: no rows are fetched and nothing changes; the text has the columns and types of the real one.
 * `execute`: every time anew, for the catalog may have changed.
 * @returns the statement for DuckDB; its parameters are those of the original
 * @throws what the mirror says to the parts, or 54000 when they are too large
 */
export async function materialise(
  plan: MixedPlan,
  facts: SessionFacts,
  mode: AnswerMode,
  mirrorQuery: MirrorQuery,
): Promise<string> {
  const { sql, pieces, sessionCalls } = plan;
  const texts = new Map<Piece, string>();
  const asked: ValuePiece[] = [];
  for (const piece of pieces) {
    if (piece.kind === 'value') asked.push(piece);
    else if (piece.kind === 'session') {
      const value = sessionValueOf(piece.call, facts, mode);
      if (value === undefined) asked.push(piece);
      else texts.set(piece, duckdbValue(piece.call, value));
    } else if (piece.kind === 'name') texts.set(piece, ` AS ${quoteIdentifier(piece.name)}`);
  }
  if (asked.length > 0) {
    const expressions = asked.map((piece, index) => {
      const isBound = piece.kind === 'session' && parametersOf(piece.call).length > 0;
      const expression = isBound
        ? writtenOut(piece.call, facts)
        : forMirror(sql, sessionCalls, facts, mode, piece);
      return `(${expression})${piece.kind === 'value' ? piece.cast : ''} AS v${index}`;
    });
    const { columns, rows } = await ask(mirrorQuery, `SELECT ${expressions.join(', ')}`);
    for (const [index, piece] of asked.entries()) {
      const oid = columns[index]?.typeOid ?? 0;
      const constant = mirrorValue(oid, rows[0]?.[index] ?? null);
      texts.set(
        piece,
        piece.kind === 'session' ? duckdbValue(piece.call, constant) : duckdbConstant(constant),
      );
    }
  }
  let fetched = 0;
  for (const piece of pieces) {
    if (piece.kind !== 'rows') continue;
    const part = piece.text === 'inside' ? forMirror(sql, sessionCalls, facts, mode, piece) : '';
    const query = piece.catalogSql + part + piece.catalogAlias;
    // In parentheses, because it may end with a LIMIT of its own.
    const wanted = mode === 'describe' ? `SELECT * FROM (${query}\n) AS part LIMIT 0` : query;
    const text = queryOf(await ask(mirrorQuery, wanted));
    fetched += text.length;
    if (fetched > MAX_FETCHED_LENGTH) throw tooMuch();
    texts.set(piece, piece.before + text + piece.after);
  }
  return replaced(plan, texts);
}

function replaced({ sql, pieces }: MixedPlan, texts: ReadonlyMap<Piece, string>): string {
  let result = '';
  let copied = 0;
  for (const piece of pieces) {
    const text = texts.get(piece) ?? '';
    result += sql.slice(copied, piece.start);
    result += piece.kind === 'session' ? asSource(piece.call, text) : text;
    copied = piece.end;
  }
  return result + sql.slice(copied);
}

function asSource({ source }: SessionCall, text: string): string {
  if (source === undefined) return text;
  const column = quoteIdentifier(source.column);
  return `(SELECT ${text} AS ${column})${source.hasAlias ? '' : ` AS ${column}`}`;
}

/** The position in an error is one in our own text, so it is not the client's. */
async function ask(mirrorQuery: MirrorQuery, sql: string): Promise<MirrorRows> {
  try {
    return await mirrorQuery(sql);
  } catch (error) {
    if (!(error instanceof SqlensError) || error.position === undefined) throw error;
    const { sqlState, message, hint, detail } = error;
    throw new SqlensError({ sqlState, message, hint, detail, cause: error });
  }
}

/** A query of DuckDB's that yields those rows, in their order. */
function queryOf({ columns, rows }: MirrorRows): string {
  if (columns.length === 0) return 'SELECT 1 WHERE false';
  const names = uniqueNames(columns.map(({ name }) => name));
  const structure = JSON.stringify([
    Object.fromEntries(columns.map(({ typeOid }, index) => [names[index], duckdbTypeOf(typeOid)])),
  ]);
  const records = rows.map((row) => {
    const record: Record<string, JsonValue> = {};
    for (const [index, { typeOid }] of columns.entries()) {
      const value = row[index] ?? null;
      if (value !== null) record[names[index] ?? ''] = jsonValueOf(typeOid, value);
    }
    return record;
  });
  const list = `from_json(${quoteLiteral(JSON.stringify(records))}, ${quoteLiteral(structure)})`;
  return `SELECT unnest(${list}, max_depth := 2)`;
}

/** As DuckDB renames the columns of a subquery: oid, oid_1. DuckDB's names differ by more than case. */
function uniqueNames(names: readonly string[]): readonly string[] {
  const used = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let count = 1; used.has(unique.toLowerCase()); count++) unique = `${name}_${count}`;
    used.add(unique.toLowerCase());
    return unique;
  });
}

function mirrorValue(oid: number, text: string | null): SessionValue {
  const value = jsonValueOf(oid, text);
  return { text: value, postgresType: 'pg_catalog.text', duckdbType: duckdbTypeOf(oid) };
}

function tooMuch(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: 'the statement needs too much of the catalog at once',
    hint: 'Read less of it: name the columns instead of *, and put the conditions into a subquery that reads the catalog alone.',
  });
}
