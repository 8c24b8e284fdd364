/**
 * Slows guessing down: an address that has failed several times must wait before it may try again, longer each time.
 * It is refused meanwhile, not made to wait, so that a guesser does not fill the server's places.
 *
 * What is counted are proofs that were wrong. A client that breaks off when it is asked for a password (psql, before
 * it prompts) counts nothing: it learnt nothing.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { SqlState } from '../../../common/errors.ts';
import { isLoopback } from '../../../common/loopback.ts';
import { FatalProtocolError } from '../codec/protocol-error.ts';

export interface LoginPatience {
  /** Failures after which an address must wait. */
  readonly threshold: number;
  /** The first wait; it doubles with each further failure. */
  readonly firstDelay_ms: number;
  readonly maxDelay_ms: number;
}

/** A mistyped password counts twice with libpq's sslmode=prefer, which tries again without encryption. */
const strict: LoginPatience = { threshold: 10, firstDelay_ms: 1_000, maxDelay_ms: 60_000 };
/** On this machine whole teams may share one address (a pooler, containers), and whoever is here could do worse. */
const gentle: LoginPatience = { threshold: 20, firstDelay_ms: 250, maxDelay_ms: 5_000 };
/** So long after its last failure an address has a clean slate. */
const memory_ms = 10 * 60_000;
const maxAddresses = 10_000;

interface Entry {
  failures: number;
  /** The one user name that was tried; undefined when there were several. */
  user: string | undefined;
  lastFailure_ms: number;
  blockedUntil_ms: number;
  /** Attempts under way. */
  pending: number;
}

/** An attempt that was let in. */
export interface LoginAttempt {
  failed(): void;
  succeeded(): void;
  /** It is over, whatever came of it; idempotent. */
  end(): void;
}

export class LoginAttempts {
  readonly #now_ms: () => number;
  readonly #maxAddresses: number;
  /** In the order of their last failures: the first is the first to be forgotten. */
  readonly #entries = new Map<string, Entry>();

  /** @param now_ms a clock that only goes forward */
  constructor(now_ms: () => number = () => performance.now(), max = maxAddresses) {
    this.#now_ms = now_ms;
    this.#maxAddresses = max;
  }

  /** Addresses that have failed lately. */
  get addressCount(): number {
    return this.#entries.size;
  }

  /**
   * Lets an attempt in.
   * @throws FatalProtocolError 53300 when the address must wait
   */
  begin(address: string, user: string): LoginAttempt {
    const key = networkOf(address);
    const entry = this.#find(key);
    if (entry !== undefined) {
      const wait_ms = entry.blockedUntil_ms - this.#now_ms();
      // Past the threshold an address tries one password at a time: else it would make many tries in one wait.
      const crowded = entry.failures >= patienceFor(address).threshold && entry.pending > 0;
      if (wait_ms > 0 || crowded) throw mustWait(Math.max(wait_ms, 1));
      entry.pending++;
    }
    let open = true;
    return {
      failed: () => this.#fail(key, user, patienceFor(address)),
      succeeded: () => this.#succeed(key, user),
      end: () => {
        if (open && entry !== undefined) entry.pending--;
        open = false;
      },
    };
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#now_ms() - entry.lastFailure_ms <= memory_ms) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #fail(key: string, user: string, patience: LoginPatience): void {
    const now_ms = this.#now_ms();
    const entry = this.#find(key) ?? { failures: 0, user, lastFailure_ms: 0, blockedUntil_ms: 0, pending: 0 };
    entry.failures++;
    if (entry.user !== user) entry.user = undefined;
    entry.lastFailure_ms = now_ms;
    const beyond = entry.failures - patience.threshold;
    if (beyond >= 0) {
      const delay_ms = Math.min(patience.maxDelay_ms, patience.firstDelay_ms * 2 ** Math.min(beyond, 30));
      entry.blockedUntil_ms = Math.max(entry.blockedUntil_ms, now_ms + delay_ms);
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxAddresses) break;
      this.#entries.delete(oldest);
    }
  }

  /** Only who failed is cleared by a success: else an account of one's own would buy tries at another's. */
  #succeed(key: string, user: string): void {
    if (this.#entries.get(key)?.user === user) this.#entries.delete(key);
  }
}

function patienceFor(address: string): LoginPatience {
  return isLoopback(address) ? gentle : strict;
}

/** What one client can choose its address from: an IPv4 address, or the /64 that an IPv6 host has to itself. */
export function networkOf(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIPv4(bare) || !isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...new Array<string>(missing).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function mustWait(wait_ms: number): FatalProtocolError {
  const seconds = Math.ceil(wait_ms / 1000);
  return new FatalProtocolError({
    sqlState: SqlState.tooManyConnections,
    message: 'too many failed login attempts from this address',
    hint: `Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, check the user name and the password, and try again.`,
  });
}
