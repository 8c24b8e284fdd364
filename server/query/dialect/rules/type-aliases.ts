/** Types that PostgreSQL has and DuckDB has under another name, behind :: and AS, and where columns are defined. */

import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';
import { readTypeName } from '../type-names.ts';

const ALIASES: Readonly<Record<string, string>> = {
  jsonb: 'json',
  name: 'varchar',
  bpchar: 'varchar',
  citext: 'varchar',
  oid: 'uinteger',
  smallserial: 'smallint',
  serial2: 'smallint',
  serial: 'integer',
  serial4: 'integer',
  bigserial: 'bigint',
  serial8: 'bigint',
};

export const typeAliases: Rule = {
  name: 'type-aliases',
  needs: Object.keys(ALIASES),
  apply({ tokens, statement }, edits) {
    const definesColumns =
      (statement.kind === 'ddl' && /^(CREATE|ALTER) TABLE$/.test(statement.tag)) ||
      statement.kind === 'create-table-as';
    for (const [at, token] of tokens.entries()) {
      const alias = token.kind === 'word' ? ALIASES[token.value] : undefined;
      if (alias === undefined) continue;
      const before = tokens[at - 1];
      const isCast = isOperator(before, '::') || (isWord(before, 'as') && isInCast(tokens, at));
      const isConstant = tokens[at + 1]?.kind === 'string' && !/serial/.test(token.value);
      const isDefinition =
        definesColumns &&
        (before?.kind === 'quoted' || (before?.kind === 'word' && !NO_COLUMN.test(before.value))) &&
        (tokens[at - 2] === undefined ||
          /^([(,]|column|add|alter|exists|set|data)$/.test(tokens[at - 2]?.value ?? '') ||
          isWord(before, 'type'));
      if (!isCast && !isConstant && !isDefinition) continue;
      const type = readTypeName(tokens, at);
      if (type !== undefined) edits.replace(token, alias);
    }
  },
};

/** Words before a type's name that are no column. */
const NO_COLUMN = /^(constraint|unique|primary|foreign|check|references|as|key|default|not|null)$/;

/** Tokens to look back for CAST( */
const MAX_BACK = 500;

function isInCast(tokens: Parameters<Rule['apply']>[0]['tokens'], at: number): boolean {
  let depth = 0;
  for (let back = at - 2; back >= Math.max(0, at - MAX_BACK); back--) {
    const token = tokens[back];
    if (isOperator(token, ')')) depth++;
    else if (isOperator(token, '(') && --depth < 0) {
      return /^(try_)?cast$/.test(tokens[back - 1]?.value ?? '');
    }
  }
  return false;
}
