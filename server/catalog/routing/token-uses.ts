/**
 * What a statement uses of the catalog, by its tokens: for the texts that only DuckDB's parser reads (FROM-first,
 * EXCLUDE, QUALIFY, DESCRIBE …) and those that are too long for a tree. Otherwise they would reach DuckDB's own
 * pg_catalog, which has other OIDs and other columns.
 */
import type { Token } from '../../query/text/tokens.ts';
import { DATABASE_NAME } from '../mirror/names.ts';
import { catalogSchemaOf, isCatalogFunction } from './names.ts';
import type { RelationUse } from './query-use.ts';

/** What a relation's name follows. */
const BEFORE_RELATION = new Set([
  'from',
  'join',
  'table',
  'describe',
  'desc',
  'summarize',
  'pivot',
  'unpivot',
]);
/** What ends a list of FROM. */
const AFTER_LIST = new Set(
  'select where group order having limit offset window qualify union intersect except set values returning'.split(
    ' ',
  ),
);
/** Words behind a relation's name that are not its alias. */
const NO_ALIAS = new Set([
  ...AFTER_LIST,
  ...'on using join natural inner left right full cross asof positional semi anti lateral tablesample sample'.split(
    ' ',
  ),
  ...'for fetch by as and or not in is then when else end into from union with'.split(' '),
]);

/** Relations of the catalog, each with the offset of its name in characters; all of their columns count as read. */
export function relationsIn(tokens: readonly Token[]): RelationUse[] {
  const ctes = namesOfWith(tokens);
  const found: RelationUse[] = [];
  // Whether the text is inside a list of FROM, at each depth of parentheses.
  const inList: boolean[] = [false];
  let isExpected = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === 'operator') {
      if (token.value === '(') inList.push(isExpected);
      else if (token.value === ')') {
        if (inList.length > 1) inList.pop();
        isExpected = false;
      } else isExpected = token.value === ',' && inList.at(-1) === true;
      continue;
    }
    if (token.kind === 'word' && BEFORE_RELATION.has(token.value) && tokens[at - 1]?.value !== 'distinct') {
      isExpected = true;
      if (token.value === 'from' || token.value === 'join') inList[inList.length - 1] = true;
      continue;
    }
    if (token.kind === 'word' && AFTER_LIST.has(token.value)) {
      inList[inList.length - 1] = false;
      isExpected = false;
      continue;
    }
    if (!isExpected || token.value === 'only' || token.value === 'lateral') continue;
    isExpected = false;
    const name = qualifiedName(tokens, at);
    const relation = relationNamed(tokens, name, ctes);
    if (relation !== undefined) found.push(relation);
    at = name.end - 1;
  }
  return found;
}

/** A function that asks the catalog, outside of what is answered before the statement runs. */
export function unansweredCall(
  tokens: readonly Token[],
  answered: readonly { readonly start: number; readonly end: number }[],
): Token | undefined {
  return tokens.find(
    ({ kind, value, start }, at) =>
      (kind === 'word' || kind === 'quoted') &&
      tokens[at + 1]?.value === '(' &&
      tokens[at + 1]?.kind === 'operator' &&
      isCatalogFunction(value) &&
      !answered.some((part) => start >= part.start && start < part.end),
  );
}

interface QualifiedName {
  readonly parts: readonly string[];
  readonly start: number;
  /** Index of the token behind it. */
  readonly end: number;
}

function qualifiedName(tokens: readonly Token[], first: number): QualifiedName {
  const parts = [tokens[first]?.value ?? ''];
  let end = first + 1;
  for (; tokens[end]?.value === '.' && tokens[end + 1] !== undefined; end += 2) {
    parts.push(tokens[end + 1]?.value ?? '');
  }
  return { parts, start: tokens[first]?.start ?? 0, end };
}

function relationNamed(
  tokens: readonly Token[],
  { parts, start, end }: QualifiedName,
  ctes: ReadonlySet<string>,
): RelationUse | undefined {
  const [name = '', schema, database] = [...parts].reverse();
  const next = tokens[end];
  if (next?.value === '(' || parts.length > 3) return undefined;
  if (database !== undefined && database !== DATABASE_NAME) return undefined;
  if (schema === undefined && ctes.has(name)) return undefined;
  const catalogSchema = catalogSchemaOf(schema, name);
  if (catalogSchema === undefined) return undefined;
  const alias = next?.value === 'as' ? tokens[end + 1] : next;
  const isAlias =
    next?.value === 'as' || next?.kind === 'quoted' || (next?.kind === 'word' && !NO_ALIAS.has(next.value));
  return {
    kind: 'catalog',
    schema: catalogSchema,
    name,
    alias: isAlias ? alias?.value : undefined,
    location: start,
    columns: 'all',
  };
}

/** `WITH name AS (…)`, also with columns in parentheses behind the name. */
function namesOfWith(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [at, { value, kind }] of tokens.entries()) {
    if (kind !== 'word' || value !== 'as') continue;
    const next = tokens[at + 1]?.value;
    if (next !== '(' && next !== 'materialized' && next !== 'not') continue;
    let name = at - 1;
    if (tokens[name]?.value === ')') while (name > 0 && tokens[name]?.value !== '(') name--;
    names.add(tokens[tokens[name]?.value === '(' ? name - 1 : name]?.value ?? '');
  }
  return names;
}
