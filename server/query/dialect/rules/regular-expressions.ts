/** DuckDB's own function keeps its name's meaning, although its macro of that name stands for SIMILAR TO. */
import type { Rule } from '../rule.ts';

export const regularExpressions: Rule = {
  name: 'regular-expressions',
  needs: ['regexp_full_match'],
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (token.value !== 'regexp_full_match' || token.kind === 'string') continue;
      if (tokens[at + 1]?.value !== '(' || tokens[at - 1]?.value === '.') continue;
      edits.insertBefore(token, 'system.main.');
    }
  },
};
