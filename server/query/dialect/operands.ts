/** Where operands begin, walking back over tokens; and calls, with their arguments. */
import { behindBracket, splitAtCommas } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

export interface Call {
  /** Index of the function's name. */
  readonly at: number;
  /** Index of the opening bracket. */
  readonly open: number;
  /** Index of the closing bracket. */
  readonly close: number;
  /** Arguments as [from, to). */
  readonly args: readonly (readonly [from: number, to: number])[];
}

/** Calls of unqualified functions of these names (lower case), in order. */
export function* callsOf(tokens: readonly Token[], names: ReadonlySet<string>): Generator<Call> {
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' || !names.has(token.value)) continue;
    if (tokens[at + 1]?.value !== '(' || tokens[at - 1]?.value === '.') continue;
    const close = behindBracket(tokens, at + 1) - 1;
    yield { at, open: at + 1, close, args: splitAtCommas(tokens, at + 2, close) };
  }
}

/** The only token of a range, undefined when there are more. */
export function onlyToken(
  tokens: readonly Token[],
  [from, to]: readonly [number, number],
): Token | undefined {
  return to - from === 1 ? tokens[from] : undefined;
}

/** A string literal that something casts: `'x'::type`, `CAST('x' AS type)`, `type 'x'`. */
export function isOperator(token: Token | undefined, value: string): boolean {
  return token?.kind === 'operator' && token.value === value;
}
