/** The names of a statement's result columns, as PostgreSQL would give them. */
import type { StatementKind } from '../text/statements.ts';
import type { Token } from '../text/tokens.ts';
import { nameOfItem } from './column-names.ts';
import { behindWith, isWord, readList, type SelectList, selectListAt } from './select-lists.ts';

/**
 * @param names those that DuckDB gives, which stay where nothing better is known (columns of `*`)
 */
export function resultNames(
  tokens: readonly Token[],
  statement: StatementKind,
  names: readonly string[],
): readonly string[] {
  if (isValues(tokens, statement)) return names.map((_, at) => `column${at + 1}`);
  const list = listOf(tokens, statement);
  if (list === undefined) return names;
  const items = list.items.map(([from, to]) => nameOfItem(tokens, from, to));
  const firstStar = items.findIndex((item) => item.isStar);
  if (firstStar < 0 && items.length !== names.length) return names;
  const lastStar = items.findLastIndex((item) => item.isStar);
  return names.map((name, at) => {
    const fromEnd = items.length - (names.length - at);
    if (firstStar < 0 || at < firstStar) return items[at]?.name ?? name;
    // Between two stars nobody knows which item a column belongs to.
    return fromEnd > lastStar ? (items[fromEnd]?.name ?? name) : name;
  });
}

function isValues(tokens: readonly Token[], statement: StatementKind): boolean {
  return statement.kind === 'query' && isWord(tokens[0], 'values');
}

function listOf(tokens: readonly Token[], statement: StatementKind): SelectList | undefined {
  switch (statement.kind) {
    case 'query':
      return selectListAt(tokens, 0, tokens.length);
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return returningOf(tokens);
    default:
      return undefined;
  }
}

function returningOf(tokens: readonly Token[]): SelectList | undefined {
  const from = isWord(tokens[0], 'with') ? behindWith(tokens, 0, tokens.length) : 0;
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind === 'operator') {
      if (token.value === '(') depth++;
      if (token.value === ')') depth--;
    } else if (depth === 0 && isWord(token, 'returning')) return readList(tokens, at, tokens.length);
  }
  return undefined;
}
