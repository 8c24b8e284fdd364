/** One statement on its way: its entry in the query log, its answers, the transaction that its passes share. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { type Pass, QueryAnswering } from '../../../udf-registry/pass.ts';
import { commit, rollBack } from '../session/roll-back.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { RunningQuery } from './query-log.ts';

export class QueryRun {
  readonly answering: QueryAnswering;
  readonly running: RunningQuery;
  readonly #context: SessionContext;
  readonly #atEnd: (() => void)[] = [];
  #ownsTransaction = false;
  #finished = false;

  constructor(context: SessionContext, text: string) {
    const id = context.engine.queries.nextId(context.sessionId);
    this.#context = context;
    this.answering = new QueryAnswering({
      queryId: id,
      signal: context.signal,
      onError: context.settings.get('sqlens.on_error') === 'fail' ? 'fail' : 'null',
      tell: (message) =>
        context.notice({
          severity: 'NOTICE',
          error: new SqlensError({ sqlState: SqlState.successfulCompletion, message }),
          isProgress: true,
        }),
    });
    this.running = context.engine.queries.start({
      id,
      sessionId: context.sessionId,
      user: context.user,
      text,
      startedAt: new Date(),
      inferred_count: () => this.answering.inferred_count,
      cancel: context.cancel,
    });
  }

  get ownsTransaction(): boolean {
    return this.#ownsTransaction;
  }

  /** All passes of a statement see one snapshot: without a transaction of the user's, it gets one of its own. */
  async beginOwn(): Promise<void> {
    if (this.#context.transaction.isOpen || this.#ownsTransaction) return;
    await this.#context.connection.run('BEGIN TRANSACTION');
    this.#ownsTransaction = true;
  }

  /** After a failed pass: DuckDB lets an aborted transaction do nothing more. */
  async restartOwn(): Promise<void> {
    if (!this.#ownsTransaction) return;
    await rollBack(this.#context.connection);
    await this.#context.connection.run('BEGIN TRANSACTION');
  }

  onFinish(callback: () => void): void {
    this.#atEnd.push(callback);
  }

  /** What describing the statement listed need not be listed again. */
  takeListings(described: QueryAnswering | undefined): void {
    for (const [patterns, listing] of described?.listings ?? [])
      this.answering.listings.set(patterns, listing);
    described?.listings.clear();
  }

  /** Tells how many inputs of the pass that gave the rows had failed. */
  warn(pass: Pass): void {
    const count = pass.failureCount;
    if (count === 0) return;
    this.#context.notice({
      severity: 'WARNING',
      error: new SqlensError({
        sqlState: SqlState.warning,
        message: `${count} ${count === 1 ? 'input' : 'inputs'} could not be answered: the result is NULL there`,
        hint: `SELECT input, message FROM sqlens.inference_errors WHERE query_id = '${this.answering.queryId}'`,
      }),
    });
  }

  /**
   * Commits or rolls back the statement's own transaction and leaves the query log; idempotent.
   * @param level statements by the thousand a second are not worth a line each
   */
  async finish(failed: boolean, level: 'info' | 'debug' = 'info'): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    for (const callback of this.#atEnd) callback();
    this.answering.release();
    try {
      if (this.#ownsTransaction) {
        if (failed) await rollBack(this.#context.connection);
        else await commit(this.#context.connection);
      }
    } finally {
      const { engine } = this.#context;
      engine.queries.finish(this.running.id, failed);
      engine.options.logger[level](
        {
          query: this.running.id,
          user: this.running.user,
          failed,
          duration_ms: Math.round(this.running.duration_ms()),
          passes: this.running.pass,
          inferred: this.answering.inferred_count,
          text: this.running.text.slice(0, 500),
        },
        'query',
      );
    }
  }
}
