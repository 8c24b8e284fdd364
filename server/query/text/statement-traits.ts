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

/** What a failed transaction may still be told. */
export function endsFailure({ kind }: StatementKind): boolean {
  return kind === 'commit' || kind === 'rollback' || kind === 'rollback-to' || kind === 'two-phase';
}

/** Whether a statement sees the transaction's snapshot, after which its modes are fixed. */
export function seesSnapshot({ kind }: StatementKind): boolean {
  switch (kind) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'rollback-to':
    case 'two-phase':
    case 'set':
    case 'show':
    case 'reset':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'lock':
    case 'close':
    case 'deallocate':
    case 'no-op':
      return false;
    default:
      return true;
  }
}

/** Statements that end or begin transactions themselves do not join an implicit one. */
export function joinsTransactions({ kind }: StatementKind): boolean {
  switch (kind) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'rollback-to':
    case 'two-phase':
    case 'no-op':
      return false;
    default:
      return true;
  }
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
  switch (statement.kind) {
    case 'sqlens':
      return onlyShows(statement.verb);
    case 'query':
    case 'show-engine':
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'set':
    case 'show':
    case 'reset':
    case 'discard':
    case 'prepare':
    case 'execute':
    case 'deallocate':
    case 'declare':
    case 'fetch':
    case 'move':
    case 'close':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'no-op':
    case 'refused':
      return true;
    default:
      return false;
  }
}
