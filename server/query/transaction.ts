/**
 * A session's transaction as PostgreSQL has it, over DuckDB's: an error fails the whole transaction until ROLLBACK,
 * COMMIT of a failed one rolls back, and several statements of one message share an implicit transaction.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { TransactionStatus } from './api.ts';
import { commit, rollBack } from './roll-back.ts';

export class Transaction {
  readonly #connection: DuckDBConnection;
  #status: TransactionStatus = 'idle';
  /** Opened by us for a group of statements that have no BEGIN of their own. */
  #implicit = false;
  #written = false;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** An implicit transaction does not show: to the client it is idle. */
  get status(): TransactionStatus {
    return this.#implicit && this.#status === 'in-transaction' ? 'idle' : this.#status;
  }

  get isOpen(): boolean {
    return this.#status !== 'idle';
  }

  /** Whether statements before this one may have changed something that only this connection sees. */
  get written(): boolean {
    return this.#written;
  }

  noteWrite(): void {
    this.#written = true;
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
      await commit(this.#connection);
    } finally {
      this.#reset();
    }
    return 'committed';
  }

  /** @returns whether there was a transaction */
  async rollback(): Promise<boolean> {
    if (this.#status === 'idle') return false;
    this.#reset();
    await rollBack(this.#connection);
    return true;
  }

  /** A statement failed: an explicit transaction is lost, an implicit one ends at once. */
  async fail(): Promise<void> {
    if (this.#status === 'idle') return;
    if (this.#implicit) await this.rollback();
    else this.#status = 'failed';
  }

  /** The end of a message: an implicit transaction ends with it. */
  async sync(failed: boolean): Promise<void> {
    if (!this.#implicit || this.#status === 'idle') return;
    if (failed) await this.rollback();
    else await this.commit();
  }

  async #open(): Promise<void> {
    await this.#connection.run('BEGIN TRANSACTION');
    this.#status = 'in-transaction';
    this.#implicit = false;
    this.#written = false;
  }

  #reset(): void {
    this.#status = 'idle';
    this.#implicit = false;
    this.#written = false;
  }
}
