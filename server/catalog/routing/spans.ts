/** Where the queries of a statement stand in its text. The tree says where they begin, parentheses where they end. */
import type { Token } from '../../query/text/tokens.ts';
import type { QueryUse } from './query-use.ts';

/** Indexes of the first token, and of the one after the last. */
export interface TokenSpan {
  readonly first: number;
  readonly end: number;
}

const QUERY_WORDS = new Set(['select', 'with', 'values', 'table']);
const SET_OPERATORS = new Set(['union', 'intersect', 'except']);
/** What follows the last side of a set operation belongs to the whole. */
const TAIL_WORDS = new Set(['order', 'limit', 'offset', 'fetch', 'for']);

export class Spans {
  readonly #tokens: readonly Token[];
  /** Of each token, the index of the parenthesis that it stands in; -1 outside of all. */
  readonly #openOf: number[] = [];
  readonly #closeOf = new Map<number, number>();
  readonly #indexAt = new Map<number, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    const open: number[] = [];
    for (const [index, token] of tokens.entries()) {
      this.#indexAt.set(token.start, index);
      if (token.kind === 'operator' && token.value === ')') {
        const last = open.pop();
        if (last !== undefined) this.#closeOf.set(last, index);
      }
      this.#openOf.push(open.at(-1) ?? -1);
      if (token.kind === 'operator' && token.value === '(') open.push(index);
    }
  }

  /** The token that begins at an offset in characters. */
  indexAt(offset: number): number | undefined {
    return this.#indexAt.get(offset);
  }

  /**
   * @param offsetOf where a query's first output begins, in characters
   * @returns undefined where the query has no text of its own to replace
   */
  spanOf(query: QueryUse, offsetOf: (query: QueryUse) => number | undefined): TokenSpan | undefined {
    const first = this.#indexOf(leaf(query, 0), offsetOf);
    const last = this.#indexOf(leaf(query, -1), offsetOf);
    if (first === undefined || last === undefined) return undefined;
    const groups = this.#groupsAround(last);
    const open = this.#groupsAround(first).find((group) => groups.includes(group));
    if (open === undefined) return undefined;
    if (query.isArm && this.#holdsSetOperator(open)) {
      return query.children.some(({ isArm }) => isArm) ? undefined : this.#armSpan(open, first);
    }
    return open < 0 ? undefined : { first: open + 1, end: this.#endOf(open) };
  }

  /** The query of INSERT … SELECT and CREATE TABLE … AS. */
  topLevelQuery(): TokenSpan | undefined {
    const isTopLevel = (index: number) => this.#openOf[index] === -1;
    const words = this.#tokens.map((token, index) =>
      token.kind === 'word' && isTopLevel(index) ? token.value : '',
    );
    const into = words.indexOf('insert') >= 0 ? words.indexOf('into') : words.indexOf('as');
    if (into < 0) return undefined;
    // The target's name comes first: INSERT INTO t …, CREATE TABLE t AS …
    const isInsert = words[into] === 'into';
    const first = words.findIndex((word, index) => index > into && QUERY_WORDS.has(word));
    // VALUES may hold DEFAULT, which is nothing outside of an INSERT.
    if (first < 0 || words[first] === 'values' || (!isInsert && first !== into + 1)) return undefined;
    const end = words.findIndex((word, index) => {
      if (index <= first) return false;
      if (word === 'returning') return true;
      if (word === 'on') return words[index + 1] === 'conflict';
      return word === 'with' && (words[index + 1] === 'data' || words[index + 1] === 'no');
    });
    return { first, end: end < 0 ? this.#endOf(-1) : end };
  }

  /** A name, qualified or not, that begins at a token. @returns the index after it */
  endOfName(first: number): number {
    let at = first;
    while (this.#tokens[at + 1]?.value === '.' && this.#tokens[at + 1]?.kind === 'operator') at += 2;
    return at + 1;
  }

  #indexOf(query: QueryUse, offsetOf: (query: QueryUse) => number | undefined): number | undefined {
    const offset = offsetOf(query);
    return offset === undefined ? undefined : this.#indexAt.get(offset);
  }

  /** The parentheses that hold queries around a token, innermost first, and -1 for the statement. */
  #groupsAround(index: number): number[] {
    const groups: number[] = [];
    for (let open = this.#openOf[index] ?? -1; open >= 0; open = this.#openOf[open] ?? -1) {
      let inner = open + 1;
      while (this.#tokens[inner]?.value === '(') inner++;
      const token = this.#tokens[inner];
      if (token?.kind === 'word' && QUERY_WORDS.has(token.value)) groups.push(open);
    }
    return [...groups, -1];
  }

  #endOf(open: number): number {
    const close = open < 0 ? undefined : this.#closeOf.get(open);
    if (close !== undefined) return close;
    const last = this.#tokens.at(-1);
    return last?.kind === 'operator' && last.value === ';' ? this.#tokens.length - 1 : this.#tokens.length;
  }

  #isWordIn(index: number, open: number, words: ReadonlySet<string>): boolean {
    const token = this.#tokens[index];
    return token?.kind === 'word' && this.#openOf[index] === open && words.has(token.value);
  }

  #holdsSetOperator(open: number): boolean {
    const end = this.#endOf(open);
    for (let at = open + 1; at < end; at++) if (this.#isWordIn(at, open, SET_OPERATORS)) return true;
    return false;
  }

  #armSpan(open: number, start: number): TokenSpan | undefined {
    let first = start;
    while (first > open && !this.#isWordIn(first, open, QUERY_WORDS)) first--;
    if (first <= open) return undefined;
    let end = start;
    const stop = this.#endOf(open);
    const isEnd = (at: number) =>
      this.#isWordIn(at, open, SET_OPERATORS) || this.#isWordIn(at, open, TAIL_WORDS);
    while (end < stop && !isEnd(end)) end++;
    return { first, end };
  }
}

/** The first or the last query that a set operation is made of. */
function leaf(query: QueryUse, which: 0 | -1): QueryUse {
  const arm = query.children.filter(({ isArm }) => isArm).at(which);
  return arm === undefined ? query : leaf(arm, which);
}
