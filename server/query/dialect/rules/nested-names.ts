/**
 * Columns of subqueries, common table expressions, views and CREATE TABLE AS get PostgreSQL's names as aliases, since
 * other parts of the statement (or later ones) call them by these; so do columns that ORDER BY or GROUP BY name.
 *
 * An alias may be seen where the user meant something else: DuckDB looks at aliases in WHERE and in the list itself.
 * So none is added whose name stands in the same query as a bare column name, and none where a quoted name spells out
 * an expression, as DuckDB would name it.
 */
import { behindBracket } from '../../text/clauses.ts';
import { quoteIdentifier, type Token } from '../../text/tokens.ts';
import { nameOfItem } from '../column-names.ts';
import type { Edits } from '../edits.ts';
import type { Rule, RuleInput } from '../rule.ts';
import { isWord, readList } from '../select-lists.ts';

/** Statements of more tokens than this keep DuckDB's names inside. */
const MAX_TOKENS = 200_000;

/** Before a bracket: a query inside gives columns that have names outside. */
const NAMING_CONTEXTS = new Set(['from', 'join', 'lateral', 'as', 'materialized', ',', '(']);

export const nestedNames: Rule = {
  name: 'nested-names',
  needs: ['select'],
  apply(input, edits) {
    const { tokens } = input;
    if (tokens.length > MAX_TOKENS || !isWorthwhile(input)) return;
    if (tokens.some((token) => token.kind === 'quoted' && /[( ]/.test(token.value))) return;
    const bare = bareNames(tokens);
    const opens: number[] = [];
    for (const [at, token] of tokens.entries()) {
      if (token.kind === 'operator') {
        if (token.value === '(') opens.push(at);
        else if (token.value === ')') opens.pop();
        continue;
      }
      if (!isWord(token, 'select') || tokens[at - 1]?.value === '.' || isLaterBranch(tokens, at)) continue;
      const open = opens.at(-1);
      const isNamed =
        open === undefined ? definesColumns(input) : NAMING_CONTEXTS.has(tokens[open - 1]?.value ?? '(');
      aliasList(tokens, at, open, isNamed, bare, edits);
    }
  },
};

/** Nothing but the outermost names: those are given to the result's columns, without touching the text. */
function isWorthwhile({ has, statement }: RuleInput): boolean {
  if (has.has('name') && has.has('by') && has.has('union')) return false;
  return has.has('(') || has.has('order') || has.has('group') || statement.kind !== 'query';
}

function definesColumns({ statement }: RuleInput): boolean {
  return (
    statement.kind === 'create-table-as' || (statement.kind === 'ddl' && statement.tag === 'CREATE VIEW')
  );
}

function isLaterBranch(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (before?.kind !== 'word') return false;
  const word = /^(all|distinct)$/.test(before.value) ? tokens[at - 2]?.value : before.value;
  return /^(union|intersect|except)$/.test(word ?? '');
}

/** Where each name stands alone: not a function, not qualified, and no alias being given. In order of appearance. */
function bareNames(tokens: readonly Token[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' && token.kind !== 'quoted') continue;
    if (tokens[at + 1]?.value === '(' || tokens[at - 1]?.value === '.') continue;
    const name = token.value.toLowerCase();
    const known = places.get(name);
    if (known === undefined) places.set(name, [at]);
    else known.push(at);
  }
  return places;
}

function aliasList(
  tokens: readonly Token[],
  select: number,
  open: number | undefined,
  isNamed: boolean,
  bare: ReadonlyMap<string, readonly number[]>,
  edits: Edits,
): void {
  const list = readList(tokens, select, tokens.length);
  let close: number | undefined;
  let tail: number | undefined;
  const given = new Set<string>();
  for (const [from, to] of list.items) {
    const { name, isWritten, isStar } = nameOfItem(tokens, from, to);
    const last = tokens[to - 1];
    if (isStar || name === undefined || last === undefined) continue;
    const isRepeated = given.has(name);
    given.add(name);
    if (isWritten || isRepeated) continue;
    const places = bare.get(name) ?? [];
    if (places.length === 0 && !isNamed) continue;
    // A qualified or indexed column is called that by DuckDB as well.
    if (/^[\w.]+$/.test(last.text) && tokens[to - 2]?.value === '.') continue;
    close ??= open === undefined ? tokens.length : behindBracket(tokens, open) - 1;
    tail ??= sortedBy(tokens, list.end, close);
    const inside = places.filter((at) => at > select && at < (close ?? at));
    // A name inside the item itself is that of a column, which DuckDB looks for before aliases.
    const isOwn = inside.some((at) => at >= from && at < to);
    if (!isOwn && inside.some((at) => at < (tail ?? at))) continue;
    if (!isNamed && !inside.some((at) => at >= (tail ?? at))) continue;
    edits.insertAfter(last, ` AS ${quoteIdentifier(name)}`);
  }
}

/** Index of the ORDER BY or GROUP BY of the query whose list ends at `from`: there, names of columns may stand. */
function sortedBy(tokens: readonly Token[], from: number, close: number): number {
  let depth = 0;
  let order = close;
  for (let at = from; at < close; at++) {
    const token = tokens[at];
    if (token?.kind === 'operator') {
      if (/^[([{]$/.test(token.value)) depth++;
      else if (/^[)\]}]$/.test(token.value)) depth--;
    } else if (
      depth === 0 &&
      token?.kind === 'word' &&
      /^(order|group)$/.test(token.value) &&
      isWord(tokens[at + 1], 'by')
    ) {
      if (token.value === 'order') order = at;
    }
  }
  return order;
}
