/** Unquoted identifiers are lower case (ASCII letters only): DuckDB would keep their spelling in what it names. */
import type { Rule } from '../rule.ts';

/** Keywords stay as they are, so that errors show what was typed. */
const KEYWORDS = new Set(
  'select from where group by order having limit offset union all except intersect distinct on as and or not in is null like ilike between case when then else end join left right full inner outer cross using natural lateral with recursive insert into values update set delete returning create table view temp temporary if exists replace primary key unique default check references constraint drop alter add column rename to cast over partition rows range preceding following current row filter asc desc nulls first last true false date time timestamp interval array any some explain analyze truncate comment sequence index schema type enum conflict do nothing for'.split(
    ' ',
  ),
);

export const foldIdentifiers: Rule = {
  name: 'fold-identifiers',
  needs: undefined,
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (at === 0 || token.kind !== 'word' || token.text === token.value || KEYWORDS.has(token.value))
        continue;
      const folded = token.text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
      if (folded !== token.text) edits.replace(token, folded);
    }
  },
};
