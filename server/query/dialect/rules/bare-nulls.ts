/** `SELECT NULL`: a column of text in PostgreSQL, of whole numbers in DuckDB. */
import { findWord } from '../../text/clauses.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord, selectListAt } from '../select-lists.ts';

export const bareNulls: Rule = {
  name: 'bare-nulls',
  needs: ['null'],
  apply({ tokens, statement }, edits) {
    if (statement.kind !== 'query') return;
    const list = selectListAt(tokens, 0, tokens.length);
    // The other branches of a UNION decide what it is.
    if (list === undefined || findWord(tokens, list.keyword, 'union', 'intersect', 'except') >= 0) return;
    for (const [from, to] of list.items) {
      const token = tokens[from];
      const next = tokens[from + 1];
      const isAlone = to === from + 1 || isWord(next, 'as') || (to === from + 2 && next?.kind !== 'operator');
      if (token === undefined || !isWord(token, 'null') || !isAlone || isOperator(next, '::')) continue;
      if (to === from + 2 && /^(isnull|notnull)$/.test(next?.value ?? '')) continue;
      edits.replace(token, 'NULL::VARCHAR');
    }
  },
};
