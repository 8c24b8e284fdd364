/** Types for parameters that DuckDB cannot find out and that text does not fit: PostgreSQL takes the other operand's. */
import { BIGINT, type DuckDBType, LIST, VARCHAR } from '@duckdb/node-api';
import type { Token } from '../text/tokens.ts';
import { isOperator } from './operands.ts';

const ARITHMETIC = /^[-+*/%]$/;

/**
 * Types to try, in this order: by parameter number (1-based). Arrays behind ANY and ALL are of numbers or of text, what
 * stands beside an arithmetic operator is a whole number.
 */
export function parameterGuesses(tokens: readonly Token[]): readonly ReadonlyMap<number, DuckDBType>[] {
  const operands: number[] = [];
  const arrays: number[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'parameter' || isOperator(tokens[at + 1], '::')) continue;
    const number = Number(token.value.slice(1));
    const before = tokens[at - 1];
    const quantifier = tokens[at - 2];
    if (isOperator(before, '(') && /^(any|some|all)$/.test(quantifier?.value ?? '')) arrays.push(number);
    else if (
      [before, tokens[at + 1]].some((near) => near?.kind === 'operator' && ARITHMETIC.test(near.value))
    ) {
      operands.push(number);
    }
  }
  if (operands.length + arrays.length === 0) return [];
  const withArrays = (element: DuckDBType) =>
    new Map<number, DuckDBType>([
      ...operands.map((number) => [number, BIGINT] as const),
      ...arrays.map((number) => [number, LIST(element)] as const),
    ]);
  return arrays.length === 0 ? [withArrays(VARCHAR)] : [withArrays(BIGINT), withArrays(VARCHAR)];
}
