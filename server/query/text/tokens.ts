/**
 * A SQL tokenizer: enough of the lexical grammar of PostgreSQL and DuckDB (PostgreSQL manual, 4.1) to find statement
 * ends, keywords and names with their positions. Whatever needs grammar is left to DuckDB's own parser.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';

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

/**
 * Measured on DuckDB 1.5, whose word of what a text means counts: it takes these for spaces and every other character
 * beyond ASCII for a letter; \v is neither. Where this file read one character otherwise, a text could hide from us
 * what DuckDB sees.
 */
const UNICODE_SPACES = '\\u00a0\\u2000-\\u200b\\u202f\\u205f\\u2060\\u3000\\ufeff';
const SPACES = ` \\t\\n\\r\\f${UNICODE_SPACES}`;
const LETTER = `(?:[A-Za-z_]|(?![${UNICODE_SPACES}])[\\u0080-\\uffff])`;
const DIGITS = '\\d(?:_?\\d)*';
const LINE_COMMENT = '--[^\\n\\r]*(?=[\\n\\r]|$)';

const WORD = new RegExp(`${LETTER}(?:${LETTER}|[\\d$])*`, 'y');
const NUMBER = new RegExp(
  `(?:${DIGITS}(?:\\.(?!\\.)(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?`,
  'y',
);
const PARAMETER = new RegExp(`\\$(?:\\d+|${LETTER}(?:${LETTER}|\\d)*)`, 'y');
const DOLLAR_TAG = new RegExp(`\\$(?:${LETTER}(?:${LETTER}|\\d)*)?\\$`, 'y');
const OPERATOR = /(?:::|:=|=>|->>|->|<=|>=|<>|!=|==|\|\||&&|.)/sy;
const SPACE = new RegExp(`[${SPACES}]+`, 'y');
/** Between two strings that are one: blanks and comments with a line's end among them (PostgreSQL manual, 4.1.2.1). */
const CONTINUATION = new RegExp(
  `(?:[${SPACES.replace('\\n\\r', '')}]|${LINE_COMMENT})*[\\n\\r](?:[${SPACES}]|${LINE_COMMENT}[\\n\\r])*'`,
  'y',
);
const COMMENT_TO_LINE_END = new RegExp(LINE_COMMENT, 'y');
const ANY_UNICODE_SPACE = new RegExp(`[${UNICODE_SPACES}]`, 'g');

/** Shorter texts are read again faster than they are remembered. */
const LONG_TEXT = 50_000;

/** The last long text and its tokens: a statement of megabytes is looked at several times on its way. */
let remembered: WeakRef<{ readonly text: string; readonly tokens: readonly Token[] }> | undefined;

/**
 * @throws 42601 with the position of a quote or comment that is never closed
 */
export function tokenize(sql: string): readonly Token[] {
  if (sql.length < LONG_TEXT) return scan(sql);
  const last = remembered?.deref();
  if (last?.text === sql) return last.tokens;
  const tokens = scan(sql);
  remembered = new WeakRef({ text: sql, tokens });
  return tokens;
}

function scan(sql: string): Token[] {
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
      at += match(COMMENT_TO_LINE_END)?.length ?? 2;
    } else if (pair === '/*') {
      at = endOfComment(sql, at);
    } else if (next === "'") {
      const parts = stringParts(sql, at, false);
      push('string', sql.slice(at, parts.end), parts.texts.join('').replaceAll("''", "'"));
    } else if (/[eE]/.test(next) && sql[at + 1] === "'") {
      const parts = stringParts(sql, at + 1, true);
      push('string', sql.slice(at, parts.end), unescapeText(parts.texts.join('')));
    } else if (next === '"') {
      const text = quotedText(sql, at, '"', false);
      push('quoted', text, text.slice(1, -1).replaceAll('""', '"'));
    } else if (next === '$') {
      const tag = match(DOLLAR_TAG);
      const parameter = match(PARAMETER);
      if (tag !== undefined) {
        const end = sql.indexOf(tag, at + tag.length);
        if (end < 0) throw unterminated('dollar-quoted string', at);
        push('string', sql.slice(at, end + tag.length), sql.slice(at + tag.length, end));
      } else if (parameter !== undefined) {
        push('parameter', parameter, parameter);
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
  const tokens = tokenize(sql);
  for (const token of tokens) {
    if (token.kind === 'operator' && token.value === ';') {
      flush();
    } else {
      first ??= token;
      last = token;
    }
  }
  flush();
  const [only] = statements;
  if (statements.length === 1 && only?.offset === 0 && only.text.length >= LONG_TEXT) {
    const own = tokens.filter((token) => token.end <= only.text.length);
    remembered = new WeakRef({ text: only.text, tokens: own });
  }
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

/** The insides of a string and of those that continue it, and where the last one ends. */
function stringParts(sql: string, start: number, backslashes: boolean): { texts: string[]; end: number } {
  const texts: string[] = [];
  let end = start;
  for (;;) {
    const text = quotedText(sql, end, "'", backslashes);
    texts.push(text.slice(1, -1));
    end += text.length;
    CONTINUATION.lastIndex = end;
    const between = CONTINUATION.exec(sql)?.[0];
    if (between === undefined) return { texts, end };
    end += between.length - 1;
  }
}

/**
 * The statement with blanks for the spaces beyond ASCII between its tokens. DuckDB replaces them as well, but by a
 * simpler idea of where strings and comments are, so that a few would stay and become parts of names.
 */
export function withPlainSpaces(sql: string, tokens: readonly Token[]): string {
  if (sql.search(ANY_UNICODE_SPACE) < 0) return sql;
  let text = '';
  let copied = 0;
  for (const token of [...tokens, undefined]) {
    const between = sql.slice(copied, token?.start ?? sql.length);
    text += between.replace(ANY_UNICODE_SPACE, ' ') + (token?.text ?? '');
    copied = token?.end ?? sql.length;
  }
  return text;
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
