/**
 * The name that PostgreSQL gives to a column without an alias (FigureColname in its parse_target.c, PostgreSQL 16),
 * found from the expression's tokens.
 */
import { behindBracket } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';
import { type SelectList, selectListAt } from './select-lists.ts';
import { readTypeName, typeWordsEnd } from './type-names.ts';

export const UNNAMED = '?column?';

/** Nested this deep an expression keeps the name that DuckDB gives it. */
const MAX_DEPTH = 50;

interface Figured {
  readonly name: string | undefined;
  /** 0 none, 1 weak (a cast's or CASE's own), 2 good: a weak one gives way to that of the surrounding cast. */
  readonly strength: 0 | 1 | 2;
}

const NONE: Figured = { name: undefined, strength: 0 };
const good = (name: string): Figured => ({ name, strength: 2 });
const weak = (name: string): Figured => ({ name, strength: 1 });

/** A select list's item [from, to): what it is called. */
export interface ItemName {
  /** undefined: a star, or something that PostgreSQL does not know. */
  readonly name: string | undefined;
  /** Whether the name stands in the text. */
  readonly isWritten: boolean;
  /** Whether the item may give more or fewer than one column. */
  readonly isStar: boolean;
}

/** @param to index behind the item's last token */
export function nameOfItem(tokens: readonly Token[], from: number, to: number): ItemName {
  const last = tokens[to - 1];
  const before = tokens[to - 2];
  if (from >= to || last === undefined) return { name: undefined, isWritten: false, isStar: true };
  if (isStar(tokens, from, to)) return { name: undefined, isWritten: false, isStar: true };
  if (to - from >= 3 && before?.kind === 'word' && before.value === 'as' && isName(last)) {
    return { name: foldedName(last), isWritten: true, isStar: false };
  }
  if (to - from >= 2 && isImplicitAlias(before, last)) {
    return { name: foldedName(last), isWritten: true, isStar: false };
  }
  // `Foo : expression` is DuckDB's way of writing an alias in front.
  if (to - from >= 3 && isName(tokens[from]) && tokens[from + 1]?.value === ':') {
    return { name: undefined, isWritten: true, isStar: false };
  }
  const figured = figure(tokens, from, to, 0);
  const isWritten = to - from === 1 && figured.name !== undefined && isName(last);
  return { name: figured.name, isWritten, isStar: false };
}

/** What PostgreSQL reads an identifier as: unquoted ones in lower case (ASCII letters only). */
export function foldedName(token: Token): string {
  return token.kind === 'word' ? foldAscii(token.text) : token.value;
}

export function foldAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

/** `*`, `t.*`, `COLUMNS(…)` anywhere, `UNPACK`, `unnest` of a struct: columns that only DuckDB can count. */
function isStar(tokens: readonly Token[], from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token === undefined) return false;
    if (token.kind === 'operator' && token.value === '*') {
      if (at === from) return true;
      if (tokens[at - 1]?.value === '.') return true;
    }
    if (token.kind === 'word' && token.value === 'columns' && tokens[at + 1]?.value === '(') return true;
  }
  return false;
}

/** Words that end an expression and are no alias. */
const NO_ALIAS = new Set(
  'null true false unknown end precision zone varying isnull notnull year years month months day days hour hours minute minutes second seconds default normalized document current_date current_time current_timestamp localtime localtimestamp current_user session_user user'.split(
    ' ',
  ),
);
/** Words behind which an operand stands, so that what follows them is no alias. */
const EXPECTS_OPERAND = new Set(
  'and or not is in like ilike similar to between from over collate escape case when then else distinct all any some zone symmetric asymmetric glob exists array interval at time with without double character bit national as operator using lambda respect ignore within filter cast try_cast select'.split(
    ' ',
  ),
);

function isImplicitAlias(before: Token | undefined, last: Token): boolean {
  if (before === undefined || !isName(last)) return false;
  if (last.kind === 'word' && NO_ALIAS.has(last.value)) return false;
  switch (before.kind) {
    case 'operator':
      return before.value === ')' || before.value === ']' || before.value === '}';
    case 'word':
      return !EXPECTS_OPERAND.has(before.value);
    case 'quoted':
    case 'string':
    case 'number':
    case 'parameter':
      return true;
  }
}

function figure(tokens: readonly Token[], from: number, to: number, depth: number): Figured {
  const first = tokens[from];
  if (first === undefined || from >= to || depth > MAX_DEPTH) return NONE;
  let { figured, end } = primary(tokens, first, from, to, depth);
  while (end < to) {
    const token = tokens[end];
    if (token === undefined) return NONE;
    if (token.value === '::' && token.kind === 'operator') {
      const type = readTypeName(tokens, end + 1);
      if (type === undefined) return NONE;
      if (figured.strength <= 1) figured = weak(type.name);
      end = type.end;
    } else if (token.value === '[' && token.kind === 'operator') {
      end = behindBracket(tokens, end);
    } else if (token.value === '.' && isName(tokens[end + 1])) {
      const call = tokens[end + 2]?.value === '(' ? behindBracket(tokens, end + 2) : end + 2;
      figured = good(foldedName(tokens[end + 1] ?? token));
      end = call;
    } else if (token.kind === 'word' && token.value === 'collate') {
      end += 2;
      while (tokens[end]?.value === '.') end += 2;
    } else if (isWords(tokens, end, 'at', 'time', 'zone')) {
      const zone = tokens[end + 3];
      if (zone === undefined) return NONE;
      end = primary(tokens, zone, end + 3, to, depth + 1).end;
      figured = good('timezone');
    } else if (isWords(tokens, end, 'overlaps')) {
      return good('overlaps');
    } else {
      return { name: UNNAMED, strength: 0 };
    }
  }
  return figured.strength === 0 ? { name: figured.name ?? UNNAMED, strength: 0 } : figured;
}

interface Primary {
  readonly figured: Figured;
  readonly end: number;
}

const VALUE_FUNCTIONS = new Set(
  'current_date current_time current_timestamp localtime localtimestamp current_user session_user user current_role current_catalog current_schema'.split(
    ' ',
  ),
);

/** One operand, with its call's brackets and FILTER, OVER and the like behind them. */
function primary(tokens: readonly Token[], first: Token, from: number, to: number, depth: number): Primary {
  if (first.kind === 'operator') {
    if (first.value === '(') return bracketed(tokens, from, depth);
    // A sign or another prefix operator makes an expression; a list or struct of DuckDB's is its own affair.
    return {
      figured: NONE,
      end: first.value === '[' || first.value === '{' ? behindBracket(tokens, from) : from,
    };
  }
  if (first.kind === 'string' || first.kind === 'number' || first.kind === 'parameter') {
    return { figured: NONE, end: from + 1 };
  }
  if (first.kind === 'word') {
    const special = specialForm(tokens, first, from, to, depth);
    if (special !== undefined) return special;
  }
  let end = from + 1;
  let name = foldedName(first);
  while (tokens[end]?.value === '.' && isName(tokens[end + 1]) && end < to) {
    name = foldedName(tokens[end + 1] ?? first);
    end += 2;
  }
  if (tokens[end]?.value === '(' && end < to) {
    end = behindCall(tokens, behindBracket(tokens, end), to);
    return { figured: good(name), end };
  }
  // `date '2024-01-01'`: a constant of that type.
  if (tokens[end]?.kind === 'string' && end < to) {
    return { figured: weak(readTypeName(tokens, from)?.name ?? name), end: end + 1 };
  }
  return { figured: good(name), end };
}

function specialForm(
  tokens: readonly Token[],
  first: Token,
  from: number,
  to: number,
  depth: number,
): Primary | undefined {
  const next = tokens[from + 1];
  const isCall = next?.value === '(' && next.kind === 'operator' && from + 1 < to;
  const behind = () => behindBracket(tokens, from + 1);
  switch (first.value) {
    case 'null':
    case 'default':
      return { figured: NONE, end: from + 1 };
    case 'true':
    case 'false':
      return { figured: NONE, end: from + 1 };
    case 'n':
    case 'b':
    case 'x':
      // N'…', B'…' and X'…'.
      if (next?.kind !== 'string' || next.start !== first.end) return undefined;
      return { figured: first.value === 'n' ? weak('bpchar') : NONE, end: from + 2 };
    case 'not':
      return { figured: NONE, end: from };
    case 'case':
      return caseForm(tokens, from, to, depth);
    case 'cast':
    case 'try_cast':
      return isCall ? castForm(tokens, from, behind(), depth) : undefined;
    case 'array':
      if (next?.value === '[' || isCall) return { figured: good('array'), end: behind() };
      return undefined;
    case 'exists':
    case 'row':
      return isCall ? { figured: good(first.value), end: behind() } : undefined;
    case 'trim':
      return isCall ? { figured: good(trimName(tokens[from + 2])), end: behind() } : undefined;
    case 'any':
    case 'some':
    case 'all':
      return { figured: NONE, end: isCall ? behind() : from };
    case 'interval':
      if (next?.kind === 'string')
        return { figured: weak('interval'), end: behindUnits(tokens, from + 2, to) };
      return next?.kind === 'number' || isCall
        ? { figured: weak('interval'), end: behindUnits(tokens, isCall ? behind() : from + 2, to) }
        : undefined;
    default:
      break;
  }
  if (VALUE_FUNCTIONS.has(first.value))
    return { figured: good(first.value), end: isCall ? behind() : from + 1 };
  // Types of several words in front of a constant: `timestamp with time zone '…'`, `double precision '1'`.
  if (!isCall) {
    const end = typeWordsEnd(tokens, from);
    if (end > from + 1 && tokens[end]?.kind === 'string' && end < to) {
      return { figured: weak(readTypeName(tokens, from)?.name ?? first.value), end: end + 1 };
    }
  }
  return undefined;
}

function bracketed(tokens: readonly Token[], open: number, depth: number): Primary {
  const end = behindBracket(tokens, open);
  const inner = tokens[open + 1];
  if (
    inner?.kind === 'word' &&
    (inner.value === 'select' || inner.value === 'with' || inner.value === 'values')
  ) {
    return { figured: good(nameOfSubquery(tokens, open + 1, end - 1, depth) ?? UNNAMED), end };
  }
  let level = 0;
  for (let at = open + 1; at < end - 1; at++) {
    const token = tokens[at];
    if (token?.kind !== 'operator') continue;
    if (/^[([{]$/.test(token.value)) level++;
    else if (/^[)\]}]$/.test(token.value)) level--;
    else if (level === 0 && token.value === ',') return { figured: good('row'), end };
  }
  return { figured: figure(tokens, open + 1, end - 1, depth + 1), end };
}

function nameOfSubquery(
  tokens: readonly Token[],
  from: number,
  to: number,
  depth: number,
): string | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (tokens[from]?.value === 'values') return 'column1';
  const list: SelectList | undefined = selectListAt(tokens, from, to);
  const item = list?.items[0];
  return item === undefined ? undefined : nameOfItem(tokens, ...item).name;
}

function caseForm(tokens: readonly Token[], from: number, to: number, depth: number): Primary {
  let level = 0;
  let brackets = 0;
  let otherwise = -1;
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token?.kind === 'operator') {
      if (/^[([{]$/.test(token.value)) brackets++;
      if (/^[)\]}]$/.test(token.value)) brackets--;
    }
    if (token?.kind !== 'word' || brackets !== 0) continue;
    if (token.value === 'case') level++;
    if (token.value === 'else' && level === 1) otherwise = at + 1;
    if (token.value === 'end' && --level === 0) {
      const last = otherwise < 0 ? NONE : figure(tokens, otherwise, at, depth + 1);
      return { figured: last.strength <= 1 ? weak('case') : last, end: at + 1 };
    }
  }
  return { figured: NONE, end: to };
}

function castForm(tokens: readonly Token[], from: number, end: number, depth: number): Primary {
  let level = 0;
  for (let at = from + 1; at < end; at++) {
    const token = tokens[at];
    if (token?.kind === 'operator' && /^[([{]$/.test(token.value)) level++;
    if (token?.kind === 'operator' && /^[)\]}]$/.test(token.value)) level--;
    if (level === 1 && token?.kind === 'word' && token.value === 'as') {
      const inner = figure(tokens, from + 2, at, depth + 1);
      const type = readTypeName(tokens, at + 1);
      return { figured: inner.strength <= 1 && type !== undefined ? weak(type.name) : inner, end };
    }
  }
  return { figured: NONE, end };
}

function trimName(side: Token | undefined): string {
  if (side?.kind === 'word' && side.value === 'leading') return 'ltrim';
  return side?.kind === 'word' && side.value === 'trailing' ? 'rtrim' : 'btrim';
}

const UNITS =
  /^(year|month|day|hour|minute|second|week|quarter|decade|century|millennium|millisecond|microsecond)s?$/;

function behindUnits(tokens: readonly Token[], from: number, to: number): number {
  let end = from;
  while (end < to && tokens[end]?.kind === 'word') {
    const value = tokens[end]?.value ?? '';
    if (!UNITS.test(value) && value !== 'to') break;
    end++;
    if (tokens[end]?.value === '(') end = behindBracket(tokens, end);
  }
  return end;
}

/** FILTER (…), WITHIN GROUP (…), OVER …, RESPECT NULLS behind a call. */
export function behindCall(tokens: readonly Token[], from: number, to: number): number {
  let end = from;
  while (end < to && tokens[end]?.kind === 'word') {
    if (isWords(tokens, end, 'within', 'group')) end = behindBracket(tokens, end + 2);
    else if (isWords(tokens, end, 'filter')) end = behindBracket(tokens, end + 1);
    else if (isWords(tokens, end, 'over')) {
      end = tokens[end + 1]?.value === '(' ? behindBracket(tokens, end + 1) : end + 2;
    } else if (isWords(tokens, end, 'respect', 'nulls') || isWords(tokens, end, 'ignore', 'nulls')) end += 2;
    else break;
  }
  return end;
}

function isWords(tokens: readonly Token[], at: number, ...words: string[]): boolean {
  return words.every((word, offset) => {
    const token = tokens[at + offset];
    return token?.kind === 'word' && token.value === word;
  });
}
