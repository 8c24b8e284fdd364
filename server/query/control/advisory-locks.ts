/**
 * Advisory locks: names that applications agree on, held by sessions or transactions. Migration tools take one around
 * their work. A waiter is told when its turn comes, in order; deadlocks are found when a wait would close a circle.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { TransactionPart } from '../session/transaction.ts';

export type LockMode = 'exclusive' | 'shared';

/** Locks that one session may hold. */
const MAX_HELD = 10_000;

interface Waiter {
  readonly owner: AdvisoryLocks;
  readonly mode: LockMode;
  readonly granted: () => void;
}

interface Lock {
  /** How often each session holds it, by mode. */
  readonly holders: Map<AdvisoryLocks, Record<LockMode, number>>;
  readonly waiters: Waiter[];
}

export class AdvisoryLockTable {
  readonly #locks = new Map<string, Lock>();

  /** @returns whether the lock was free for it */
  tryLock(key: string, owner: AdvisoryLocks, mode: LockMode): boolean {
    const lock = this.#locks.get(key) ?? { holders: new Map(), waiters: [] };
    const mine = lock.holders.get(owner);
    const holdsEnough = mine !== undefined && (mine.exclusive > 0 || mode === 'shared');
    // Who waits already comes first, unless the session has the lock and only counts it up.
    if (!holdsEnough && (lock.waiters.length > 0 || isBlocked(lock, owner, mode))) return false;
    this.#grant(key, lock, owner, mode);
    return true;
  }

  /**
   * @throws 40P01 when two sessions would wait for each other, the signal's reason when the wait is cancelled
   */
  async lock(key: string, owner: AdvisoryLocks, mode: LockMode, signal: AbortSignal): Promise<void> {
    if (this.tryLock(key, owner, mode)) return;
    const lock = this.#locks.get(key);
    if (lock === undefined) return this.lock(key, owner, mode, signal);
    if (this.#wouldDeadlock(key, owner)) {
      throw new SqlensError({
        sqlState: SqlState.deadlockDetected,
        message: 'deadlock detected',
        detail: `The session waits for advisory lock ${key}, and the session that holds it waits for this one.`,
        hint: 'Take locks in the same order everywhere.',
      });
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        owner,
        mode,
        granted: () => {
          signal.removeEventListener('abort', cancel);
          resolve();
        },
      };
      const cancel = () => {
        const at = lock.waiters.indexOf(waiter);
        if (at >= 0) lock.waiters.splice(at, 1);
        this.#wake(key, lock);
        reject(signal.reason);
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', cancel, { once: true });
      lock.waiters.push(waiter);
    });
  }

  /** @returns whether the session held it */
  unlock(key: string, owner: AdvisoryLocks, mode: LockMode): boolean {
    const lock = this.#locks.get(key);
    const mine = lock?.holders.get(owner);
    if (lock === undefined || mine === undefined || mine[mode] === 0) return false;
    mine[mode]--;
    if (mine.exclusive === 0 && mine.shared === 0) lock.holders.delete(owner);
    this.#wake(key, lock);
    return true;
  }

  #grant(key: string, lock: Lock, owner: AdvisoryLocks, mode: LockMode): void {
    const mine = lock.holders.get(owner) ?? { exclusive: 0, shared: 0 };
    mine[mode]++;
    lock.holders.set(owner, mine);
    this.#locks.set(key, lock);
  }

  #wake(key: string, lock: Lock): void {
    for (let next = lock.waiters[0]; next !== undefined; next = lock.waiters[0]) {
      if (isBlocked(lock, next.owner, next.mode)) break;
      lock.waiters.shift();
      this.#grant(key, lock, next.owner, next.mode);
      next.granted();
    }
    if (lock.holders.size === 0 && lock.waiters.length === 0) this.#locks.delete(key);
  }

  /** Whether somebody who would be waited for waits, by however many steps, for the session itself. */
  #wouldDeadlock(key: string, owner: AdvisoryLocks): boolean {
    const seen = new Set<AdvisoryLocks>();
    const blockers = [...(this.#locks.get(key)?.holders.keys() ?? [])].filter((holder) => holder !== owner);
    for (let next = blockers.pop(); next !== undefined; next = blockers.pop()) {
      if (next === owner) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      for (const lock of this.#locks.values()) {
        if (lock.waiters.some((waiter) => waiter.owner === next)) blockers.push(...lock.holders.keys());
      }
    }
    return false;
  }
}

function isBlocked(lock: Lock, owner: AdvisoryLocks, mode: LockMode): boolean {
  for (const [holder, { exclusive }] of lock.holders) {
    if (holder !== owner && (mode === 'exclusive' || exclusive > 0)) return true;
  }
  return false;
}

interface Held {
  readonly key: string;
  readonly mode: LockMode;
}

/** The advisory locks of one session: its own until it unlocks them, its transaction's until that ends. */
export class AdvisoryLocks implements TransactionPart {
  readonly #table: AdvisoryLockTable;
  readonly #session: Held[] = [];
  readonly #transaction: Held[] = [];

  constructor(table: AdvisoryLockTable) {
    this.#table = table;
  }

  tryLock(key: string, mode: LockMode, scope: 'session' | 'transaction'): boolean {
    this.#checkRoom();
    const locked = this.#table.tryLock(key, this, mode);
    if (locked) this.#held(scope).push({ key, mode });
    return locked;
  }

  async lock(
    key: string,
    mode: LockMode,
    scope: 'session' | 'transaction',
    signal: AbortSignal,
  ): Promise<void> {
    this.#checkRoom();
    await this.#table.lock(key, this, mode, signal);
    this.#held(scope).push({ key, mode });
  }

  /** @returns whether the session (not its transaction) held it */
  unlock(key: string, mode: LockMode): boolean {
    const at = this.#session.findLastIndex((held) => held.key === key && held.mode === mode);
    if (at < 0) return false;
    this.#session.splice(at, 1);
    return this.#table.unlock(key, this, mode);
  }

  unlockAll(): void {
    this.#release(this.#session, 0);
  }

  mark(): () => Promise<void> {
    const count = this.#transaction.length;
    return async () => this.#release(this.#transaction, count);
  }

  async ended(): Promise<void> {
    this.#release(this.#transaction, 0);
  }

  close(): void {
    this.#release(this.#transaction, 0);
    this.#release(this.#session, 0);
  }

  #held(scope: 'session' | 'transaction'): Held[] {
    return scope === 'session' ? this.#session : this.#transaction;
  }

  #release(held: Held[], from: number): void {
    for (const { key, mode } of held.splice(from)) this.#table.unlock(key, this, mode);
  }

  #checkRoom(): void {
    if (this.#session.length + this.#transaction.length < MAX_HELD) return;
    throw new SqlensError({
      sqlState: SqlState.configurationLimitExceeded,
      message: `a session may hold at most ${MAX_HELD} advisory locks`,
      hint: 'Unlock those that are no longer needed.',
    });
  }
}
