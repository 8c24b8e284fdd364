/** In PostgreSQL a backslash escapes in LIKE patterns unless ESCAPE says otherwise; SIMILAR TO has patterns of its own. */
import { quoteLiteral } from '../../text/tokens.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

export const likeEscape: Rule = {
  name: 'like-escape',
  needs: ['like', 'ilike', 'similar'],
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (token.kind !== 'word') continue;
      const isSimilar = token.value === 'similar' && isWord(tokens[at + 1], 'to');
      const place = isSimilar ? at + 2 : at + 1;
      const pattern = tokens[place];
      if (pattern?.kind !== 'string') continue;
      // Part of an expression: nobody knows the whole pattern.
      if (/^(\|\||::|\+|\[)$/.test(tokens[place + 1]?.value ?? '')) continue;
      const mark = isWord(tokens[place + 1], 'escape') ? tokens[place + 2] : undefined;
      if (isSimilar) {
        if (mark !== undefined && mark.kind !== 'string') continue;
        // Translated already.
        if (pattern.value.startsWith('(?s)')) continue;
        const regular = similarToRegular(pattern.value, mark?.value ?? '\\');
        edits.replace(pattern, quoteLiteral(regular), mark ?? pattern);
      } else if (/^i?like$/.test(token.value) && mark === undefined && pattern.value.includes('\\')) {
        edits.insertAfter(pattern, " ESCAPE '\\'");
      }
    }
  },
};

/** PostgreSQL's similar_escape: % and _ are wildcards, the rest of a regular expression's signs but . ^ $ stay. */
export function similarToRegular(pattern: string, mark: string): string {
  let regular = '';
  let isInClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at] ?? '';
    if (sign === mark && at + 1 < pattern.length) {
      const next = pattern[++at] ?? '';
      regular += /[\w\s]/.test(next) ? next : `\\${next}`;
    } else if (isInClass) {
      if (sign === ']') isInClass = false;
      regular += sign;
    } else if (sign === '[') {
      isInClass = true;
      regular += sign;
    } else if (sign === '%') regular += '.*';
    else if (sign === '_') regular += '.';
    else regular += /[.^$\\]/.test(sign) ? `\\${sign}` : sign;
  }
  return `(?s)${regular}`;
}
