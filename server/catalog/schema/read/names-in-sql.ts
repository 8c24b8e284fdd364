/** What DuckDB tells only as the text of a definition, in the plain form in which it writes them. */
import { type Token, tokenize } from '../../../query/text/tokens.ts';

/** The SELECT of `CREATE [TEMP] VIEW name [(columns)] AS SELECT …;`. A list of columns becomes part of it. */
export function viewQuery(sql: string, name: string): string {
  const tokens = tokenize(sql);
  let depth = 0;
  let listStart: number | undefined;
  for (const token of tokens) {
    if (token.text === '(' && depth++ === 0) listStart ??= token.start;
    if (token.text === ')') depth--;
    if (depth > 0 || token.kind !== 'word' || token.value !== 'as') continue;
    const query = sql.slice(token.end).trim().replace(/;\s*$/, '');
    if (listStart === undefined) return query;
    const list = sql.slice(listStart, token.start).trim();
    return `SELECT * FROM (${query}) AS "${name.replaceAll('"', '""')}"${list}`;
  }
  return sql;
}

/** The items between the first parentheses of a definition, each as its tokens. */
function items(tokens: readonly Token[]): Token[][] {
  const found: Token[][] = [];
  let item: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    const opens = token.text === '(' || token.text === '[';
    const closes = token.text === ')' || token.text === ']';
    if (closes && --depth === 0) return [...found, item];
    if (depth === 1 && token.text === ',') {
      found.push(item);
      item = [];
    } else if (depth > 0) item.push(token);
    if (opens) depth++;
  }
  return found;
}

/** Names, in lower case, of the columns that `CREATE TABLE …` says are generated. */
export function generatedColumns(sql: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const item of items(tokenize(sql))) {
    let depth = 0;
    for (const [at, token] of item.entries()) {
      if (token.text === '(') depth++;
      if (token.text === ')') depth--;
      const isGeneration = token.value === 'generated' && item[at + 1]?.value === 'always';
      if (depth === 0 && token.kind === 'word' && isGeneration) names.add(item[0]?.value.toLowerCase() ?? '');
    }
  }
  return names;
}

export type WrittenKey = { readonly name: string } | { readonly expression: string };

/** The keys of `CREATE INDEX name ON table(key, …);`, in which DuckDB puts expressions in parentheses. */
export function indexKeys(sql: string): WrittenKey[] {
  return items(tokenize(sql)).map((item) => {
    const [first] = item;
    const last = item.at(-1);
    if (first === undefined || last === undefined) return { expression: 'NULL' };
    if (item.length === 1 && (first.kind === 'word' || first.kind === 'quoted')) {
      return { name: first.kind === 'quoted' ? first.value : first.text };
    }
    const text = sql.slice(first.start, last.end);
    const isWrapped = first.text === '(' && last.text === ')' && closesAt(item) === item.length - 1;
    return { expression: isWrapped ? text.slice(1, -1) : text };
  });
}

/** Where the parenthesis that opens first is closed. */
function closesAt(tokens: readonly Token[]): number {
  let depth = 0;
  return tokens.findIndex((token) => {
    if (token.text === '(') depth++;
    return token.text === ')' && --depth === 0;
  });
}
