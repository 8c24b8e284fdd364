/**
 * `->` and `->>` bind tighter than comparisons in PostgreSQL and looser in DuckDB, where they were lambdas first:
 * `doc->>'a' = 'x'` would compare 'a' with 'x'. With a constant behind them they become operators of the usual rank.
 */

import { endsOperand } from '../operators.ts';
import type { Rule } from '../rule.ts';

export const jsonOperators: Rule = {
  name: 'json-operators',
  needs: ['->', '->>'],
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (token.kind !== 'operator' || (token.value !== '->' && token.value !== '->>')) continue;
      const next = tokens[at + 1];
      const isSigned = next?.value === '-' && tokens[at + 2]?.kind === 'number';
      const isConstant = next?.kind === 'string' || next?.kind === 'number' || next?.kind === 'parameter';
      if (!endsOperand(tokens, at - 1) || (!isConstant && !isSigned)) continue;
      edits.replace(token, token.value === '->' ? ' @-> ' : ' @->> ');
    }
  },
};
