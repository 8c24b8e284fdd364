/**
 * Which column of which relation a result's column shows as it is, as far as the text of a plain SELECT or a RETURNING tells: clients
 * look there for names, keys and nullability. What is not certain has no origin, as an expression has none.
 *
 * PostgreSQL follows columns through subqueries and CTEs too; here those count as expressions.
 */
import type { ColumnOrigin, ResultColumn } from '../api.ts';
import { behindBracket, findWord, readName, splitAtCommas } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

/** A relation in the catalog's numbers. */
export interface RelationOrigin {
  readonly oid: number;
  /** pg_attribute.attnum by column name, in the order of the columns; names compare without regard to case. */
  readonly attnums: ReadonlyMap<string, number>;
}

export type FindRelation = (schema: string | undefined, name: string) => RelationOrigin | undefined;

interface Source {
  readonly alias: string;
  /** Undefined: a subquery, a function, or a relation that the catalog does not know. */
  readonly relation: RelationOrigin | undefined;
}

type Item =
  | { readonly kind: 'column'; readonly qualifier: string | undefined; readonly name: string }
  | { readonly kind: 'star'; readonly qualifier: string | undefined }
  | { readonly kind: 'expression' };

/** Longer lists are not looked at: their tokens are many, and nobody reads the origins. */
const MAX_TOKENS = 5_000;

/** What may follow the FROM clause. */
const AFTER_FROM = [
  'where',
  'group',
  'having',
  'window',
  'qualify',
  'order',
  'limit',
  'offset',
  'fetch',
  'for',
];
const SET_OPERATORS = ['union', 'intersect', 'except'];
const JOIN_WORDS = new Set([
  'join',
  'inner',
  'left',
  'right',
  'full',
  'outer',
  'cross',
  'natural',
  'lateral',
]);
const NO_ALIAS = new Set([
  ...JOIN_WORDS,
  'on',
  'using',
  'tablesample',
  'pivot',
  'unpivot',
  'asof',
  'positional',
  'semi',
  'anti',
]);
/** Words in a list by which one item may become several columns. */
const EXPANDING = new Set(['columns', 'unnest', 'unpack', 'exclude', 'replace', 'rename']);

/** @returns the columns, with their origins where those are known */
export function withOrigins(
  tokens: readonly Token[],
  columns: readonly ResultColumn[],
  find: FindRelation,
): readonly ResultColumn[] {
  if (tokens.length > MAX_TOKENS) return columns;
  const read = readerOf(tokens)?.(tokens, find);
  if (read === undefined) return columns;
  const { sources, items } = read;
  if (sources === undefined || sources.every(({ relation }) => relation === undefined)) return columns;
  const origins = items && originsOf(items, columns, sources);
  if (origins === undefined) return columns;
  return columns.map((column, at) => {
    const origin = origins[at];
    return origin === undefined ? column : { ...column, origin };
  });
}

interface Columns {
  readonly sources: readonly Source[] | undefined;
  readonly items: readonly Item[] | undefined;
}

type Reader = (tokens: readonly Token[], find: FindRelation) => Columns | undefined;

function readerOf(tokens: readonly Token[]): Reader | undefined {
  switch (tokens[0]?.kind === 'word' ? tokens[0].value : undefined) {
    case 'select':
      return readSelect;
    case 'table':
      return readTable;
    case 'insert':
    case 'update':
    case 'delete':
      return readReturning;
    default:
      return undefined;
  }
}

function readSelect(tokens: readonly Token[], find: FindRelation): Columns | undefined {
  const from = findWord(tokens, 1, 'from');
  if (from < 0 || findWord(tokens, 1, ...SET_OPERATORS) >= 0) return undefined;
  return { sources: sourcesOf(tokens, from + 1, find), items: itemsOf(tokens, 1, from) };
}

/** TABLE name */
function readTable(tokens: readonly Token[], find: FindRelation): Columns | undefined {
  if (findWord(tokens, 1, ...SET_OPERATORS) >= 0) return undefined;
  return { sources: sourcesOf(tokens, 1, find), items: [{ kind: 'star', qualifier: undefined }] };
}

/** The rows that were written are those of one table, unless others take part. */
function readReturning(tokens: readonly Token[], find: FindRelation): Columns | undefined {
  const returning = findWord(tokens, 1, 'returning');
  if (returning < 0) return undefined;
  const isDelete = tokens[0]?.value === 'delete';
  const isOthers = tokens[0]?.value !== 'insert' && findWord(tokens, 2, isDelete ? 'using' : 'from') >= 0;
  let at = 1;
  while (tokens[at]?.kind === 'word' && TARGET_WORDS.has(tokens[at]?.value ?? '')) at++;
  const { parts, end } = readName(tokens, at);
  const name = parts.at(-1);
  if (name === undefined || isOthers) return undefined;
  const hasAs = tokens[end]?.kind === 'word' && tokens[end]?.value === 'as';
  const alias = tokens[hasAs ? end + 1 : end];
  const isAlias = hasAs || alias?.kind === 'quoted' || !BEHIND_TARGET.has(alias?.value ?? '(');
  const source = {
    alias: (isAlias && isName(alias) ? alias.value : name).toLowerCase(),
    relation: find(parts.at(-2), name),
  };
  return { sources: [source], items: itemsOf(tokens, returning + 1, tokens.length) };
}

/** Words between the verb and the table, and those that may follow it instead of an alias. */
const TARGET_WORDS = new Set(['or', 'replace', 'ignore', 'into', 'from', 'only']);
const BEHIND_TARGET = new Set(
  '( set where using returning values select default overriding by with'.split(' '),
);

/** @returns undefined when the clause holds something that may change what names mean */
function sourcesOf(tokens: readonly Token[], from: number, find: FindRelation): Source[] | undefined {
  const following = findWord(tokens, from, ...AFTER_FROM);
  const end = following < 0 ? tokens.length : following;
  const sources: Source[] = [];
  let expectsSource = true;
  for (let at = from; at < end; ) {
    const token = tokens[at];
    if (token === undefined) return undefined;
    if (expectsSource) {
      if (token.kind === 'word' && token.value === 'lateral') {
        at++;
        continue;
      }
      const [source, next] = sourceAt(tokens, at, end, find);
      if (source === undefined) return undefined;
      sources.push(source);
      at = next;
      expectsSource = false;
    } else if (token.kind === 'operator' && /^[([{]$/.test(token.value)) {
      at = behindBracket(tokens, at);
    } else {
      // In an ON condition commas stand in brackets only.
      expectsSource = token.value === ',' || (token.kind === 'word' && token.value === 'join');
      at++;
    }
  }
  return sources;
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

function sourceAt(
  tokens: readonly Token[],
  start: number,
  end: number,
  find: FindRelation,
): [source: Source | undefined, next: number] {
  let at = start;
  const names: string[] = [];
  if (tokens[at]?.value === '(' && tokens[at]?.kind === 'operator') {
    at = behindBracket(tokens, at);
  } else {
    for (let next = tokens[at]; isName(next); next = tokens[at]) {
      names.push(next.value);
      at++;
      if (tokens[at]?.value !== '.') break;
      at++;
    }
    if (names.length === 0 || names.length > 3) return [undefined, at];
    // A function's result is no relation of the catalog.
    if (tokens[at]?.value === '(') {
      at = behindBracket(tokens, at);
      names.length = 0;
    }
  }
  const name = names.at(-1);
  let alias = name ?? '';
  if (tokens[at]?.value === 'as' && tokens[at]?.kind === 'word') at++;
  const following = tokens[at];
  let renamed = false;
  if (at < end && isName(following) && !(following.kind === 'word' && NO_ALIAS.has(following.value))) {
    alias = following.value;
    at++;
    // t(a, b): its columns have other names here.
    if (tokens[at]?.value === '(') {
      renamed = true;
      at = behindBracket(tokens, at);
    }
  }
  const relation = name === undefined || renamed ? undefined : find(names.at(-2), name);
  return [{ alias: alias.toLowerCase(), relation }, at];
}

/** @returns undefined when an item may stand for several columns in a way that its text does not tell */
function itemsOf(tokens: readonly Token[], from: number, to: number): Item[] | undefined {
  let start = from;
  if (tokens[start]?.kind === 'word' && /^(all|distinct)$/.test(tokens[start]?.value ?? '')) {
    if (tokens[start + 1]?.value === 'on') return undefined;
    start++;
  }
  const items: Item[] = [];
  for (const [begin, end] of splitAtCommas(tokens, start, to)) {
    const item = itemOf(tokens.slice(begin, end));
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function itemOf(tokens: readonly Token[]): Item | undefined {
  const last = tokens.at(-1);
  if (last === undefined) return undefined;
  if (last.value === '*' && last.kind === 'operator') {
    if (tokens.length === 1) return { kind: 'star', qualifier: undefined };
    const qualifier = tokens.at(-3);
    return tokens.at(-2)?.value === '.' && isName(qualifier) && isPath(tokens.slice(0, -2))
      ? { kind: 'star', qualifier: qualifier.value.toLowerCase() }
      : undefined;
  }
  if (tokens.some(({ kind, value }) => kind === 'word' && EXPANDING.has(value))) return undefined;
  if (tokens.some(({ value }, at) => value === '*' && tokens[at - 1]?.value === '.')) return undefined;
  const named = tokens.at(-2)?.value === 'as' ? tokens.slice(0, -2) : tokens;
  // An alias without AS is one more name behind the path.
  const path = named.length > 1 && isName(named.at(-1)) && isName(named.at(-2)) ? named.slice(0, -1) : named;
  if (!isPath(path)) return { kind: 'expression' };
  const name = path.at(-1)?.value ?? '';
  return { kind: 'column', qualifier: path.at(-3)?.value.toLowerCase(), name: name.toLowerCase() };
}

/** a, a.b, a.b.c */
function isPath(tokens: readonly Token[]): boolean {
  return (
    tokens.length % 2 === 1 &&
    tokens.length <= 5 &&
    tokens.every((token, at) => (at % 2 === 0 ? isName(token) : token.value === '.'))
  );
}

/** @returns undefined when it is not known which item a column belongs to */
function originsOf(
  items: readonly Item[],
  columns: readonly ResultColumn[],
  sources: readonly Source[],
): (ColumnOrigin | undefined)[] | undefined {
  const stars = items.filter(({ kind }) => kind === 'star').length;
  if (stars > 1) return undefined;
  const width = columns.length - (items.length - stars);
  if (width < 0 || (stars === 0 && width !== 0)) return undefined;
  const origins: (ColumnOrigin | undefined)[] = [];
  for (const item of items) {
    switch (item.kind) {
      case 'expression':
        origins.push(undefined);
        break;
      case 'column':
        origins.push(originOf(sources, item.qualifier, item.name));
        break;
      case 'star':
        for (let count = 0; count < width; count++) {
          origins.push(originOf(sources, item.qualifier, columns[origins.length]?.name.toLowerCase() ?? ''));
        }
        break;
    }
  }
  return origins;
}

/** The column of that name, when only one source has it and no source is unknown. */
function originOf(
  sources: readonly Source[],
  qualifier: string | undefined,
  name: string,
): ColumnOrigin | undefined {
  const candidates = qualifier === undefined ? sources : sources.filter(({ alias }) => alias === qualifier);
  const found: ColumnOrigin[] = [];
  for (const { relation } of candidates) {
    if (relation === undefined) return undefined;
    const attnum = relation.attnums.get(name);
    if (attnum !== undefined) found.push({ tableOid: relation.oid, attnum });
  }
  return found.length === 1 ? found[0] : undefined;
}
