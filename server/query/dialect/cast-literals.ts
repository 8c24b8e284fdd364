/** Constants with a type: `'x'::type`, `CAST('x' AS type)`, `type 'x'`. */
import { behindBracket } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';
import { isOperator } from './operands.ts';
import { readTypeName, typeWordsEnd } from './type-names.ts';

export interface CastLiteral {
  readonly literal: Token;
  /** PostgreSQL's name of the type, without brackets. */
  readonly type: string;
  readonly isArray: boolean;
  /** Tokens of the type [from, to). */
  readonly typeFrom: number;
  readonly typeTo: number;
  /** Whether the type stands in front: `date '2024-01-01'`. */
  readonly isPrefix: boolean;
}

/** Words that PostgreSQL reads as a type when a string follows. */
const PREFIX_TYPES = new Set(
  'int int2 int4 int8 integer smallint bigint bool boolean bytea text varchar numeric decimal float4 float8 real date time timetz timestamp timestamptz interval json jsonb uuid name bpchar'.split(
    ' ',
  ),
);

export function* castLiterals(tokens: readonly Token[]): Generator<CastLiteral> {
  for (const [at, literal] of tokens.entries()) {
    if (literal.kind !== 'string') continue;
    const isCast = isOperator(tokens[at + 1], '::') || isCastCall(tokens, at);
    const typeFrom = isCast ? at + 2 : prefixTypeOf(tokens, at);
    if (typeFrom === undefined) continue;
    const type = readTypeName(tokens, typeFrom);
    if (type === undefined) continue;
    const { name, isArray } = type;
    yield { literal, type: name, isArray, typeFrom, typeTo: isCast ? type.end : at, isPrefix: !isCast };
  }
}

function isCastCall(tokens: readonly Token[], at: number): boolean {
  const cast = tokens[at - 2];
  const isAs = tokens[at + 1]?.kind === 'word' && tokens[at + 1]?.value === 'as';
  return isAs && isOperator(tokens[at - 1], '(') && cast?.kind === 'word' && /^(try_)?cast$/.test(cast.value);
}

function prefixTypeOf(tokens: readonly Token[], at: number): number | undefined {
  // `timestamp (3) with time zone '…'` is the longest.
  for (let from = at - 1; from >= Math.max(0, at - 7); from--) {
    const token = tokens[from];
    if (token?.kind !== 'word' || !PREFIX_TYPES.has(token.value)) continue;
    let end = typeWordsEnd(tokens, from);
    if (end === from + 1 && isOperator(tokens[end], '(')) end = behindBracket(tokens, end);
    if (end === at && !isOperator(tokens[from - 1], '.')) return from;
  }
  return undefined;
}
