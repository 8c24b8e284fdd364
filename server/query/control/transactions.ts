/** BEGIN, COMMIT, ROLLBACK, savepoints, and the two-phase commit that there is not. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { readModes, setTransactionModes, type TransactionModes } from './modes.ts';
import { warn } from './notices.ts';

/** BEGIN [WORK | TRANSACTION] [modes], START TRANSACTION [modes] */
export async function begin(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  const isStart = reader.accept('start');
  if (isStart) reader.expect('transaction');
  else {
    reader.expect('begin');
    if (!reader.accept('work')) reader.accept('transaction');
  }
  const modes = readModes(reader);
  if (!(await context.transaction.begin())) {
    warn(context, SqlState.activeSqlTransaction, 'there is already a transaction in progress');
  }
  setTransactionModes(context, modes);
  return finished(isStart ? 'START TRANSACTION' : 'BEGIN');
}

/** COMMIT | END [WORK | TRANSACTION] [AND [NO] CHAIN] */
export async function commit(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const chain = readChain(tokens);
  const { transaction } = context;
  if (chain) transaction.assertBlock('COMMIT AND CHAIN');
  const wasBlock = transaction.isBlock;
  const modes = currentModes(context);
  const outcome = await transaction.commit();
  if (!wasBlock) warnNoTransaction(context);
  if (chain) await chained(context, modes);
  return finished(outcome === 'rolled back' ? 'ROLLBACK' : 'COMMIT');
}

/** ROLLBACK | ABORT [WORK | TRANSACTION] [AND [NO] CHAIN] */
export async function rollback(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const chain = readChain(tokens);
  const { transaction } = context;
  if (chain) transaction.assertBlock('ROLLBACK AND CHAIN');
  const wasBlock = transaction.isBlock;
  const modes = currentModes(context);
  await transaction.rollback();
  if (!wasBlock) warnNoTransaction(context);
  if (chain) await chained(context, modes);
  return finished('ROLLBACK');
}

/** SAVEPOINT name, RELEASE [SAVEPOINT] name, ROLLBACK [WORK | TRANSACTION] TO [SAVEPOINT] name */
export async function savepoint(
  context: SessionContext,
  kind: 'savepoint' | 'release' | 'rollback-to',
  tokens: readonly Token[],
): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  const { transaction } = context;
  switch (kind) {
    case 'savepoint': {
      reader.expect('savepoint');
      transaction.savepoint(lastName(reader), context.settings.get('transaction_read_only'));
      return finished('SAVEPOINT');
    }
    case 'release': {
      reader.expect('release');
      reader.accept('savepoint');
      const readOnly = transaction.release(lastName(reader));
      // PostgreSQL's mode of the inner transaction ends with it, other than its settings.
      context.settings.set('transaction_read_only', readOnly, 'local', 'server');
      return finished('RELEASE');
    }
    case 'rollback-to': {
      if (!reader.accept('rollback')) reader.expect('abort');
      if (!reader.accept('work')) reader.accept('transaction');
      reader.expect('to');
      reader.accept('savepoint');
      // Every statement of a READ COMMITTED transaction may see what others have committed before it.
      const mayRestart = /^read /.test(context.settings.get('transaction_isolation'));
      await transaction.rollbackTo(lastName(reader), mayRestart);
      return finished('ROLLBACK');
    }
  }
}

/**
 * Commands that PostgreSQL runs only outside of a transaction, although they are like others that it runs inside.
 * @throws 25001
 */
export function checkAlone({ transaction }: SessionContext, tokens: readonly Token[]): void {
  if (!transaction.isOpen) return;
  const words = tokens.slice(0, 4).map(({ value }) => value);
  const [verb = '', kind = ''] = words[1] === 'unique' ? [words[0], words[2]] : words;
  const isConcurrent = words.includes('concurrently') && kind === 'index';
  if ((verb === 'create' || verb === 'drop') && isConcurrent) {
    transaction.assertNoTransaction(`${verb.toUpperCase()} INDEX CONCURRENTLY`);
  }
  if (verb !== 'reindex') return;
  if (kind === 'database' || kind === 'system')
    transaction.assertNoTransaction(`REINDEX ${kind.toUpperCase()}`);
  if (words.includes('concurrently')) transaction.assertNoTransaction('REINDEX CONCURRENTLY');
}

/** PREPARE TRANSACTION 'id', COMMIT PREPARED 'id', ROLLBACK PREPARED 'id' */
export async function twoPhase(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  const { transaction } = context;
  if (reader.accept('prepare', 'transaction')) {
    reader.string('a transaction identifier');
    reader.expectEnd();
    if (!transaction.isBlock) {
      warnNoTransaction(context);
      return finished('ROLLBACK');
    }
    if (transaction.status === 'failed') {
      await transaction.rollback();
      return finished('ROLLBACK');
    }
    // As in PostgreSQL, what cannot be prepared is rolled back.
    await transaction.rollback();
    throw new SqlensError({
      sqlState: SqlState.objectNotInPrerequisiteState,
      message: 'prepared transactions are disabled',
      hint: 'The engine has no two-phase commit: COMMIT instead.',
    });
  }
  const command = reader.accept('commit') ? 'COMMIT PREPARED' : 'ROLLBACK PREPARED';
  if (command === 'ROLLBACK PREPARED') reader.expect('rollback');
  reader.expect('prepared');
  const { value } = reader.string('a transaction identifier');
  reader.expectEnd();
  transaction.assertUsable();
  transaction.assertNoTransaction(command);
  throw new SqlensError({
    sqlState: SqlState.undefinedObject,
    message: `prepared transaction with identifier "${value}" does not exist`,
  });
}

function lastName(reader: Reader): string {
  const { value } = reader.name('the name of a savepoint');
  reader.expectEnd();
  return value;
}

function readChain(tokens: readonly Token[]): boolean {
  const reader = new Reader(tokens.slice(1));
  if (!reader.accept('work')) reader.accept('transaction');
  if (reader.atEnd()) return false;
  reader.expect('and');
  const no = reader.accept('no');
  reader.expect('chain');
  reader.expectEnd();
  return !no;
}

function currentModes({ settings }: SessionContext): TransactionModes {
  const flag = (name: string) => (settings.get(name) === 'on' ? 'on' : 'off');
  return {
    isolation: settings.get('transaction_isolation'),
    readOnly: flag('transaction_read_only'),
    deferrable: flag('transaction_deferrable'),
  };
}

async function chained(context: SessionContext, modes: TransactionModes): Promise<void> {
  await context.transaction.begin();
  setTransactionModes(context, modes);
}

function warnNoTransaction(context: SessionContext): void {
  warn(context, SqlState.noActiveSqlTransaction, 'there is no transaction in progress');
}
