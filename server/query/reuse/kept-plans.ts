/**
 * Statements that DuckDB has prepared, kept for their next execution: planning is half of what a small statement costs.
 * Only statements that ask nothing, and only while nothing changes, neither definitions nor settings nor a single row:
 * a plan holds what was known of the data, and a table that had no NULLs, or none above 900, is not looked at for them.
 */
import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import type { Definitions } from './definitions.ts';

/** Of all sessions. A plan of a small statement takes some tens of kilobytes. */
const MAX_PLANS = 512;
/** Of one session. */
const MAX_OWN_PLANS = 24;
/** Long statements have large plans, and planning them is not what they cost. */
const MAX_TEXT_LENGTH = 4_000;

interface Plan {
  readonly text: string;
  readonly stamp: string;
  readonly prepared: DuckDBPreparedStatement;
  readonly owner: KeptPlans;
}

/** The plans of all sessions, those used last at the end. One that is in use is not among them. */
export class PlanStore {
  readonly definitions: Definitions;
  readonly #plans = new Set<Plan>();

  constructor(definitions: Definitions) {
    this.definitions = definitions;
  }

  add(plan: Plan): void {
    this.#plans.add(plan);
    const [oldest] = this.#plans;
    if (this.#plans.size > MAX_PLANS) oldest?.owner.drop(oldest);
  }

  delete(plan: Plan): void {
    this.#plans.delete(plan);
  }
}

/** Those of one session's connection. */
export class KeptPlans {
  readonly #store: PlanStore;
  readonly #stamp: () => string | undefined;
  readonly #plans = new Map<string, Plan>();

  /**
   * @param stamp another one whenever rows, definitions or the session's settings have changed; undefined while somebody
   *   changes them
   */
  constructor(store: PlanStore, stamp: () => string | undefined) {
    this.#store = store;
    this.#stamp = stamp;
  }

  get stamp(): string | undefined {
    return this.#stamp();
  }

  /** @returns a prepared statement of that text, which is the caller's from now on */
  take(text: string): DuckDBPreparedStatement | undefined {
    const plan = this.#plans.get(text);
    if (plan === undefined) return undefined;
    this.#remove(plan);
    if (plan.stamp === this.#stamp()) return plan.prepared;
    plan.prepared.destroySync();
    return undefined;
  }

  /**
   * Keeps a prepared statement, or destroys it.
   * @param stamp from before it was prepared
   */
  keep(text: string, prepared: DuckDBPreparedStatement, stamp: string | undefined): void {
    const lasts =
      stamp !== undefined &&
      text.length <= MAX_TEXT_LENGTH &&
      stamp === this.#stamp() &&
      !this.#plans.has(text) &&
      this.#store.definitions.lastsWhilePlanned(text);
    if (!lasts) {
      prepared.destroySync();
      return;
    }
    const plan = { text, stamp, prepared, owner: this };
    this.#plans.set(text, plan);
    this.#store.add(plan);
    const [oldest] = this.#plans.values();
    if (this.#plans.size > MAX_OWN_PLANS && oldest !== undefined) this.drop(oldest);
  }

  drop(plan: Plan): void {
    this.#remove(plan);
    plan.prepared.destroySync();
  }

  clear(): void {
    for (const plan of [...this.#plans.values()]) this.drop(plan);
  }

  #remove(plan: Plan): void {
    this.#plans.delete(plan.text);
    this.#store.delete(plan);
  }
}
