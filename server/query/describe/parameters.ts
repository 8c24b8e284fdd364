/**
 * Parameters: DuckDB gets each with a type. What the client declared is written into the text as a cast, and what
 * nothing determines is text, as PostgreSQL has it.
 */
import { type DuckDBPreparedStatement, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Token } from '../text/tokens.ts';

/** A statement's text with casts behind its parameters, and how its positions map back. */
export interface TypedText {
  readonly text: string;
  /** 1-based position in `text` → 1-based position in the original. */
  original(position: number): number;
}

/**
 * @param typeOf the type to cast parameter n (1-based) to; undefined leaves it as it is
 */
export function castParameters(
  sql: string,
  tokens: readonly Token[],
  typeOf: (parameter: number) => DuckDBType | undefined,
): TypedText {
  const insertions: { at: number; length: number }[] = [];
  let text = '';
  let copied = 0;
  for (const token of tokens) {
    const number = parameterNumber(token);
    const type = number === undefined ? undefined : typeOf(number);
    // A numeric has the scale of its value: a cast to one of ours would print zeros behind it.
    if (type === undefined || type.typeId === DuckDBTypeId.DECIMAL) continue;
    const cast = `::${type.toString()}`;
    text += sql.slice(copied, token.end) + cast;
    copied = token.end;
    insertions.push({ at: text.length - cast.length, length: cast.length });
  }
  text += sql.slice(copied);
  return {
    text,
    original(position) {
      let shift = 0;
      for (const { at, length } of insertions) if (position > at) shift += length;
      return Math.max(1, position - shift);
    },
  };
}

/** NULLs of their types in the place of parameters: for describing what cannot be described with parameters. */
export function replaceParameters(
  sql: string,
  tokens: readonly Token[],
  typeOf: (parameter: number) => DuckDBType | undefined,
): TypedText {
  let text = '';
  let copied = 0;
  for (const token of tokens) {
    const number = parameterNumber(token);
    if (number === undefined) continue;
    const type = typeOf(number)?.toString() ?? 'VARCHAR';
    text += `${sql.slice(copied, token.start)}(NULL::${type})`;
    copied = token.end;
  }
  // Errors of this text are nobody's.
  return { text: text + sql.slice(copied), original: (position) => position };
}

/** The highest $n in the text. */
export function parameterCount(tokens: readonly Token[]): number {
  let count = 0;
  for (const token of tokens) count = Math.max(count, parameterNumber(token) ?? 0);
  return count;
}

function parameterNumber(token: Token): number | undefined {
  if (token.kind !== 'parameter') return undefined;
  const number = Number(token.value.slice(1));
  if (!Number.isSafeInteger(number) || number < 1 || number > 65_535) {
    throw new SqlensError({
      sqlState: SqlState.undefinedParameter,
      message: `there is no parameter ${token.text}`,
      hint: 'Parameters are written $1, $2, …',
      position: token.start + 1,
    });
  }
  return number;
}

/** What DuckDB found out about parameter n (1-based); undefined when nothing determines it. */
export function inferredType(prepared: DuckDBPreparedStatement, number: number): DuckDBType | undefined {
  for (let index = 1; index <= prepared.parameterCount; index++) {
    if (prepared.parameterName(index) !== String(number)) continue;
    const typeId = prepared.parameterTypeId(index);
    if (typeId === DuckDBTypeId.INVALID || typeId === DuckDBTypeId.ANY || typeId === DuckDBTypeId.SQLNULL) {
      return undefined;
    }
    const type = prepared.parameterType(index);
    // A literal's type is DuckDB's own affair; outside it is text or a number.
    return type.toString() === 'STRING_LITERAL' || type.toString() === 'INTEGER_LITERAL' ? undefined : type;
  }
  return undefined;
}
