/** What of a statement follows from its kind, for the session that runs it. */
import { readSessionCalls } from '../control/session-call-syntax.ts';
import type { SqlensVerb, StatementKind } from './statements.ts';
import { tokenize } from './tokens.ts';

/** First words of statements about the session: what they mention of the catalog is looked at when it is their turn. */
const OF_SESSION =
  /^(begin|start|commit|end|rollback|abort|savepoint|release|prepare|execute|deallocate|declare|fetch|move|close|set|show|reset|discard|listen|unlisten|notify|lock)$/;

export function isOfSession(sql: string): boolean {
  const tokens = tokenize(sql);
  return OF_SESSION.test(tokens[0]?.value ?? '') || readSessionCalls(tokens) !== undefined;
}

type Trait =
  /** The engine's grammar reads it; those with a grammar of ours are read when it is their turn. */
  | 'engine'
  /** It sees the transaction's snapshot, after which the transaction's modes are fixed. */
  | 'snapshot'
  /** It joins an implicit transaction; others begin or end transactions themselves. */
  | 'joins'
  /** It changes no table and no definition itself; what it runs in turn is looked at then. */
  | 'reads'
  /** A failed transaction may still be told. */
  | 'ends-failure';

/** Every kind has its line: a new one does not compile until somebody has decided. Of `sqlens` the verb decides more. */
const TRAITS: Readonly<Record<StatementKind['kind'], readonly Trait[]>> = {
  query: ['engine', 'snapshot', 'joins', 'reads'],
  insert: ['engine', 'snapshot', 'joins'],
  update: ['engine', 'snapshot', 'joins'],
  delete: ['engine', 'snapshot', 'joins'],
  merge: ['engine', 'snapshot', 'joins'],
  'create-table-as': ['engine', 'snapshot', 'joins'],
  ddl: ['engine', 'snapshot', 'joins'],
  explain: ['engine', 'snapshot', 'joins'],
  'show-engine': ['engine', 'snapshot', 'joins', 'reads'],
  copy: ['snapshot', 'joins'],
  sqlens: ['snapshot', 'joins'],
  begin: ['reads'],
  commit: ['reads', 'ends-failure'],
  rollback: ['reads', 'ends-failure'],
  savepoint: ['reads'],
  release: ['reads'],
  'rollback-to': ['ends-failure'],
  'two-phase': ['ends-failure'],
  set: ['joins', 'reads'],
  show: ['joins', 'reads'],
  reset: ['joins', 'reads'],
  discard: ['snapshot', 'joins', 'reads'],
  prepare: ['snapshot', 'joins', 'reads'],
  execute: ['snapshot', 'joins', 'reads'],
  deallocate: ['joins', 'reads'],
  declare: ['snapshot', 'joins', 'reads'],
  fetch: ['snapshot', 'joins', 'reads'],
  move: ['snapshot', 'joins', 'reads'],
  close: ['joins', 'reads'],
  listen: ['joins', 'reads'],
  unlisten: ['joins', 'reads'],
  notify: ['joins', 'reads'],
  lock: ['joins'],
  upkeep: ['snapshot', 'joins'],
  'session-call': ['snapshot', 'joins'],
  unsupported: ['snapshot', 'joins'],
  'no-op': ['reads'],
  refused: ['snapshot', 'joins', 'reads'],
};

function has({ kind }: StatementKind, trait: Trait): boolean {
  return TRAITS[kind].includes(trait);
}

/** What a failed transaction may still be told. */
export function endsFailure(statement: StatementKind): boolean {
  return has(statement, 'ends-failure');
}

/** Whether a statement sees the transaction's snapshot, after which its modes are fixed. */
export function seesSnapshot(statement: StatementKind): boolean {
  return has(statement, 'snapshot');
}

/** Statements that end or begin transactions themselves do not join an implicit one. */
export function joinsTransactions(statement: StatementKind): boolean {
  return has(statement, 'joins');
}

/** Whether the engine's grammar reads it. */
export function isEngines(statement: StatementKind): boolean {
  return has(statement, 'engine');
}

/** Whether a statement may change what there is: tables, views, functions, models. */
export function defines(statement: StatementKind): boolean {
  const { kind } = statement;
  return kind === 'ddl' || kind === 'create-table-as' || (kind === 'sqlens' && !onlyShows(statement.verb));
}

/** Of our own statements, those that only tell. */
export function onlyShows(verb: SqlensVerb): boolean {
  return /^(show|describe)-/.test(verb);
}

/** Statements that change no table and no definition themselves; those that they run in turn are looked at then. */
export function onlyReads(statement: StatementKind): boolean {
  return statement.kind === 'sqlens' ? onlyShows(statement.verb) : has(statement, 'reads');
}
