/** Select lists in a statement's tokens: where their items begin and end. */
import { behindBracket } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

export interface SelectList {
  /** Index of SELECT (or RETURNING). */
  readonly keyword: number;
  /** Items as [from, to). */
  readonly items: readonly (readonly [from: number, to: number])[];
  /** Index behind the last item. */
  readonly end: number;
}

/** Words that end a select list at its own level. */
const LIST_ENDS = new Set(
  'from into where group having window qualify order limit offset fetch for union intersect except'.split(
    ' ',
  ),
);

/**
 * The list of the first SELECT of a query that begins at token `from`: behind WITH … and opening brackets.
 * @returns undefined when there is none (VALUES, TABLE, DuckDB's FROM-first …)
 */
export function selectListAt(tokens: readonly Token[], from: number, to: number): SelectList | undefined {
  let at = from;
  while (tokens[at]?.value === '(' && tokens[at]?.kind === 'operator') at++;
  if (isWord(tokens[at], 'with')) {
    at = behindWith(tokens, at, to);
    while (tokens[at]?.value === '(' && tokens[at]?.kind === 'operator') at++;
  }
  return isWord(tokens[at], 'select') ? readList(tokens, at, to) : undefined;
}

/** Index of what follows the common table expressions of a WITH at `from`. */
export function behindWith(tokens: readonly Token[], from: number, to: number): number {
  let at = from + 1;
  while (at < to) {
    const token = tokens[at];
    if (token?.kind === 'operator' && token.value === '(') {
      at = behindBracket(tokens, at);
      const next = tokens[at];
      // `name (columns) AS (…)`, `USING KEY (…)`, SEARCH and CYCLE go on; a comma begins the next expression.
      if (next?.kind === 'word' && /^(as|using|materialized|search|cycle)$/.test(next.value)) continue;
      if (next?.value === ',') continue;
      return at;
    }
    at++;
  }
  return at;
}

/** @param keyword index of SELECT or RETURNING */
export function readList(tokens: readonly Token[], keyword: number, to: number): SelectList {
  let at = keyword + 1;
  if (isWord(tokens[at], 'all')) at++;
  else if (isWord(tokens[at], 'distinct')) {
    at++;
    if (isWord(tokens[at], 'on')) at = behindBracket(tokens, at + 1);
  }
  const items: [number, number][] = [];
  let start = at;
  const flush = () => {
    if (at > start) items.push([start, at]);
  };
  for (; at < to; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === 'operator') {
      if (/^[([{]$/.test(token.value)) at = behindBracket(tokens, at) - 1;
      else if (/^[)\]};]$/.test(token.value)) break;
      else if (token.value === ',') {
        flush();
        start = at + 1;
      }
    } else if (token.kind === 'word' && LIST_ENDS.has(token.value) && !isInside(tokens, at, start)) {
      break;
    }
  }
  flush();
  return { keyword, items, end: at };
}

/** Whether a word that might end the list is part of an item: `IS DISTINCT FROM`, `AS from`, `t.order`. */
function isInside(tokens: readonly Token[], at: number, start: number): boolean {
  const before = tokens[at - 1];
  if (at === start || before === undefined) return false;
  if (before.kind === 'operator') return before.value === '.';
  if (before.kind !== 'word') return false;
  if (before.value === 'as' || before.value === 'within') return true;
  return (
    tokens[at]?.value === 'from' &&
    before.value === 'distinct' &&
    /^(is|not)$/.test(tokens[at - 2]?.value ?? '')
  );
}

export function isWord(token: Token | undefined, value: string): boolean {
  return token?.kind === 'word' && token.value === value;
}
