/** format('%s …', …) is PostgreSQL's, format('{} …', …) stays DuckDB's. */
import { callsOf, onlyToken } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isTextFormat, TEXT_FORMAT } from '../text-format.ts';

const NAMES = new Set(['format']);

export const textFormat: Rule = {
  name: 'text-format',
  needs: [...NAMES],
  apply({ tokens }, edits) {
    for (const call of callsOf(tokens, NAMES)) {
      const [first, ...others] = call.args;
      const template = first === undefined ? undefined : onlyToken(tokens, first);
      const name = tokens[call.at];
      if (template?.kind !== 'string' || name === undefined || !isTextFormat(template.value)) continue;
      edits.replace(name, TEXT_FORMAT);
      for (const [from, to] of others) {
        const begin = tokens[from];
        const end = tokens[to - 1];
        if (begin === undefined || end === undefined) continue;
        edits.insertBefore(begin, 'CAST(');
        edits.insertAfter(end, ' AS varchar)');
      }
    }
  },
};
