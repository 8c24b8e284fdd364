/** FOR UPDATE and the like: DuckDB lets writers of the same row conflict instead of waiting, so there is nothing to lock. */
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

export const locking: Rule = {
  name: 'locking',
  needs: ['for'],
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (!isWord(token, 'for') || tokens[at - 1]?.value === '.') continue;
      const next = tokens[at + 1];
      let end = at + 2;
      if (isWord(next, 'no') && isWord(tokens[at + 2], 'key') && isWord(tokens[at + 3], 'update'))
        end = at + 4;
      else if (isWord(next, 'key') && isWord(tokens[at + 2], 'share')) end = at + 3;
      else if (!isWord(next, 'update') && !isWord(next, 'share')) continue;
      if (isWord(tokens[end], 'of')) {
        end += 2;
        while (tokens[end]?.value === ',' || tokens[end]?.value === '.') end += 2;
      }
      if (isWord(tokens[end], 'nowait')) end++;
      else if (isWord(tokens[end], 'skip') && isWord(tokens[end + 1], 'locked')) end += 2;
      const last = tokens[end - 1];
      if (last !== undefined) edits.remove(token, last);
    }
  },
};
