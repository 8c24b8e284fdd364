/**
 * Calls that SQL writes with words: DuckDB's parser binds them to functions of its own, past our macros. They become
 * calls with commas.
 */
import { findTopLevel } from '../../text/clauses.ts';
import type { Token } from '../../text/tokens.ts';
import type { Edits } from '../edits.ts';
import { type Call, callsOf, isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

const NAMES = new Set(['substring', 'overlay', 'extract', 'date_part']);

export const specialForms: Rule = {
  name: 'special-forms',
  needs: [...NAMES, 'overlaps'],
  apply({ tokens, has }, edits) {
    for (const call of callsOf(tokens, NAMES)) {
      const name = tokens[call.at]?.value;
      if (name === 'extract' || name === 'date_part') fraction(tokens, call, edits);
      else commas(tokens, call, edits);
    }
    if (has.has('overlaps')) overlaps(tokens, edits);
  },
};

/** `substring(s FROM i FOR n)`, `overlay(s PLACING r FROM i FOR n)`. */
function commas(tokens: readonly Token[], { at: name, open, close }: Call, edits: Edits): void {
  // A regular expression: regular-captures.ts has it.
  if (tokens[close - 1]?.kind === 'string' && /^(from|,)$/.test(tokens[close - 2]?.value ?? '')) return;
  const called = tokens[name];
  if (called !== undefined) edits.insertBefore(called, 'sqlens.');
  const words = ['placing', 'from', 'for'].map((word) =>
    findTopLevel(tokens, open + 1, (token, at) => at < close && isWord(token, word)),
  );
  const [placing = -1, from = -1, length = -1] = words.map((at) => (at < close ? at : -1));
  for (const at of [placing, from, length]) {
    const word = tokens[at];
    if (word === undefined) continue;
    // `substring(s FOR n)` begins at the first character.
    edits.replace(word, at === length && from < 0 && placing < 0 ? ', 1,' : ',');
  }
}

/** Seconds and milliseconds have decimals in PostgreSQL; DuckDB cuts them. */
function fraction(tokens: readonly Token[], { at, open, close }: Call, edits: Edits): void {
  const field = tokens[open + 1];
  const name = tokens[at];
  const last = tokens[close];
  const match = /^(second|seconds|sec|secs|millisecond|milliseconds|ms)$/i.exec(field?.value ?? '');
  if (field === undefined || name === undefined || last === undefined || match === null) return;
  const divisor = /^s/i.test(field.value) ? '1e6' : '1e3';
  edits.insertBefore(name, '(');
  edits.replace(field, field.kind === 'string' ? "'microseconds'" : 'microseconds');
  edits.insertAfter(last, ` / ${divisor})`);
}

/** Tokens that the left side of OVERLAPS may have. */
const MAX_BACK = 500;

/** `(a, b) OVERLAPS (c, d)`. */
function overlaps(tokens: readonly Token[], edits: Edits): void {
  for (const [at, word] of tokens.entries()) {
    const close = tokens[at - 1];
    const open = tokens[at + 1];
    if (!isWord(word, 'overlaps') || close === undefined || open === undefined) continue;
    if (!isOperator(close, ')') || !isOperator(open, '(')) continue;
    let depth = 0;
    for (let back = at - 1; back >= Math.max(0, at - MAX_BACK); back--) {
      const token = tokens[back];
      if (isOperator(token, ')')) depth++;
      else if (isOperator(token, '(') && --depth === 0 && token !== undefined) {
        edits.insertBefore(token, 'sqlens.overlaps');
        edits.replace(close, ', ', open);
        break;
      }
    }
  }
}
