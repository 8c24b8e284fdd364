/** PostgreSQL's array literals: `{1,NULL,"a b"}`, `{{1,2},{3,4}}`. */
import { DuckDBArrayValue, DuckDBListValue, type DuckDBValue } from '@duckdb/node-api';
import { foreignSqlState, SqlensError, SqlState } from '../../../common/errors.ts';

/**
 * Writes a list. Lists of lists become dimensions; unlike PostgreSQL's, they may differ in length or be NULL,
 * which readers of array literals take.
 *
 * @param encode the text of an element
 */
export function arrayText(items: readonly DuckDBValue[], encode: (value: DuckDBValue) => string): string {
  const parts = items.map((item) => {
    if (item === null) return 'NULL';
    if (item instanceof DuckDBListValue || item instanceof DuckDBArrayValue)
      return arrayText(item.items, encode);
    return quoted(encode(item));
  });
  return `{${parts.join(',')}}`;
}

function quoted(text: string): string {
  if (text !== '' && !/[{}",\\\s]/.test(text) && !/^null$/i.test(text)) return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** A parsed array literal: strings, NULLs and arrays of them. */
export type ArrayItem = string | null | readonly ArrayItem[];

const maxDepth = 6;

/**
 * Reads an array literal.
 * @throws SqlensError 22P02 when it is not one, or has more than PostgreSQL's six dimensions
 */
export function parseArray(text: string): readonly ArrayItem[] {
  const parser = new ArrayParser(text);
  return parser.parse();
}

class ArrayParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): readonly ArrayItem[] {
    this.#skipSpace();
    const bounds = this.#bounds();
    const items = this.#array(1);
    this.#check(items, bounds);
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw this.#malformed('Junk after closing right brace.');
    return items;
  }

  /** `[0:1][2:4]=`: how many elements each dimension has. Where they begin to count, DuckDB's lists cannot say. */
  #bounds(): readonly number[] | undefined {
    const prefix = /(?:\[\s*[+-]?\d+\s*(?::\s*[+-]?\d+\s*)?\]\s*)+=\s*/y;
    prefix.lastIndex = this.#at;
    const match = prefix.exec(this.#text);
    if (match === null) return undefined;
    this.#at = prefix.lastIndex;
    return [...match[0].matchAll(/\[\s*([+-]?\d+)\s*(?::\s*([+-]?\d+)\s*)?\]/g)].map(([, first, last]) => {
      // One number alone is the upper bound.
      const length = last === undefined ? Number(first) : Number(last) - Number(first) + 1;
      if (length <= 0) throw reversedBounds();
      return length;
    });
  }

  /** PostgreSQL's arrays have as many elements everywhere in a dimension. */
  #check(items: readonly ArrayItem[], bounds: readonly number[] | undefined): void {
    const lengths: number[] = [];
    for (
      let level: ArrayItem | undefined = items;
      typeof level === 'object' && level !== null;
      level = level[0]
    ) {
      lengths.push(level.length);
    }
    const visit = (item: ArrayItem, depth: number): void => {
      const isList = typeof item === 'object' && item !== null;
      if (isList !== depth < lengths.length || (isList && item.length !== lengths[depth])) {
        throw this.#malformed('Multidimensional arrays must have sub-arrays with matching dimensions.');
      }
      if (isList) for (const inner of item) visit(inner, depth + 1);
    };
    visit(items, 0);
    if (bounds === undefined) return;
    const isSame = bounds.length === lengths.length && bounds.every((length, at) => length === lengths[at]);
    if (!isSame) throw this.#malformed('Specified array dimensions do not match array contents.');
  }

  #array(depth: number): readonly ArrayItem[] {
    if (depth > maxDepth) throw tooDeep(this.#text);
    this.#expect('{');
    const items: ArrayItem[] = [];
    this.#skipSpace();
    if (this.#peek() === '}') {
      this.#at++;
      return items;
    }
    for (;;) {
      this.#skipSpace();
      items.push(this.#item(depth));
      this.#skipSpace();
      const next = this.#peek();
      this.#at++;
      if (next === '}') return items;
      if (next !== ',') throw this.#malformed('Expected "," or "}".');
    }
  }

  #item(depth: number): ArrayItem {
    if (this.#peek() === '{') return this.#array(depth + 1);
    if (this.#peek() === '"') return this.#quoted();
    const start = this.#at;
    let value = '';
    while (this.#at < this.#text.length && !/[{},"]/.test(this.#peek())) value += this.#character();
    const trimmed = value.trimEnd();
    if (trimmed === '') throw this.#malformed('Unexpected "," or "}".');
    const unescaped = !this.#text.slice(start, this.#at).includes('\\');
    return unescaped && /^null$/i.test(trimmed) ? null : trimmed;
  }

  #quoted(): string {
    this.#expect('"');
    let value = '';
    while (this.#peek() !== '"') value += this.#character();
    this.#at++;
    return value;
  }

  #character(): string {
    if (this.#peek() === '\\') this.#at++;
    if (this.#at >= this.#text.length) throw this.#malformed('Unexpected end of input.');
    return this.#text.charAt(this.#at++);
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #expect(character: string): void {
    if (this.#peek() !== character) throw this.#malformed(`Array value must start with "${character}".`);
    this.#at++;
  }

  #skipSpace(): void {
    while (/\s/.test(this.#peek())) this.#at++;
  }

  #malformed(detail: string): SqlensError {
    return new SqlensError({
      sqlState: SqlState.invalidTextRepresentation,
      message: `malformed array literal: "${this.#text.slice(0, 100)}"`,
      detail,
      hint: 'Write an array as {1,2,3}, its strings in double quotes.',
    });
  }
}

/** As many as the text opens, whether it closes them or not. */
function tooDeep(text: string): SqlensError {
  const depth = /^[\s{]*/.exec(text)?.[0].replace(/\s/g, '').length ?? 0;
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `number of array dimensions (${Math.max(depth, maxDepth + 1)}) exceeds the maximum allowed (${maxDepth})`,
    hint: 'Send a json value where there are more dimensions.',
  });
}

function reversedBounds(): SqlensError {
  return new SqlensError({
    sqlState: foreignSqlState('2202E') ?? SqlState.dataException,
    message: 'upper bound cannot be less than lower bound',
    hint: 'Leave the bounds out: where an array begins to count is not kept.',
  });
}
