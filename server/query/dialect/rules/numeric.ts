/**
 * `numeric` without a precision holds any number in PostgreSQL; DuckDB's has three decimals and would round. A constant
 * gets the digits it has, everything else ten decimals.
 */
import { castLiterals } from '../cast-literals.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

const MAX_DIGITS = 38;
export const DEFAULT_SCALE = 10;

export const numeric: Rule = {
  name: 'numeric',
  needs: ['numeric', 'decimal', 'dec'],
  apply({ tokens, statement }, edits) {
    const constants = new Map([...castLiterals(tokens)].map((cast) => [cast.typeFrom, cast.literal]));
    const definesColumns = statement.kind === 'ddl' && /^(CREATE|ALTER) TABLE$/.test(statement.tag);
    for (const [at, token] of tokens.entries()) {
      if (token.kind !== 'word' || !/^(numeric|decimal|dec)$/.test(token.value)) continue;
      if (isOperator(tokens[at + 1], '(') || isOperator(tokens[at + 1], '.')) continue;
      const before = tokens[at - 1];
      const isCast = isOperator(before, '::') || (isWord(before, 'as') && isOperator(tokens[at + 1], ')'));
      const isColumn =
        definesColumns &&
        (before?.kind === 'word' || before?.kind === 'quoted') &&
        /^([(,]|column|add|exists|data|type|alter)$/.test(tokens[at - 2]?.value ?? '');
      const constant = constants.get(at);
      if (!isCast && !isColumn && constant === undefined) continue;
      const number = constant ?? (tokens[at - 2]?.kind === 'number' ? tokens[at - 2] : undefined);
      edits.insertAfter(token, precisionOf(number?.value.trim()));
    }
  },
};

function precisionOf(number: string | undefined): string {
  const [, whole = '', fraction = ''] = /^[-+]?(\d*)\.?(\d*)$/.exec(number ?? '') ?? [];
  const digits = whole.length + fraction.length;
  if (digits === 0 || digits > MAX_DIGITS) return `(${MAX_DIGITS},${DEFAULT_SCALE})`;
  return `(${Math.max(digits, 1)},${fraction.length})`;
}
