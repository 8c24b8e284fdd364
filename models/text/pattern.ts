/** Patterns of normalizers and pre-tokenizers: where they match, and what becomes of the pieces. */
import * as huggingFace from '@huggingface/tokenizers';
import { messageOf } from '../../common/errors.ts';
import { unsupportedPart } from '../model-error.ts';
import { isObject } from './json.ts';

/** A global expression of Unicode characters; undefined matches nothing. */
export type Pattern = RegExp | undefined;

export type Behaviour = 'removed' | 'isolated' | 'contiguous' | 'merged_with_previous' | 'merged_with_next';

const BEHAVIOURS: readonly Behaviour[] = [
  'removed',
  'isolated',
  'contiguous',
  'merged_with_previous',
  'merged_with_next',
];

/** Longest expression that is compiled. */
const EXPRESSION_CHARS_MAX = 10_000;

/** `{ "String": "…" }` or `{ "Regex": "…" }`, the latter as Oniguruma has it. */
export function patternOf(value: unknown): Pattern {
  const { String: literal, Regex: expression } = isObject(value) ? value : {};
  if (typeof literal === 'string') {
    return literal === '' ? undefined : new RegExp(literal.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'gu');
  }
  if (typeof expression !== 'string' || expression.length > EXPRESSION_CHARS_MAX) {
    throw refused('a pattern is neither a String nor a Regex');
  }
  // What the translation below would only come close to.
  const bare = expression.replace(/\\[pP]\{[^}]*\}|\\./gsu, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/[+*?}]\+|\(\?>|\(\?[a-z-]*[mx]|\\[GKRXbB]/.test(bare) || /\\[GKRXbB]/.test(expression)) {
    throw refused(`the expression ${expression.slice(0, 100)} uses what has no exact counterpart`);
  }
  let compiled: RegExp | null;
  try {
    compiled = expressionOf(expression);
  } catch (error) {
    throw refused(`the expression ${expression.slice(0, 100)} does not compile: ${messageOf(error)}`);
  }
  if (compiled === null) throw refused('an expression does not compile');
  return compiled;
}

/** The package writes Oniguruma's expressions as JavaScript's; its type declarations do not name the class that does. */
function expressionOf(expression: string): RegExp | null {
  const made: unknown = Reflect.get(huggingFace, 'SplitPreTokenizer');
  if (typeof made !== 'function') return null;
  const options = { type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false };
  const pattern: unknown = Reflect.get(Reflect.construct(made, [options]), 'pattern');
  return pattern instanceof RegExp ? pattern : null;
}

export function behaviourOf(value: unknown, otherwise: Behaviour): Behaviour {
  if (value === undefined || value === null) return otherwise;
  // "MergedWithNext" in files, "merged_with_next" in programs.
  const name = String(value)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
  const found = BEHAVIOURS.find((known) => known === name);
  if (found === undefined) throw refused(`a split has the unknown behavior ${name}`);
  return found;
}

/** Cuts a text at a pattern's matches. Pieces without a character are left out. */
export function splitText(text: string, pattern: Pattern, behaviour: Behaviour, invert = false): string[] {
  const pieces: { start: number; end: number; isMatch: boolean }[] = [];
  let last = 0;
  for (const match of pattern === undefined ? [] : text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (match.index > last) pieces.push({ start: last, end: match.index, isMatch: invert });
    pieces.push({ start: match.index, end, isMatch: !invert });
    last = end;
  }
  if (last < text.length) pieces.push({ start: last, end: text.length, isMatch: invert });
  return merged(pieces, behaviour)
    .filter(({ start, end }) => end > start)
    .map(({ start, end }) => text.slice(start, end));
}

interface Piece {
  start: number;
  end: number;
  readonly isMatch: boolean;
}

function merged(pieces: readonly Piece[], behaviour: Behaviour): readonly Piece[] {
  switch (behaviour) {
    case 'isolated':
      return pieces;
    case 'removed':
      return pieces.filter(({ isMatch }) => !isMatch);
    case 'contiguous': {
      const runs: Piece[] = [];
      for (const piece of pieces) {
        const run = runs.at(-1);
        if (run !== undefined && run.isMatch === piece.isMatch) run.end = piece.end;
        else runs.push({ ...piece });
      }
      return runs;
    }
    case 'merged_with_previous':
      return gathered(pieces, (run, piece) => {
        run.end = piece.end;
      });
    case 'merged_with_next':
      return gathered(pieces.toReversed(), (run, piece) => {
        run.start = piece.start;
      }).reverse();
  }
}

/** A match joins what came before it, unless that was a match too. */
function gathered(pieces: readonly Piece[], join: (run: Piece, piece: Piece) => void): Piece[] {
  const runs: Piece[] = [];
  let wasMatch = false;
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (piece.isMatch && !wasMatch && run !== undefined) join(run, piece);
    else runs.push({ ...piece });
    wasMatch = piece.isMatch;
  }
  return runs;
}

export function refused(problem: string): Error {
  return unsupportedPart(
    'the tokenizer',
    problem,
    'Use another tokenizer, or tokenize outside and give the model lists of token ids.',
  );
}
