/** The columns of VALUES are column1, column2 and so on; DuckDB calls them col0, col1. */
import { behindBracket } from '../../text/clauses.ts';
import type { Token } from '../../text/tokens.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

export const valuesColumns: Rule = {
  name: 'values-columns',
  needs: ['values'],
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (!isWord(token, 'values') || tokens[at - 1]?.value !== '(' || tokens[at + 1]?.value !== '(')
        continue;
      const count = rowWidth(tokens, at + 1);
      const open = at - 1;
      const context = tokens[open - 1];
      const close = tokens[behindBracket(tokens, open) - 1];
      if (close === undefined || context === undefined) continue;
      if (isWord(context, 'as') || isWord(context, 'materialized')) {
        nameExpression(tokens, open - 1, count, edits);
        continue;
      }
      if (!/^(from|join|lateral|,)$/.test(context.value)) continue;
      if (context.value === ',' && !inFromList(tokens, open - 1)) continue;
      nameAlias(tokens, behindBracket(tokens, open), close, count, edits);
    }
  },
};

type EditsOf = Parameters<Rule['apply']>[1];

function names(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `column${from + at + 1}`).join(', ');
}

function rowWidth(tokens: readonly Token[], open: number): number {
  let depth = 0;
  let width = 1;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== 'operator') continue;
    if (/^[([{]$/.test(token.value)) depth++;
    else if (/^[)\]}]$/.test(token.value)) {
      if (--depth === 0) return width;
    } else if (depth === 1 && token.value === ',') width++;
  }
  return width;
}

/** `WITH v AS (VALUES …)` → `v(column1, …)`. */
function nameExpression(tokens: readonly Token[], from: number, count: number, edits: EditsOf): void {
  let at = from;
  while (['as', 'not', 'materialized'].includes(tokens[at]?.value ?? '')) at--;
  const name = tokens[at];
  if (name === undefined || (name.kind !== 'word' && name.kind !== 'quoted')) return;
  if (!/^(with|recursive|,)$/.test(tokens[at - 1]?.value ?? '')) return;
  edits.insertAfter(name, `(${names(0, count)})`);
}

/** Words that may follow a relation and are no alias. */
const NO_ALIAS =
  /^(where|group|order|having|limit|offset|fetch|for|union|intersect|except|on|using|join|left|right|full|inner|cross|natural|window|qualify|tablesample|returning|when|asof|positional|semi|anti|set)$/;

function nameAlias(
  tokens: readonly Token[],
  behind: number,
  close: Token,
  count: number,
  edits: EditsOf,
): void {
  let at = behind;
  if (isWord(tokens[at], 'as')) at++;
  const alias = tokens[at];
  if (
    alias === undefined ||
    (alias.kind !== 'quoted' && (alias.kind !== 'word' || NO_ALIAS.test(alias.value)))
  ) {
    edits.insertAfter(close, ` AS "*VALUES*"(${names(0, count)})`);
    return;
  }
  if (tokens[at + 1]?.value !== '(') {
    edits.insertAfter(alias, `(${names(0, count)})`);
    return;
  }
  const given = rowWidth(tokens, at + 1);
  const end = tokens[behindBracket(tokens, at + 1) - 1];
  if (given < count && end !== undefined) edits.insertBefore(end, `, ${names(given, count)}`);
}

/** Tokens to look back for the clause; farther away nothing is changed. */
const MAX_BACK = 500;

function inFromList(tokens: readonly Token[], from: number): boolean {
  let depth = 0;
  for (let at = from; at >= Math.max(0, from - MAX_BACK); at--) {
    const token = tokens[at];
    if (token?.kind === 'operator' && /^[)\]}]$/.test(token.value)) depth++;
    else if (token?.kind === 'operator' && /^[([{]$/.test(token.value)) {
      if (--depth < 0) return false;
    } else if (depth === 0 && token?.kind === 'word') {
      if (/^(from|using)$/.test(token.value)) return true;
      if (/^(select|where|values|set|by|on|having|in)$/.test(token.value)) return token.value === 'on';
    }
  }
  return false;
}
