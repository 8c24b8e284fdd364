/**
 * Operators that DuckDB parses into something else or not at all. What they become are macros (macros/operators.ts)
 * whose names DuckDB's grammar reads as operators of the same precedence.
 */

import { endsOperand, operatorAt } from '../operators.ts';
import type { Rule } from '../rule.ts';

/** Infix operators → what stands for them. `~` would be regexp_full_match, `#` and `?` are no operators in DuckDB. */
const INFIX: Readonly<Record<string, string>> = {
  '~': '~@',
  '!~': '!~@',
  '#': '^^@',
  '#>': '@>>',
  '#>>': '@>>>',
  '?': '@~',
  '?|': '@~|',
  '?&': '@~&',
};

export const operators: Rule = {
  name: 'operators',
  needs: ['~', '#', '?'],
  apply({ tokens }, edits) {
    for (let at = 0; at < tokens.length; at++) {
      const operator = operatorAt(tokens, at);
      if (operator === undefined) continue;
      const first = tokens[at];
      const last = tokens[operator.end - 1];
      const replacement = INFIX[operator.text];
      if (
        first !== undefined &&
        last !== undefined &&
        replacement !== undefined &&
        endsOperand(tokens, at - 1)
      ) {
        // A blank keeps what follows from becoming a part of it.
        edits.replace(first, ` ${replacement} `, last);
      }
      at = operator.end - 1;
    }
  },
};
