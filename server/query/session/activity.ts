/** What a session is doing, as pg_stat_activity tells it. */
import type { SessionActivity } from '../../catalog/api.ts';
import type { SessionStart, TransactionStatus } from '../api.ts';

/** As PostgreSQL's track_activity_query_size. */
const MAX_QUERY_CHARACTERS = 1024;

export class Activity {
  readonly #start: SessionStart;
  readonly #startedAt = new Date();
  #query = '';
  #isActive = false;
  #queryStartedAt: Date | undefined;
  #stateChangedAt = this.#startedAt;
  #transactionStartedAt: Date | undefined;

  constructor(start: SessionStart) {
    this.#start = start;
  }

  began(query: string, transaction: TransactionStatus): void {
    this.#query = query.slice(0, MAX_QUERY_CHARACTERS);
    this.#isActive = true;
    const now = new Date();
    this.#queryStartedAt = now;
    this.#stateChangedAt = now;
    if (transaction === 'idle' || this.#transactionStartedAt === undefined) this.#transactionStartedAt = now;
  }

  ended(transaction: TransactionStatus): void {
    this.#isActive = false;
    this.#stateChangedAt = new Date();
    if (transaction === 'idle') this.#transactionStartedAt = undefined;
  }

  snapshot(transaction: TransactionStatus, applicationName: string): SessionActivity {
    const { processId, user, role, remoteAddress, socket } = this.#start;
    return {
      processId,
      user,
      role,
      applicationName,
      remoteAddress,
      remotePort: socket?.remotePort,
      startedAt: this.#startedAt,
      transactionStartedAt: this.#transactionStartedAt,
      queryStartedAt: this.#queryStartedAt,
      stateChangedAt: this.#stateChangedAt,
      state: this.#isActive ? 'active' : idleStates[transaction],
      query: this.#query,
    };
  }
}

const idleStates = {
  idle: 'idle',
  'in-transaction': 'idle in transaction',
  failed: 'idle in transaction (aborted)',
} as const;
