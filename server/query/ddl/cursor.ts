/** Reads the statements that are ours token by token, with errors that point at the word. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Token } from '../text/tokens.ts';

export type OptionValue = string | number | boolean | readonly string[] | readonly number[];

export interface Option {
  readonly name: string;
  readonly value: OptionValue;
  readonly nameToken: Token;
  readonly valueToken: Token;
}

export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  atEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Goes on at a token further on, behind what was read otherwise. */
  skipTo(at: number): void {
    this.#at = at;
  }

  /** Whatever comes next. */
  take(): Token {
    const token = this.peek();
    if (token === undefined) throw this.unexpected('more');
    this.#at++;
    return token;
  }

  /** Takes the words if all of them come next. */
  accept(...words: string[]): boolean {
    const next = this.#tokens.slice(this.#at, this.#at + words.length);
    const same = words.every((word, i) => next[i]?.value === word && next[i]?.kind !== 'string');
    if (same) this.#at += words.length;
    return same;
  }

  expect(...words: string[]): void {
    for (const word of words) {
      if (!this.accept(word)) throw this.unexpected(/^\w/.test(word) ? word.toUpperCase() : `"${word}"`);
    }
  }

  /** An identifier, folded to lower case unless quoted. */
  name(what: string): { value: string; token: Token } {
    const token = this.peek();
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted'))
      throw this.unexpected(what);
    this.#at++;
    return { value: token.value, token };
  }

  /** schema.name or name; the schema is `public` unless given. */
  qualifiedName(what: string): { schema: string; name: string; token: Token } {
    const first = this.name(what);
    if (!this.accept('.')) return { schema: 'public', name: first.value, token: first.token };
    const second = this.name(what);
    return { schema: first.value, name: second.value, token: second.token };
  }

  string(what: string): { value: string; token: Token } {
    const token = this.peek();
    if (token?.kind !== 'string') throw this.unexpected(what);
    this.#at++;
    return { value: token.value, token };
  }

  /** `OPTIONS (name = value, …)`; values are strings, numbers, true, false and lists of strings or of numbers. */
  options(): Option[] {
    const options: Option[] = [];
    this.expect('(');
    while (!this.accept(')')) {
      if (options.length > 0) this.expect(',');
      const { value: name, token: nameToken } = this.name('the name of an option');
      if (!this.accept('=')) this.accept('=>');
      const valueToken = this.peek();
      if (valueToken === undefined) throw this.unexpected('a value');
      if (options.some((option) => option.name === name)) {
        throw errorAt(nameToken, SqlState.syntaxError, `option "${name}" is given twice`);
      }
      options.push({ name, value: this.#value(), nameToken, valueToken });
    }
    return options;
  }

  /** A type name: everything up to the next clause word or the end. */
  typeName(): string {
    let text = '';
    for (let token = this.peek(); token !== undefined; token = this.peek()) {
      if (token.kind === 'word' && (token.value === 'options' || token.value === 'function')) break;
      text += token.text;
      this.#at++;
    }
    if (text === '') throw this.unexpected('a type');
    return text;
  }

  expectEnd(): void {
    if (!this.atEnd()) throw this.unexpected('the end of the statement');
  }

  unexpected(wanted: string): SqlensError {
    const token = this.peek();
    const last = this.#tokens.at(-1);
    const found = token === undefined ? 'end of input' : `"${token.text}"`;
    return new SqlensError({
      sqlState: SqlState.syntaxError,
      message: `syntax error at ${token === undefined ? found : `or near ${found}`}`,
      hint: `Here should be ${wanted}.`,
      position: (token?.start ?? last?.end ?? 0) + 1,
    });
  }

  /** What follows a '['. */
  #strings(): string[] {
    const items: string[] = [];
    while (!this.accept(']')) {
      if (items.length > 0) this.expect(',');
      items.push(this.string("a string or ']'").value);
    }
    return items;
  }

  #numbers(): number[] {
    const items: number[] = [];
    while (!this.accept(']')) {
      if (items.length > 0) this.expect(',');
      const token = this.peek();
      if (token?.kind !== 'number') throw this.unexpected("a number or ']'");
      this.#at++;
      items.push(Number(token.value.replaceAll('_', '')));
    }
    return items;
  }

  #value(): OptionValue {
    const token = this.peek();
    if (this.accept('[')) return this.peek()?.kind === 'number' ? this.#numbers() : this.#strings();
    if (this.accept('-')) {
      const number = this.peek();
      if (number?.kind !== 'number') throw this.unexpected('a number');
      this.#at++;
      return -Number(number.value);
    }
    switch (token?.kind) {
      case 'string':
        this.#at++;
        return token.value;
      case 'number':
        this.#at++;
        return Number(token.value.replaceAll('_', ''));
      case 'word':
        if (token.value === 'true' || token.value === 'false') {
          this.#at++;
          return token.value === 'true';
        }
        break;
      default:
        break;
    }
    throw this.unexpected('a string, a number, true, false or a list');
  }
}

/** The same error, pointing at the word unless it points at one already. */
export function pointedAt(token: Token | undefined, error: unknown): unknown {
  if (!(error instanceof SqlensError) || error.position !== undefined || token === undefined) return error;
  const { sqlState, message, hint, detail } = error;
  return new SqlensError({ sqlState, message, hint, detail, position: token.start + 1, cause: error });
}

export function errorAt(token: Token, sqlState: SqlState, message: string, hint?: string): SqlensError {
  return new SqlensError({ sqlState, message, hint, position: token.start + 1 });
}
