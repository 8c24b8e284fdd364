/** `x LIKE ANY (array)`: DuckDB compares with arrays by = and < only. What it becomes are macros of macros/patterns.ts. */
import { quoteLiteral } from '../../text/tokens.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

export const likeAny: Rule = {
  name: 'like-any',
  needs: ['like', 'ilike'],
  apply({ tokens }, edits) {
    for (const [at, like] of tokens.entries()) {
      if (like.kind !== 'word' || !/^i?like$/.test(like.value)) continue;
      const quantifier = tokens[at + 1];
      if (quantifier?.kind !== 'word' || !/^(any|some|all)$/.test(quantifier.value)) continue;
      if (!isOperator(tokens[at + 2], '(') || isWord(tokens[at + 3], 'select')) continue;
      const isNot = isWord(tokens[at - 1], 'not');
      const first = isNot ? tokens[at - 1] : like;
      if (first === undefined) continue;
      const operator = `${isNot ? '!' : ''}~~${like.value === 'ilike' ? '*' : ''}${quantifier.value === 'all' ? '&' : '|'}`;
      edits.replace(first, ` ${operator} `, quantifier);
    }
  },
};

/** The macros: operator, its comparison, and whether all must hold. */
export const LIKE_ANY_MACROS: readonly string[] = ['', '!'].flatMap((not) =>
  ['', '*'].flatMap((star) =>
    ['|', '&'].map((all) => {
      const like = `${not === '' ? '' : 'NOT '}${star === '' ? 'LIKE' : 'ILIKE'}`;
      const outcomes = `list_transform(l, lambda p: a ${like} p ESCAPE ${quoteLiteral('\\')})`;
      // NULL when nothing decides, as comparing with each one by one would give.
      return all === '|'
        ? `"${not}~~${star}|"(a, l) AS CASE WHEN list_contains(${outcomes}, TRUE) THEN TRUE WHEN list_contains(list_transform(${outcomes}, lambda o: o IS NULL), TRUE) THEN NULL ELSE l IS NOT NULL AND FALSE END`
        : `"${not}~~${star}&"(a, l) AS CASE WHEN list_contains(${outcomes}, FALSE) THEN FALSE WHEN list_contains(list_transform(${outcomes}, lambda o: o IS NULL), TRUE) THEN NULL ELSE TRUE END`;
    }),
  ),
);
