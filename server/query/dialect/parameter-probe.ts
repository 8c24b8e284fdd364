/**
 * A statement in which parameters stand where the engine finds out their type: behind ANY as the element, and beside an
 * arithmetic operator as the other operand, whose type PostgreSQL takes for them. So does what compares two vectors.
 */
import { DATE, type DuckDBType, DuckDBTypeId, INTEGER, INTERVAL, LIST } from '@duckdb/node-api';
import type { Token } from '../text/tokens.ts';
import { Edits } from './edits.ts';
import { callsOf, isOperator, onlyToken } from './operands.ts';

export interface ParameterProbe {
  /** To be prepared, never run. */
  readonly text: string;
  /**
   * What the type of a parameter in the probe says about the statement.
   * @param number 1-based
   */
  typeOf(number: number, probed: DuckDBType): DuckDBType | undefined;
}

/** @returns undefined when no parameter stands in such a place */
export function parameterProbe(sql: string, tokens: readonly Token[]): ParameterProbe | undefined {
  const edits = new Edits();
  const arrays = new Set<number>();
  const operators = new Map<number, string>();
  const vectors = vectorArguments(sql, tokens, edits);
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'parameter' || isOperator(tokens[at + 1], '::')) continue;
    const number = Number(token.value.slice(1));
    const quantifier = tokens[at - 2];
    const close = tokens[at + 1];
    if (
      quantifier?.kind === 'word' &&
      /^(any|some|all)$/.test(quantifier.value) &&
      isOperator(tokens[at - 1], '(') &&
      close !== undefined &&
      isOperator(close, ')')
    ) {
      edits.replace(quantifier, token.text, close);
      arrays.add(number);
      continue;
    }
    const pair = leftOf(tokens, at) ?? rightOf(tokens, at);
    if (pair === undefined || operators.has(number)) continue;
    const other = sql.slice(pair.first.start, pair.last.end);
    const [first, last] = pair.first.start < token.start ? [pair.first, token] : [token, pair.last];
    edits.replace(first, `coalesce(${other}, ${token.text})`, last);
    operators.set(number, pair.operator);
  }
  if (edits.isEmpty) return undefined;
  return {
    text: edits.apply(sql).text,
    typeOf: (number, probed) => {
      if (arrays.has(number)) return LIST(probed);
      if (vectors.has(number)) return isVector(probed) ? probed : undefined;
      const operator = operators.get(number);
      return operator === undefined ? undefined : operandType(operator, probed);
    },
  };
}

/** DuckDB's functions of two vectors, which must be of one type. */
const VECTOR_FUNCTIONS: ReadonlySet<string> = new Set(
  ['array', 'list'].flatMap((kind) =>
    'cosine_similarity cosine_distance distance inner_product dot_product negative_inner_product negative_dot_product'
      .split(' ')
      .map((name) => `${kind}_${name}`),
  ),
);

/** Parameters beside which such a function has its other vector. */
function vectorArguments(sql: string, tokens: readonly Token[], edits: Edits): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { at, close, args } of callsOf(tokens, VECTOR_FUNCTIONS)) {
    const [left, right] = args;
    const name = tokens[at];
    const last = tokens[close];
    if (left === undefined || right === undefined || name === undefined || last === undefined) continue;
    const [argument, [from, to]] =
      onlyToken(tokens, left)?.kind === 'parameter' ? [left, right] : [right, left];
    const parameter = onlyToken(tokens, argument);
    const other = tokens.slice(from, to);
    const [start, end] = [other[0]?.start, other.at(-1)?.end];
    if (parameter?.kind !== 'parameter' || start === undefined || end === undefined) continue;
    // What has parameters itself may have edits of its own.
    if (other.some(({ kind }) => kind === 'parameter')) continue;
    edits.replace(name, `coalesce(${sql.slice(start, end)}, ${parameter.text})`, last);
    found.add(Number(parameter.value.slice(1)));
  }
  return found;
}

function isVector(type: DuckDBType): boolean {
  if (type.typeId !== DuckDBTypeId.ARRAY && type.typeId !== DuckDBTypeId.LIST) return false;
  const { typeId } = type.valueType;
  return typeId === DuckDBTypeId.FLOAT || typeId === DuckDBTypeId.DOUBLE;
}

interface Operand {
  readonly operator: string;
  readonly first: Token;
  readonly last: Token;
}

const ARITHMETIC = /^[-+*/%]$/;

/** A name or a number before the operator before token `at`. */
function leftOf(tokens: readonly Token[], at: number): Operand | undefined {
  const operator = tokens[at - 1];
  const last = tokens[at - 2];
  if (operator?.kind !== 'operator' || !ARITHMETIC.test(operator.value) || !isOperand(last)) return undefined;
  let from = at - 2;
  while (isOperator(tokens[from - 1], '.') && isOperand(tokens[from - 2])) from -= 2;
  const first = tokens[from];
  return first === undefined ? undefined : { operator: operator.value, first, last };
}

/** A name or a number behind the operator behind token `at`. */
function rightOf(tokens: readonly Token[], at: number): Operand | undefined {
  const operator = tokens[at + 1];
  const first = tokens[at + 2];
  if (operator?.kind !== 'operator' || !ARITHMETIC.test(operator.value) || !isOperand(first))
    return undefined;
  let to = at + 2;
  while (isOperator(tokens[to + 1], '.') && isOperand(tokens[to + 2])) to += 2;
  const last = tokens[to];
  const isCall = isOperator(tokens[to + 1], '(') || isOperator(tokens[to + 1], '::');
  return last === undefined || isCall ? undefined : { operator: operator.value, first, last };
}

const KEYWORDS = new Set(
  'select distinct all where and or not on having when then else case by in limit offset returning set as from is null cast array interval date time timestamp'.split(
    ' ',
  ),
);

function isOperand(token: Token | undefined): token is Token {
  if (token?.kind === 'word') return !KEYWORDS.has(token.value);
  return token?.kind === 'quoted' || token?.kind === 'number';
}

/** PostgreSQL takes the other operand's type where the operator has one of both. */
function operandType(operator: string, other: DuckDBType): DuckDBType | undefined {
  switch (other.typeId) {
    case DuckDBTypeId.DATE:
      return operator === '-' ? DATE : INTEGER;
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return operator === '-' ? other : INTERVAL;
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.INTERVAL:
      return other;
    default:
      return undefined;
  }
}
