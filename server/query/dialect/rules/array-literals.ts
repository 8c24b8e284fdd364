/** `'{1,2}'::int[]` and `= ANY ('{1,2}')`: arrays as PostgreSQL writes them in text, as lists of DuckDB's. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import { behindBracket } from '../../text/clauses.ts';
import { quoteLiteral, type Token } from '../../text/tokens.ts';
import { castLiterals } from '../cast-literals.ts';
import type { Edits } from '../edits.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { readTypeName } from '../type-names.ts';
import { readBytes } from './typed-constants.ts';

type ArrayText = string | null | readonly ArrayText[];

/** Deeper than PostgreSQL's six dimensions is refused. */
const MAX_DIMENSIONS = 6;

export const arrayLiterals: Rule = {
  name: 'array-literals',
  needs: ['[', 'array', 'any', 'all', 'some'],
  apply({ tokens }, edits) {
    for (const { literal, type, isArray, typeFrom, typeTo } of castLiterals(tokens)) {
      if (!isArray) continue;
      const array = parseArray(literal);
      const isBytes = type === 'bytea';
      const write = (leaf: string) => quoteLiteral(isBytes ? readBytes(leaf, { literal }) : leaf);
      edits.replace(literal, writeArray(array, write));
      const typeName = tokens[typeFrom];
      if (isBytes && typeName !== undefined) edits.replace(typeName, 'blob');
      // The type's own number of brackets says nothing in PostgreSQL: the text decides.
      const missing = dimensionsOf(array) - bracketsIn(tokens, typeFrom, typeTo);
      const last = tokens[typeTo - 1];
      if (missing > 0 && last !== undefined) edits.insertAfter(last, '[]'.repeat(missing));
    }
    for (const [at, token] of tokens.entries()) {
      if (isOperator(token, ']')) castConstructor(tokens, at, edits);
      if (token.kind !== 'word' || !/^(any|some|all)$/.test(token.value)) continue;
      const literal = tokens[at + 2];
      if (literal?.kind !== 'string' || tokens[at + 1]?.value !== '(' || tokens[at + 3]?.value !== ')')
        continue;
      const array = parseArray(literal);
      const isNumbers = leavesOf(array).every((leaf) => leaf === null || /^[-+]?\d+(\.\d+)?$/.test(leaf));
      edits.replace(literal, writeArray(array, isNumbers ? (leaf) => leaf : quoteLiteral));
    }
  },
};

/**
 * `ARRAY[[1, 2]]::int[]`, `ARRAY[1.5, 'NaN']::float8[]`: PostgreSQL's type has no dimensions, and every element is read
 * as one of the type, not as what the others are.
 */
function castConstructor(tokens: readonly Token[], close: number, edits: Edits): void {
  const next = tokens[close + 1];
  const isCast = isOperator(next, '::') || (next?.kind === 'word' && next.value === 'as');
  const open = isCast ? openOf(tokens, close) : undefined;
  // Lists without the word are DuckDB's own.
  const word = tokens[(open ?? 0) - 1];
  if (open === undefined || word?.kind !== 'word' || word.value !== 'array') return;
  const typeFrom = close + 2;
  const type = readTypeName(tokens, typeFrom);
  const last = tokens[(type?.end ?? 0) - 1];
  if (type === undefined || !type.isArray || last === undefined) return;
  let depth = 1;
  for (let at = open + 1; ; at++) {
    if (isOperator(tokens[at], '[')) depth++;
    else if (!(tokens[at]?.kind === 'word' && tokens[at]?.value === 'array')) break;
  }
  const missing = depth - bracketsIn(tokens, typeFrom, type.end);
  if (missing > 0) edits.insertAfter(last, '[]'.repeat(missing));
  for (let at = open + 1; at < close; at++) {
    const token = tokens[at];
    if (isOperator(token, '(')) at = behindBracket(tokens, at) - 1;
    const isAlone = /^[[,]$/.test(tokens[at - 1]?.value ?? '') && /^[\],]$/.test(tokens[at + 1]?.value ?? '');
    if (token?.kind !== 'string' || !isAlone) continue;
    const isBytes = type.name === 'bytea';
    const text = isBytes ? quoteLiteral(readBytes(token.value, { literal: token })) : token.text;
    edits.replace(token, `${text}::${isBytes ? 'blob' : elementType(tokens, typeFrom, type.end)}`);
  }
}

function openOf(tokens: readonly Token[], close: number): number | undefined {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    if (isOperator(tokens[at], ']')) depth++;
    else if (isOperator(tokens[at], '[') && --depth === 0) return at;
  }
  return undefined;
}

/** The type's tokens in front of its brackets. */
function elementType(tokens: readonly Token[], from: number, to: number): string {
  const words = tokens.slice(from, to);
  const end = words.findIndex(({ kind, value }) => value === '[' || (kind === 'word' && value === 'array'));
  return words
    .slice(0, end < 0 ? undefined : end)
    .map(({ text }) => text)
    .join(' ');
}

/** @throws 22P02 for what PostgreSQL takes for no array */
function parseArray(literal: Token): readonly ArrayText[] {
  const text = literal.value;
  const malformed = () =>
    new SqlensError({
      sqlState: SqlState.invalidTextRepresentation,
      message: `malformed array literal: "${text}"`,
      hint: 'Arrays are written as {1,2} in text, and as ARRAY[1,2] in SQL.',
      position: literal.start + 1,
    });
  let at = 0;
  const skipBlanks = () => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  const readList = (depth: number): ArrayText[] => {
    if (depth > MAX_DIMENSIONS) throw malformed();
    at++;
    const items: ArrayText[] = [];
    skipBlanks();
    if (text[at] === '}') {
      at++;
      return items;
    }
    for (;;) {
      skipBlanks();
      items.push(text[at] === '{' ? readList(depth + 1) : readLeaf());
      skipBlanks();
      const next = text[at++];
      if (next === '}') return items;
      if (next !== ',') throw malformed();
    }
  };
  const readLeaf = (): string | null => {
    if (text[at] === '"') return readQuoted();
    let leaf = '';
    while (at < text.length && !/[{},"]/.test(text[at] ?? '')) {
      if (text[at] === '\\') at++;
      leaf += text[at++] ?? '';
    }
    leaf = leaf.trim();
    if (leaf === '') throw malformed();
    return /^null$/i.test(leaf) ? null : leaf;
  };
  const readQuoted = (): string => {
    let leaf = '';
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === '\\') at++;
      if (at >= text.length) throw malformed();
      leaf += text[at];
    }
    at++;
    return leaf;
  };
  skipBlanks();
  if (text[at] !== '{') throw malformed();
  const items = readList(1);
  skipBlanks();
  if (at < text.length) throw malformed();
  return items;
}

function writeArray(array: readonly ArrayText[], writeLeaf: (leaf: string) => string): string {
  const items = array.map((item) => {
    if (item === null) return 'NULL';
    return typeof item === 'string' ? writeLeaf(item) : writeArray(item, writeLeaf);
  });
  return `[${items.join(',')}]`;
}

function leavesOf(array: readonly ArrayText[]): (string | null)[] {
  return array.flatMap((item) => (item === null || typeof item === 'string' ? [item] : leavesOf(item)));
}

function dimensionsOf(array: readonly ArrayText[]): number {
  const first = array[0];
  return first === undefined || first === null || typeof first === 'string' ? 1 : 1 + dimensionsOf(first);
}

function bracketsIn(tokens: readonly Token[], from: number, to: number): number {
  return tokens.slice(from, to).filter((token) => token.value === '[' || token.value === 'array').length;
}
