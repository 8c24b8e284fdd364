/**
 * SQL as PostgreSQL's users type it, written so that DuckDB gives PostgreSQL's answer. Three mechanisms: settings of the
 * engine and macros in schema `sqlens` that stand in front of DuckDB's own functions (`macros/`), names for result
 * columns (`result-names.ts`), and rules that change the text at its tokens (`rules/`), one a file.
 * What stays different is listed in docs/postgres-differences.md.
 */

import type { TypedText } from '../parameters.ts';
import type { StatementKind } from '../statements.ts';
import { type Token, tokenize } from '../tokens.ts';
import { Edits } from './edits.ts';
import type { Rule } from './rule.ts';
import { foldIdentifiers } from './rules/fold-identifiers.ts';
import { nestedNames } from './rules/nested-names.ts';
import { operators } from './rules/operators.ts';
import { regularExpressions } from './rules/regular-expressions.ts';
import { valuesColumns } from './rules/values-columns.ts';

export { registerIntervalDivision } from './interval-division.ts';
export { DIALECT_MACROS } from './macros/index.ts';
export { resultNames } from './result-names.ts';

/** In the order of their effect where two want to change the same place: the earlier wins. */
export const RULES: readonly Rule[] = [
  operators,
  regularExpressions,
  valuesColumns,
  nestedNames,
  foldIdentifiers,
];

export interface Translated extends TypedText {
  /** Tokens of the new text. */
  readonly tokens: readonly Token[];
}

/**
 * @param sql the statement as it was typed
 * @param tokens its tokens
 * @returns the text for DuckDB; the same object's `original` leads back from positions in it
 */
export function translate(sql: string, tokens: readonly Token[], statement: StatementKind): Translated {
  const has = new Set<string>();
  for (const token of tokens) if (token.kind !== 'string') has.add(token.value);
  const edits = new Edits();
  for (const rule of RULES) {
    if (rule.needs !== undefined && !rule.needs.some((word) => has.has(word))) continue;
    rule.apply({ tokens, statement, has }, edits);
  }
  if (edits.isEmpty) return { text: sql, tokens, original: (position) => position };
  const { text, original } = edits.apply(sql);
  return { text, tokens: tokenize(text), original };
}
