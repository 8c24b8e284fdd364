/** Cutting a statement into its top-level clauses by tokens; what stands inside a clause stays DuckDB's affair. */
import type { Token } from './tokens.ts';

/** Index of the first top-level token from `from` on that satisfies the test; -1 when there is none. */
export function findTopLevel(
  tokens: readonly Token[],
  from: number,
  test: (token: Token, at: number) => boolean,
): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) return -1;
    if (token.kind === 'operator' && /^[([{]$/.test(token.value)) {
      if (depth === 0 && test(token, at)) return at;
      depth++;
    } else if (token.kind === 'operator' && /^[)\]}]$/.test(token.value)) {
      depth--;
      if (depth < 0) return -1;
    } else if (depth === 0 && test(token, at)) {
      return at;
    }
  }
  return -1;
}

export function findWord(tokens: readonly Token[], from: number, ...words: string[]): number {
  return findTopLevel(tokens, from, (token) => token.kind === 'word' && words.includes(token.value));
}

/** The index behind the bracket that closes the one at `open`. */
export function behindBracket(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== 'operator') continue;
    if (/^[([{]$/.test(token.value)) depth++;
    if (/^[)\]}]$/.test(token.value) && --depth === 0) return at + 1;
  }
  return tokens.length;
}

/** The text from token `from` up to (not including) token `to`; a negative `to` means the end. */
export function textBetween(sql: string, tokens: readonly Token[], from: number, to: number): string {
  const first = tokens[from];
  const last = tokens[(to < 0 ? tokens.length : to) - 1];
  return first === undefined || last === undefined || last.end <= first.start
    ? ''
    : sql.slice(first.start, last.end);
}

/** Splits tokens [from, to) at top-level commas into ranges. */
export function splitAtCommas(
  tokens: readonly Token[],
  from: number,
  to: number,
): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  const end = to < 0 ? tokens.length : to;
  let start = from;
  while (start < end) {
    const comma = findTopLevel(tokens, start, (token) => token.kind === 'operator' && token.value === ',');
    const stop = comma < 0 || comma > end ? end : comma;
    ranges.push([start, stop]);
    start = stop + 1;
  }
  return ranges;
}

/** A name with its qualifiers that starts at token `from`: parts, and the index behind it. */
export function readName(tokens: readonly Token[], from: number): { parts: string[]; end: number } {
  const parts: string[] = [];
  let at = from;
  for (;;) {
    const token = tokens[at];
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) break;
    parts.push(token.value);
    at++;
    if (tokens[at]?.value !== '.') break;
    at++;
  }
  return { parts, end: at };
}
