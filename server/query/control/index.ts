/** Statements about the session itself: transactions, cursors, settings, prepared statements, notifications. */
import { SqlensError, SqlState, unreachable } from '../../../common/errors.ts';
import type { Execution, ParameterValue } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { ControlKind } from '../text/statements.ts';
import { declare } from './cursors/declare.ts';
import { close, fetch, move } from './cursors/fetch.ts';
import { discard } from './discard.ts';
import { listen } from './listen.ts';
import { deallocate, execute, prepare } from './prepare.ts';
import { runSessionCalls } from './session-calls.ts';
import { reset, set } from './set.ts';
import { show } from './show.ts';
import { begin, commit, rollback, savepoint, twoPhase } from './transactions.ts';
import { lockTable, upkeep } from './upkeep.ts';

export async function runControl(
  context: SessionContext,
  parsed: Parsed,
  statement: ControlKind,
  parameters: readonly ParameterValue[],
): Promise<Execution> {
  const { tokens } = parsed;
  switch (statement.kind) {
    case 'begin':
      return begin(context, tokens);
    case 'commit':
      return commit(context, tokens);
    case 'rollback':
      return rollback(context, tokens);
    case 'savepoint':
    case 'release':
    case 'rollback-to':
      return savepoint(context, statement.kind, tokens);
    case 'two-phase':
      return twoPhase(context, tokens);
    case 'set':
      return set(context, tokens);
    case 'show':
      return show(context, tokens);
    case 'reset':
      return reset(context, tokens);
    case 'discard':
      return discard(context, tokens);
    case 'prepare':
      return prepare(context, parsed);
    case 'execute':
      return execute(context, parsed);
    case 'deallocate':
      return deallocate(context, tokens);
    case 'declare':
      return declare(context, parsed, parameters);
    case 'fetch':
      return fetch(context, tokens);
    case 'move':
      return move(context, tokens);
    case 'close':
      return close(context, tokens);
    case 'listen':
    case 'unlisten':
    case 'notify':
      return listen(context, statement.kind, tokens);
    case 'lock':
      return lockTable(context, tokens);
    case 'upkeep':
      return upkeep(context, tokens);
    case 'session-call':
      return runSessionCalls(context, parsed, parameters);
    case 'unsupported':
      if (statement.alone) context.transaction.assertNoTransaction(statement.what);
      throw new SqlensError({
        sqlState: SqlState.featureNotSupported,
        message: `${statement.what} is not supported`,
        hint: statement.hint,
      });
    default:
      return unreachable(statement);
  }
}
