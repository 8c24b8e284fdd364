/**
 * The shape of a catalog query: its select list, the catalog relations it reads and the conditions in it, in one
 * spelling. Clients of different versions write the same question with other line breaks, casts and qualifiers;
 * `pg_catalog.` and `COLLATE` are dropped and `OPERATOR(pg_catalog.~)` is written `~`, so that a recogniser looks for
 * one form only.
 */
import { type Token, tokenize } from '../query/tokens.ts';

/** Longer statements are not catalog queries of any client we know. */
const MAX_LENGTH = 20_000;

/** One entry of the select list. */
export interface SelectItem {
  readonly lexemes: readonly string[];
  /** The name PostgreSQL gives the column: its alias, or what it derives. */
  readonly name: string;
}

export class QueryShape {
  readonly items: readonly SelectItem[];
  /** Names of the catalog relations in the outer FROM, in order. */
  readonly relations: readonly string[];
  /** Those of them without which there is no row: not behind an outer join. */
  readonly required: readonly string[];
  /** More SELECTs follow behind a UNION; all that is known here is of the first. */
  readonly isUnion: boolean;
  /** What WHERE joins by AND. */
  readonly #conditions: readonly (readonly string[])[];
  readonly #lexemes: readonly string[];

  private constructor(lexemes: readonly string[]) {
    const fromAt = topLevelIndex(lexemes, 'from', 1);
    const listEnd = fromAt < 0 ? lexemes.length : fromAt;
    const listStart = lexemes[1] === 'distinct' ? 2 : 1;
    const from = fromAt < 0 ? [] : relationsOf(lexemes.slice(fromAt));
    this.#lexemes = lexemes;
    this.isUnion = topLevelIndex(lexemes, 'union', 0) >= 0;
    this.#conditions = conditionsOf(lexemes);
    this.items = splitTopLevel(lexemes.slice(listStart, listEnd), ',').map(selectItem);
    this.relations = from.map(({ name }) => name);
    // RIGHT and FULL joins make what stands in front of them optional too.
    const isOuter = lexemes.includes('right') || lexemes.includes('full');
    this.required = from.filter(({ isOptional }) => !isOptional && !isOuter).map(({ name }) => name);
  }

  /** @returns undefined for what is no SELECT, or is too long to be a catalog query */
  static of(sql: string): QueryShape | undefined {
    if (sql.length > MAX_LENGTH) return undefined;
    const lexemes = lexemesOf(sql);
    if (lexemes?.[0] !== 'select') return undefined;
    if (lexemes.at(-1) === ';') lexemes.pop();
    return new QueryShape(lexemes);
  }

  has(fragment: string): boolean {
    return indexOf(this.#lexemes, fragmentLexemes(fragment)) >= 0;
  }

  reads(relation: string): boolean {
    return this.relations.includes(relation);
  }

  /**
   * Whether every condition of WHERE begins with one of the fragments. A query that asks for something else besides is
   * not the one we know: to leave its condition out would be a wrong answer.
   */
  hasOnlyConditions(...fragments: readonly string[]): boolean {
    return this.#conditions.every((condition) =>
      fragments.some((fragment) => fragmentLexemes(fragment).every((lexeme, at) => condition[at] === lexeme)),
    );
  }

  /** The string or number that follows a fragment: `literalAfter('c.oid =')`. */
  literalAfter(fragment: string): string | undefined {
    const wanted = fragmentLexemes(fragment);
    const at = indexOf(this.#lexemes, wanted);
    const next = at < 0 ? undefined : this.#lexemes[at + wanted.length];
    return next === undefined ? undefined : literalValue(next);
  }

  /** The strings of `fragment (…)`: `listAfter('c.relkind IN')`. */
  listAfter(fragment: string): string[] | undefined {
    const wanted = fragmentLexemes(fragment);
    const at = indexOf(this.#lexemes, wanted);
    if (at < 0 || this.#lexemes[at + wanted.length] !== '(') return undefined;
    const start = at + wanted.length + 1;
    const end = this.#lexemes.indexOf(')', start);
    return this.#lexemes.slice(start, end).flatMap((lexeme) => literalValue(lexeme) ?? []);
  }
}

export function itemHas(item: SelectItem, fragment: string): boolean {
  return indexOf(item.lexemes, fragmentLexemes(fragment)) >= 0;
}

/** Whether an entry calls a function of such a name, not counting what stands in subqueries. */
export function callsOutside({ lexemes }: SelectItem, name: RegExp): boolean {
  let depth = 0;
  let subqueryDepth: number | undefined;
  return lexemes.some((lexeme, at) => {
    depth += depthChange(lexeme);
    if (lexeme === 'select') subqueryDepth ??= depth;
    if (subqueryDepth !== undefined && depth < subqueryDepth) subqueryDepth = undefined;
    return subqueryDepth === undefined && name.test(lexeme) && lexemes[at + 1] === '(';
  });
}

/** Words in lower case, strings as 'text', quoted names as "text"; undefined when the text does not tokenize. */
function lexemesOf(sql: string): string[] | undefined {
  let tokens: readonly Token[];
  try {
    tokens = tokenize(sql);
  } catch {
    return undefined;
  }
  const lexemes: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const values = tokens.slice(at, at + 6).map((token) => token.value);
    const [first, second] = values;
    const token = tokens[at];
    if (token === undefined) break;
    if (first === 'pg_catalog' && second === '.') at += 1;
    else if (first === 'collate') at += second === 'pg_catalog' ? 3 : 1;
    else if (first === 'operator' && second === '(' && values[2] === 'pg_catalog') {
      const close = tokens.findIndex((later, index) => index > at && later.value === ')');
      for (const operator of tokens.slice(at + 4, close)) lexemes.push(operator.value);
      at = close < 0 ? tokens.length : close;
    } else if (token.kind === 'string') lexemes.push(`'${token.value}'`);
    else if (token.kind === 'quoted') lexemes.push(`"${token.value}"`);
    else lexemes.push(token.value);
  }
  return lexemes;
}

const fragments = new Map<string, readonly string[]>();

/** Fragments are constants of our own recognisers: few, and worth keeping. */
function fragmentLexemes(fragment: string): readonly string[] {
  let known = fragments.get(fragment);
  if (known === undefined) {
    known = lexemesOf(fragment) ?? [];
    fragments.set(fragment, known);
  }
  return known;
}

function indexOf(lexemes: readonly string[], wanted: readonly string[]): number {
  return lexemes.findIndex((_, at) => wanted.every((lexeme, offset) => lexemes[at + offset] === lexeme));
}

function literalValue(lexeme: string): string | undefined {
  if (lexeme.startsWith("'")) return lexeme.slice(1, -1);
  return /^\d+$/.test(lexeme) ? lexeme : undefined;
}

function depthChange(lexeme: string): number {
  if (lexeme === '(' || lexeme === '[') return 1;
  return lexeme === ')' || lexeme === ']' ? -1 : 0;
}

function topLevelIndex(lexemes: readonly string[], wanted: string, start: number): number {
  let depth = 0;
  for (let at = start; at < lexemes.length; at++) {
    const lexeme = lexemes[at] ?? '';
    depth += depthChange(lexeme);
    if (depth === 0 && lexeme === wanted) return at;
  }
  return -1;
}

function splitTopLevel(lexemes: readonly string[], separator: string): string[][] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const lexeme of lexemes) {
    depth += depthChange(lexeme);
    if (depth === 0 && lexeme === separator) parts.push([]);
    else parts.at(-1)?.push(lexeme);
  }
  return parts;
}

function selectItem(lexemes: readonly string[]): SelectItem {
  const last = lexemes.at(-1) ?? '';
  const before = lexemes.at(-2) ?? '';
  if (before === 'as') return { lexemes: lexemes.slice(0, -2), name: unquote(last) };
  if (last.startsWith('"') && before !== '.' && before !== '') {
    return { lexemes: lexemes.slice(0, -1), name: unquote(last) };
  }
  return { lexemes, name: derivedName(lexemes) };
}

/** The column name that PostgreSQL derives: of a column, a function or CASE; else `?column?`. */
function derivedName(lexemes: readonly string[]): string {
  const cast = topLevelIndex(lexemes, '::', 0);
  const expression = cast < 0 ? lexemes : lexemes.slice(0, cast);
  const [first = ''] = expression;
  if (first === 'case') return 'case';
  if (isName(first) && expression[1] === '(' && expression.at(-1) === ')') return unquote(first);
  const isColumn = expression.every((lexeme, at) => (at % 2 === 0 ? isName(lexeme) : lexeme === '.'));
  return isColumn && first !== 'null' ? unquote(expression.at(-1) ?? '') : '?column?';
}

function isName(lexeme: string): boolean {
  return /^[\p{L}_"]/u.test(lexeme);
}

function unquote(lexeme: string): string {
  return lexeme.startsWith('"') ? lexeme.slice(1, -1) : lexeme;
}

const CLAUSE_ENDS = new Set(['where', 'group', 'order', 'limit', 'union', 'having']);

interface FromRelation {
  readonly name: string;
  readonly isOptional: boolean;
}

function relationsOf(lexemes: readonly string[]): FromRelation[] {
  const relations: FromRelation[] = [];
  let depth = 0;
  for (const [at, lexeme] of lexemes.entries()) {
    depth += depthChange(lexeme);
    if (depth !== 0) continue;
    if (CLAUSE_ENDS.has(lexeme)) break;
    const before = lexemes[at - 1];
    if ((before === 'from' || before === 'join' || before === ',') && lexeme.startsWith('pg_')) {
      const join = lexemes.slice(Math.max(0, at - 3), at);
      relations.push({ name: lexeme, isOptional: join.includes('left') });
    }
  }
  return relations;
}

function conditionsOf(lexemes: readonly string[]): string[][] {
  const start = topLevelIndex(lexemes, 'where', 0);
  if (start < 0) return [];
  const rest = lexemes.slice(start + 1);
  const ends = [...CLAUSE_ENDS].map((word) => topLevelIndex(rest, word, 0)).filter((at) => at >= 0);
  return splitTopLevel(rest.slice(0, Math.min(rest.length, ...ends)), 'and');
}
