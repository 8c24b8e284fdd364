/**
 * A SQL tokenizer: enough of the lexical grammar of PostgreSQL and DuckDB (PostgreSQL manual, 4.1) to find statement
 * ends, keywords and names with their positions. Whatever needs grammar is left to DuckDB's own parser.
 */
import { SqlensError, SqlState } from '../../common/errors.ts';

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'operator';

export interface Token {
  readonly kind: TokenKind;
  /** The text as written. */
  readonly text: string;
  /** Words in lower case, quoted identifiers and strings unescaped, all others as written. */
  readonly value: string;
  /** 0-based offsets in characters. */
  readonly start: number;
  readonly end: number;
}

const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER =
  /(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const PARAMETER = /\$(?:\d+|[\p{L}_][\p{L}\p{N}_]*)(?!\$|[\p{L}\p{N}_])/uy;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const OPERATOR = /(?:::|:=|=>|->>|->|<=|>=|<>|!=|==|\|\||&&|[^\s\p{L}\p{N}_])/uy;
const SPACE = /\s+/y;

/**
 * @throws 42601 with the position of a quote or comment that is never closed
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  const push = (kind: TokenKind, text: string, value: string) => {
    tokens.push({ kind, text, value, start: at, end: at + text.length });
    at += text.length;
  };
  while (at < sql.length) {
    const space = match(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const next = sql[at] ?? '';
    const pair = sql.slice(at, at + 2);
    if (pair === '--') {
      const end = sql.indexOf('\n', at);
      at = end < 0 ? sql.length : end + 1;
    } else if (pair === '/*') {
      at = endOfComment(sql, at);
    } else if (next === "'") {
      const text = quotedText(sql, at, "'", false);
      push('string', text, text.slice(1, -1).replaceAll("''", "'"));
    } else if (/[eE]/.test(next) && sql[at + 1] === "'") {
      const text = next + quotedText(sql, at + 1, "'", true);
      push('string', text, unescapeText(text.slice(2, -1)));
    } else if (next === '"') {
      const text = quotedText(sql, at, '"', false);
      push('quoted', text, text.slice(1, -1).replaceAll('""', '"'));
    } else if (next === '$') {
      const parameter = match(PARAMETER);
      const tag = match(DOLLAR_TAG);
      if (parameter !== undefined) {
        push('parameter', parameter, parameter);
      } else if (tag !== undefined) {
        const end = sql.indexOf(tag, at + tag.length);
        if (end < 0) throw unterminated('dollar-quoted string', at);
        push('string', sql.slice(at, end + tag.length), sql.slice(at + tag.length, end));
      } else {
        push('operator', next, next);
      }
    } else {
      const word = match(WORD);
      const number = word === undefined ? match(NUMBER) : undefined;
      if (word !== undefined) push('word', word, word.toLowerCase());
      else if (number !== undefined) push('number', number, number);
      else {
        const operator = match(OPERATOR) ?? next;
        push('operator', operator, operator);
      }
    }
  }
  return tokens;
}

/** Where a statement ends: top-level semicolons. Empty statements are dropped. */
export function splitStatements(sql: string): { readonly text: string; readonly offset: number }[] {
  const statements: { text: string; offset: number }[] = [];
  let first: Token | undefined;
  let last: Token | undefined;
  const flush = () => {
    if (first !== undefined && last !== undefined) {
      statements.push({ text: sql.slice(first.start, last.end), offset: first.start });
    }
    first = undefined;
    last = undefined;
  };
  for (const token of tokenize(sql)) {
    if (token.kind === 'operator' && token.value === ';') {
      flush();
    } else {
      first ??= token;
      last = token;
    }
  }
  flush();
  return statements;
}

/** Writes an identifier so that SQL reads it back as it is. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes a string literal so that SQL reads it back as it is. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    const pair = sql.slice(at, at + 2);
    if (pair === '/*') {
      depth++;
      at++;
    } else if (pair === '*/') {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  throw unterminated('comment', start);
}

function quotedText(sql: string, start: number, quote: string, backslashes: boolean): string {
  for (let at = start + 1; at < sql.length; at++) {
    if (backslashes && sql[at] === '\\') at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] === quote) at++;
      else return sql.slice(start, at + 1);
    }
  }
  throw unterminated(quote === '"' ? 'quoted identifier' : 'quoted string', start);
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescapeText(text: string): string {
  return text.replace(
    /''|\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))/gsu,
    (whole, u4?: string, u8?: string, hex?: string, octal?: string, other?: string) => {
      if (whole === "''") return "'";
      const code = u4 ?? u8 ?? hex;
      if (code !== undefined) return String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return ESCAPES[other ?? ''] ?? other ?? '';
    },
  );
}

function unterminated(what: string, at: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.syntaxError,
    message: `unterminated ${what}`,
    position: at + 1,
  });
}
