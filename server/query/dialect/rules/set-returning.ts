/**
 * Functions that return rows. In a select list PostgreSQL gives a row for each, where DuckDB's function of that name
 * gives a list; in FROM an alias names the column, where DuckDB's names the row.
 */
import { behindBracket } from '../../text/clauses.ts';
import { quoteIdentifier, type Token } from '../../text/tokens.ts';
import { foldedName } from '../column-names.ts';
import type { Edits } from '../edits.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord, readList } from '../select-lists.ts';

/** Their lists are made by macros, or by DuckDB's function of that name. Those with `value` call their column so. */
const LISTS: Readonly<Record<string, string | undefined>> = {
  generate_series: undefined,
  json_array_elements: 'value',
  jsonb_array_elements: 'value',
  json_array_elements_text: 'value',
  jsonb_array_elements_text: 'value',
  json_object_keys: undefined,
  jsonb_object_keys: undefined,
  string_to_table: undefined,
};

/** Table functions of DuckDB's own. */
const TABLE_FUNCTIONS = new Set(['generate_series', 'unnest', 'regexp_split_to_table']);

export const setReturning: Rule = {
  name: 'set-returning',
  needs: [...Object.keys(LISTS), ...TABLE_FUNCTIONS],
  apply({ tokens, has }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (!isWord(token, 'select')) continue;
      const list = readList(tokens, at, tokens.length);
      for (const [from, to] of list.items) unnestCalls(tokens, from, to, edits);
    }
    for (const [at, token] of tokens.entries()) {
      if (token.kind !== 'word' || !isOperator(tokens[at + 1], '(') || !standsInFrom(tokens, at)) continue;
      if (Object.hasOwn(LISTS, token.value) || TABLE_FUNCTIONS.has(token.value))
        relation(tokens, at, has, edits);
    }
  },
};

/** At the level of the item itself: inside another call, DuckDB's lists may be what is meant. */
function unnestCalls(tokens: readonly Token[], from: number, to: number, edits: Edits): void {
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token === undefined) return;
    if (token.kind === 'operator' && /^[([{]$/.test(token.value)) {
      at = behindBracket(tokens, at) - 1;
      continue;
    }
    if (token.kind !== 'word' || !Object.hasOwn(LISTS, token.value) || !isOperator(tokens[at + 1], '('))
      continue;
    if (isOperator(tokens[at - 1], '.')) continue;
    const close = tokens[behindBracket(tokens, at + 1) - 1];
    if (close === undefined) return;
    edits.insertBefore(token, 'unnest(');
    edits.insertAfter(close, ')');
  }
}

/** Tokens to look back for the clause that something stands in; farther away nothing is changed. */
const MAX_BACK = 500;

function standsInFrom(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (before?.kind === 'word')
    return /^(from|join|lateral)$/.test(before.value) && !isTrimming(tokens, at - 1);
  if (!isOperator(before, ',')) return false;
  let depth = 0;
  for (let back = at - 2; back >= Math.max(0, at - MAX_BACK); back--) {
    const token = tokens[back];
    if (token?.kind === 'operator' && /^[)\]}]$/.test(token.value)) depth++;
    else if (token?.kind === 'operator' && /^[([{]$/.test(token.value)) {
      if (--depth < 0) return false;
    } else if (depth === 0 && token?.kind === 'word') {
      if (token.value === 'from') return !isTrimming(tokens, back);
      if (/^(select|where|by|having|values|set|returning|limit)$/.test(token.value)) return false;
    }
  }
  return false;
}

/** `extract(year FROM generate_series(…))`, `substring(x FROM f(y))`: no relation. */
function isTrimming(tokens: readonly Token[], from: number): boolean {
  let depth = 0;
  for (let back = from - 1; back >= Math.max(0, from - MAX_BACK); back--) {
    const token = tokens[back];
    if (isOperator(token, ')')) depth++;
    else if (isOperator(token, '(') && --depth < 0) {
      return /^(extract|substring|trim|overlay|position)$/.test(tokens[back - 1]?.value ?? '');
    } else if (depth === 0 && isWord(token, 'select')) return false;
  }
  return false;
}

/** Words that may follow a relation and are no alias. */
const NO_ALIAS =
  /^(where|group|order|having|limit|offset|fetch|for|union|intersect|except|on|using|join|left|right|full|inner|cross|natural|window|qualify|tablesample|with|returning|asof|positional|semi|anti)$/;

function relation(tokens: readonly Token[], at: number, has: ReadonlySet<string>, edits: Edits): void {
  const name = tokens[at];
  const end = behindBracket(tokens, at + 1);
  const close = tokens[end - 1];
  if (name === undefined || close === undefined) return;
  const isList = !TABLE_FUNCTIONS.has(name.value);
  if (isList) {
    edits.insertBefore(name, 'unnest(');
    edits.insertAfter(close, ')');
  }
  let behind = end;
  const isNumbered = isWord(tokens[behind], 'with') && isWord(tokens[behind + 1], 'ordinality');
  if (isNumbered) behind += 2;
  if (isWord(tokens[behind], 'as')) behind++;
  const alias = tokens[behind];
  const hasAlias = alias?.kind === 'quoted' || (alias?.kind === 'word' && !NO_ALIAS.test(alias.value));
  const value = LISTS[name.value];
  if (!hasAlias) {
    const column = value ?? name.value;
    if (isList && !isNumbered) edits.insertAfter(close, ` AS ${name.value}(${column})`);
    return;
  }
  if (alias === undefined || isOperator(tokens[behind + 1], '(')) return;
  // The alias is the column's name as well, but where the column has one of its own, and that is used.
  const column = value !== undefined && has.has(value) ? value : foldedName(alias);
  edits.insertAfter(alias, `(${quoteIdentifier(column)}${isNumbered ? ', ordinality' : ''})`);
}
