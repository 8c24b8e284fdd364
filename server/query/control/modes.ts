/** The modes of BEGIN, SET TRANSACTION and SET SESSION CHARACTERISTICS. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Cursor as Reader } from '../ddl/cursor.ts';
import type { SessionContext } from '../session/session-context.ts';

export interface TransactionModes {
  readonly isolation: string | undefined;
  readonly readOnly: 'on' | 'off' | undefined;
  readonly deferrable: 'on' | 'off' | undefined;
}

const ISOLATION_LEVELS = ['serializable', 'repeatable read', 'read committed', 'read uncommitted'];

/**
 * Reads `ISOLATION LEVEL x | READ WRITE | READ ONLY | [NOT] DEFERRABLE`, with commas or without, to the end.
 * @throws 42601
 */
export function readModes(reader: Reader): TransactionModes {
  let isolation: string | undefined;
  let readOnly: 'on' | 'off' | undefined;
  let deferrable: 'on' | 'off' | undefined;
  while (!reader.atEnd()) {
    if (reader.accept('isolation', 'level')) {
      isolation = ISOLATION_LEVELS.find((level) => reader.accept(...level.split(' ')));
      if (isolation === undefined) throw reader.unexpected('an isolation level');
    } else if (reader.accept('read', 'only')) readOnly = 'on';
    else if (reader.accept('read', 'write')) readOnly = 'off';
    else if (reader.accept('deferrable')) deferrable = 'on';
    else if (reader.accept('not', 'deferrable')) deferrable = 'off';
    else throw reader.unexpected('a transaction mode');
    if (reader.accept(',') && reader.atEnd()) throw reader.unexpected('a transaction mode');
  }
  return { isolation, readOnly, deferrable };
}

/**
 * Sets the modes of the open transaction.
 * @throws 25001 when it is too late for that
 */
export function setTransactionModes(context: SessionContext, modes: TransactionModes): void {
  const { isolation, readOnly, deferrable } = modes;
  if (isolation !== undefined) setTransactionMode(context, 'transaction_isolation', isolation);
  if (readOnly !== undefined) setTransactionMode(context, 'transaction_read_only', readOnly);
  if (deferrable !== undefined) setTransactionMode(context, 'transaction_deferrable', deferrable);
}

/**
 * Sets one mode of the open transaction: it ends with it, however it was set.
 * @throws 25001 when it is too late for that, 22023 for a value that makes no sense
 */
export function setTransactionMode(context: SessionContext, name: string, value: string | undefined): void {
  const { settings, transaction } = context;
  const mark = settings.mark();
  const before = settings.get(name);
  settings.set(name, value, 'local');
  const refusal = tooLate(context, name, before, settings.get(name));
  if (refusal === undefined && transaction.isOpen) return;
  settings.restore(mark);
  if (refusal !== undefined) {
    throw new SqlensError({ sqlState: SqlState.activeSqlTransaction, message: refusal });
  }
}

function tooLate(
  { transaction }: SessionContext,
  name: string,
  before: string,
  after: string,
): string | undefined {
  if (before === after || !transaction.isOpen) return undefined;
  switch (name) {
    case 'transaction_isolation':
      if (transaction.queried) return 'SET TRANSACTION ISOLATION LEVEL must be called before any query';
      return transaction.hasSavepoints
        ? 'SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction'
        : undefined;
    case 'transaction_read_only':
      if (after === 'on') return undefined;
      if (transaction.hasSavepoints) {
        return 'cannot set transaction read-write mode inside a read-only transaction';
      }
      return transaction.queried ? 'transaction read-write mode must be set before any query' : undefined;
    default:
      if (transaction.hasSavepoints) {
        return 'SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction';
      }
      return transaction.queried
        ? 'SET TRANSACTION [NOT] DEFERRABLE must be called before any query'
        : undefined;
  }
}
