/** `pg_catalog.int4` where a column is defined: DuckDB knows the type by its bare name only. In casts it knows both. */
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';

/** Names that are right without quotes. */
const PLAIN = /^[a-z_][a-z\d_]*$/;

export const catalogTypes: Rule = {
  name: 'catalog-types',
  needs: ['pg_catalog'],
  apply({ tokens, statement }, edits) {
    const definesColumns =
      statement.kind === 'ddl' && /^(CREATE|ALTER) (TABLE|TYPE|FUNCTION)$/.test(statement.tag);
    if (!definesColumns) return;
    for (const [at, schema] of tokens.entries()) {
      const before = tokens[at - 1];
      const type = tokens[at + 2];
      const isName = (token: typeof type) => token?.kind === 'word' || token?.kind === 'quoted';
      if (schema.value !== 'pg_catalog' || !isName(schema) || !isOperator(tokens[at + 1], '.')) continue;
      if (!isName(before) || type === undefined || !PLAIN.test(type.value)) continue;
      edits.replace(schema, type.value, type);
    }
  },
};
