/**
 * SQL as PostgreSQL's users type it, written so that DuckDB gives PostgreSQL's answer. Three mechanisms: settings of the
 * engine and macros in schema `sqlens` that stand in front of DuckDB's own functions (`macros/`), names for result
 * columns (`result-names.ts`), and rules that change the text at its tokens (`rules/`), one a file.
 * What stays different is listed in docs/postgres-differences.md.
 */

import type { DuckDBConnection } from '@duckdb/node-api';
import type { TypedText } from '../describe/parameters.ts';
import type { StatementKind } from '../text/statements.ts';
import { type Token, tokenize } from '../text/tokens.ts';
import { Edits } from './edits.ts';
import { registerIntervalDivision } from './interval-division.ts';
import { registerJsonContainment } from './json-containment.ts';
import { registerLengths } from './lengths.ts';
import { registerNumberTemplates } from './number-templates.ts';
import type { Rule } from './rule.ts';
import { arrayLiterals } from './rules/array-literals.ts';
import { bareNulls } from './rules/bare-nulls.ts';
import { catalogTypes } from './rules/catalog-types.ts';
import { definitions } from './rules/definitions.ts';
import { foldIdentifiers } from './rules/fold-identifiers.ts';
import { functions } from './rules/functions.ts';
import { jsonOperators } from './rules/json-operators.ts';
import { likeAny } from './rules/like-any.ts';
import { likeEscape } from './rules/like-escape.ts';
import { locking } from './rules/locking.ts';
import { nestedNames } from './rules/nested-names.ts';
import { numeric } from './rules/numeric.ts';
import { operators } from './rules/operators.ts';
import { regularCaptures } from './rules/regular-captures.ts';
import { selectInto } from './rules/select-into.ts';
import { setReturning } from './rules/set-returning.ts';
import { specialForms } from './rules/special-forms.ts';
import { strings } from './rules/strings.ts';
import { templates } from './rules/templates.ts';
import { textFormat } from './rules/text-format.ts';
import { typeAliases } from './rules/type-aliases.ts';
import { typedConstants } from './rules/typed-constants.ts';
import { valuesColumns } from './rules/values-columns.ts';
import { registerTextFormat } from './text-format.ts';

export { DIALECT_MACROS } from './macros/index.ts';
export { resultNames } from './result-names.ts';

/** Functions of ours that the macros need; call it before the macros are made. */
export function registerDialectFunctions(connection: DuckDBConnection): void {
  registerIntervalDivision(connection);
  registerNumberTemplates(connection);
  registerJsonContainment(connection);
  registerTextFormat(connection);
  registerLengths(connection);
}

/** In the order of their effect where two want to change the same place: the earlier wins. */
export const RULES: readonly Rule[] = [
  selectInto,
  definitions,
  typedConstants,
  numeric,
  arrayLiterals,
  bareNulls,
  strings,
  likeAny,
  likeEscape,
  locking,
  templates,
  regularCaptures,
  specialForms,
  textFormat,
  functions,
  catalogTypes,
  typeAliases,
  setReturning,
  jsonOperators,
  operators,
  valuesColumns,
  nestedNames,
  foldIdentifiers,
];

export interface Translated extends TypedText {
  /** Tokens of the new text: read on demand. */
  tokens(): readonly Token[];
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
  if (edits.isEmpty) return { text: sql, tokens: () => tokens, original: (position) => position };
  const { text, original } = edits.apply(sql);
  return { text, tokens: () => tokenize(text), original };
}
