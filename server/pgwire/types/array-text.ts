/** PostgreSQL's array literals: `{1,NULL,"a b"}`, `{{1,2},{3,4}}`. */
import { DuckDBArrayValue, DuckDBListValue, type DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';

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
    const items = this.#array(1);
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw this.#malformed('Junk after closing right brace.');
    return items;
  }

  #array(depth: number): readonly ArrayItem[] {
    if (depth > maxDepth) throw this.#malformed(`More than ${maxDepth} dimensions.`);
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
