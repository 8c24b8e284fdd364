import type { StatementKind } from '../text/statements.ts';
import type { Token } from '../text/tokens.ts';
import type { Edits } from './edits.ts';

/** What a rule sees of a statement. Tokens are those of the user's text. */
export interface RuleInput {
  readonly tokens: readonly Token[];
  readonly statement: StatementKind;
  /** Every word (lower case) and operator in the statement: what is not in it needs no search. */
  readonly has: ReadonlySet<string>;
}

/**
 * One thing that PostgreSQL's users write and DuckDB reads otherwise. A rule changes what it is sure of and leaves
 * everything else as it is; it must leave its own results alone, since parts of a statement are read twice.
 */
export interface Rule {
  readonly name: string;
  /** Words and operators of which one must be there; undefined: the rule looks at every statement. */
  readonly needs: readonly string[] | undefined;
  apply(input: RuleInput, edits: Edits): void;
}
