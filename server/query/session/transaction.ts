/**
 * A session's transaction as PostgreSQL has it, over DuckDB's: an error fails the whole transaction until ROLLBACK,
 * COMMIT of a failed one rolls back, and several statements of one message share an implicit transaction.
 *
 * DuckDB cannot undo a part of a transaction, so a savepoint remembers how much had been written. ROLLBACK TO is
 * honest about it: it succeeds where nothing is to be undone, and says 0A000 where something is.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { TransactionStatus } from '../api.ts';
import { commit, rollBack } from './roll-back.ts';

/** Something of the session that follows its transaction: settings, cursors, notifications, locks. */
export interface TransactionPart {
  begin?(): void;
  /** @returns what takes it back to now */
  mark(): () => Promise<void>;
  /** Just before the engine commits; a rejection rolls back. */
  committing?(): Promise<void>;
  /** After the end, and already when a transaction has failed beyond every savepoint; may be called again. */
  ended(committed: boolean): Promise<void>;
}

interface Savepoint {
  readonly name: string;
  /** Writes of the transaction before it. */
  readonly writeCount: number;
  /** The transaction's read-only mode then, which RELEASE brings back. */
  readonly readOnly: string;
  readonly restore: () => Promise<void>;
}

/** A client that never releases them forgets it; each keeps a little memory. */
const MAX_SAVEPOINTS = 10_000;

export class Transaction {
  readonly #connection: DuckDBConnection;
  readonly #parts: readonly TransactionPart[];
  #status: TransactionStatus = 'idle';
  /** Opened by us for a group of statements that have no BEGIN of their own. */
  #implicit = false;
  #writeCount = 0;
  /** Statements that need the snapshot. */
  #queried = false;
  #savepoints: Savepoint[] = [];

  constructor(connection: DuckDBConnection, parts: readonly TransactionPart[] = []) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /** An implicit transaction does not show: to the client it is idle. */
  get status(): TransactionStatus {
    return this.#implicit && this.#status === 'in-transaction' ? 'idle' : this.#status;
  }

  get isOpen(): boolean {
    return this.#status !== 'idle';
  }

  /** Within BEGIN … COMMIT: what PostgreSQL calls a transaction block. */
  get isBlock(): boolean {
    return this.#status !== 'idle' && !this.#implicit;
  }

  /** Whether statements before this one may have changed something that only this connection sees. */
  get written(): boolean {
    return this.#writeCount > 0;
  }

  /** Whether a statement has seen the transaction's snapshot. */
  get queried(): boolean {
    return this.#queried;
  }

  get hasSavepoints(): boolean {
    return this.#savepoints.length > 0;
  }

  noteWrite(): void {
    if (this.isOpen) this.#writeCount++;
  }

  noteQuery(): void {
    if (this.isOpen) this.#queried = true;
  }

  /** @throws 25P02 when only ROLLBACK and COMMIT are possible */
  assertUsable(): void {
    if (this.#status !== 'failed') return;
    throw new SqlensError({
      sqlState: SqlState.inFailedSqlTransaction,
      message: 'current transaction is aborted, commands ignored until end of transaction block',
      hint: 'ROLLBACK ends it.',
    });
  }

  /** @throws 25P01 outside BEGIN … COMMIT */
  assertBlock(command: string): void {
    if (this.isBlock) return;
    throw new SqlensError({
      sqlState: SqlState.noActiveSqlTransaction,
      message: `${command} can only be used in transaction blocks`,
      hint: 'BEGIN starts a transaction block.',
    });
  }

  /** @throws 25001 inside of a transaction, BEGIN or none */
  assertNoTransaction(command: string): void {
    if (!this.isOpen) return;
    throw new SqlensError({
      sqlState: SqlState.activeSqlTransaction,
      message: `${command} cannot run inside a transaction block`,
      hint: 'COMMIT first, and send it as a message of its own.',
    });
  }

  /** @returns false when there was a transaction already (a WARNING in PostgreSQL) */
  async begin(): Promise<boolean> {
    if (this.#status === 'in-transaction') {
      const wasImplicit = this.#implicit;
      this.#implicit = false;
      return wasImplicit;
    }
    await this.#open();
    return true;
  }

  async beginImplicit(): Promise<void> {
    if (this.isOpen) return;
    await this.#open();
    this.#implicit = true;
  }

  /** @returns what happened, for the command tag; "none" when there was no transaction */
  async commit(): Promise<'committed' | 'rolled back' | 'none'> {
    if (this.#status === 'idle') return 'none';
    if (this.#status === 'failed') {
      await this.rollback();
      return 'rolled back';
    }
    try {
      for (const part of this.#parts) await part.committing?.();
      await commit(this.#connection);
    } catch (error) {
      await this.rollback();
      throw error;
    }
    this.#reset();
    await this.#end(true);
    return 'committed';
  }

  /** @returns whether there was a transaction */
  async rollback(): Promise<boolean> {
    if (this.#status === 'idle') return false;
    this.#reset();
    await rollBack(this.#connection);
    await this.#end(false);
    return true;
  }

  /** A statement failed: an explicit transaction is lost, an implicit one ends at once. */
  async fail(): Promise<void> {
    if (this.#status === 'idle') return;
    if (this.#implicit) {
      await this.rollback();
      return;
    }
    if (this.#status === 'failed') return;
    this.#status = 'failed';
    // As in PostgreSQL, settings, locks and cursors do not wait for the ROLLBACK.
    const last = this.#savepoints.at(-1);
    if (last === undefined) await this.#end(false);
    else await last.restore();
  }

  /** The end of a message: an implicit transaction ends with it, and what failed on the wire fails a block too. */
  async sync(failed: boolean): Promise<void> {
    if (failed) await this.fail();
    else if (this.#implicit && this.#status !== 'idle') await this.commit();
  }

  /** @throws 25P01 outside BEGIN … COMMIT, 53400 beyond the limit */
  savepoint(name: string, readOnly: string): void {
    this.assertBlock('SAVEPOINT');
    this.assertUsable();
    if (this.#savepoints.length >= MAX_SAVEPOINTS) {
      throw new SqlensError({
        sqlState: SqlState.configurationLimitExceeded,
        message: `a transaction may have at most ${MAX_SAVEPOINTS} savepoints`,
        hint: 'RELEASE those that are no longer needed.',
      });
    }
    const marks = this.#parts.map((part) => part.mark());
    this.#savepoints.push({
      name,
      writeCount: this.#writeCount,
      readOnly,
      restore: async () => {
        for (const mark of marks) await mark();
      },
    });
  }

  /**
   * @returns the read-only mode as it was at the savepoint
   * @throws 25P01 outside BEGIN … COMMIT, 3B001
   */
  release(name: string): string {
    this.assertBlock('RELEASE SAVEPOINT');
    this.assertUsable();
    const at = this.#find(name);
    const readOnly = this.#savepoints[at]?.readOnly ?? 'off';
    this.#savepoints.length = at;
    return readOnly;
  }

  /**
   * Undoes what can be undone: errors, settings, cursors and locks, and no writes.
   * @param mayRestart whether the transaction may go on with a later snapshot
   * @throws 25P01 outside BEGIN … COMMIT, 3B001, 0A000 where the engine would have to undo a part
   */
  async rollbackTo(name: string, mayRestart: boolean): Promise<void> {
    this.assertBlock('ROLLBACK TO SAVEPOINT');
    const at = this.#find(name);
    const savepoint = this.#savepoints[at];
    if (savepoint === undefined) throw unknownSavepoint(name);
    const undone = this.#writeCount - savepoint.writeCount;
    if (undone > 0) {
      throw cannotRollBackTo(
        name,
        `The transaction has written since the savepoint (${undone} ${undone === 1 ? 'statement' : 'statements'}).`,
      );
    }
    if (this.#status === 'failed' && (await this.#isAborted())) {
      if (this.written) {
        throw cannotRollBackTo(
          name,
          `The error ended the engine's transaction, and with it what was written before the savepoint (${this.#writeCount} ${this.#writeCount === 1 ? 'statement' : 'statements'}).`,
        );
      }
      if (!mayRestart && this.#queried) {
        throw cannotRollBackTo(name, "The error ended the engine's transaction, and its snapshot with it.");
      }
      await rollBack(this.#connection);
      await this.#connection.run('BEGIN TRANSACTION');
    }
    await savepoint.restore();
    this.#savepoints.length = at + 1;
    this.#status = 'in-transaction';
  }

  /** An error aborts DuckDB's transaction, but not every error: one of binding a statement leaves it as it is. */
  async #isAborted(): Promise<boolean> {
    try {
      await this.#connection.run('SELECT 1');
      return false;
    } catch (error) {
      if (/INTERRUPT/.test(messageOf(error))) return this.#isAborted();
      return true;
    }
  }

  /** @throws 3B001 */
  #find(name: string): number {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (at < 0) throw unknownSavepoint(name);
    return at;
  }

  async #open(): Promise<void> {
    await this.#connection.run('BEGIN TRANSACTION');
    this.#reset();
    this.#status = 'in-transaction';
    for (const part of this.#parts) part.begin?.();
  }

  async #end(committed: boolean): Promise<void> {
    for (const part of this.#parts) await part.ended(committed);
  }

  #reset(): void {
    this.#status = 'idle';
    this.#implicit = false;
    this.#writeCount = 0;
    this.#queried = false;
    this.#savepoints = [];
  }
}

function unknownSavepoint(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.savepointException,
    message: `savepoint "${name}" does not exist`,
  });
}

function cannotRollBackTo(name: string, detail: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `cannot roll back to savepoint "${name}": the engine cannot undo a part of a transaction`,
    detail,
    hint: 'The transaction stays aborted: ROLLBACK it as a whole and begin again.',
  });
}
