/** Demand: the inputs that a pass found no answer for, without duplicates and within a budget. */
import type { Input } from './api.ts';
import { inputSize_bytes } from './input-size.ts';
import { ABSENT, KeyIndex } from './key-index.ts';

export interface DemandBudget {
  readonly count: number;
  readonly size_bytes: number;
}

/** Where budgets start. Small, because a LIMIT may be satisfied by the first rows; it doubles from pass to pass. */
export const FIRST_BUDGET: DemandBudget = { count: 512, size_bytes: 64 * 2 ** 20 };

const LAST_BUDGET: DemandBudget = { count: 1 << 20, size_bytes: 512 * 2 ** 20 };

export function nextBudget(budget: DemandBudget): DemandBudget {
  return {
    count: Math.min(budget.count * 2, LAST_BUDGET.count),
    size_bytes: Math.min(budget.size_bytes * 2, LAST_BUDGET.size_bytes),
  };
}

/** What an input takes beside its own bytes. */
const HELD_BYTES = 100;

export class Demand {
  readonly inputs: Input[] = [];
  /** The 128-bit key of input i stands at words 4i … 4i + 3. */
  #keys = new Uint32Array(64 * 4);
  readonly durable: boolean[] = [];
  readonly parameters: (number | undefined)[] = [];
  readonly #seen = new KeyIndex();
  readonly #budget: DemandBudget;
  #size_bytes = 0;
  /** Set once the budget is used up: the pass goes on, but asks for nothing more. */
  #full = false;

  constructor(budget: DemandBudget) {
    this.#budget = budget;
  }

  get count(): number {
    return this.inputs.length;
  }

  get keys(): Uint32Array {
    return this.#keys;
  }

  get full(): boolean {
    return this.#full;
  }

  has(words: Uint32Array, offset: number): boolean {
    return this.#seen.get(words, offset) !== ABSENT;
  }

  add(
    words: Uint32Array,
    offset: number,
    input: Input,
    durable: boolean,
    parameter: number | undefined,
  ): void {
    const at = this.inputs.length;
    if (this.#keys.length < (at + 1) * 4) {
      const grown = new Uint32Array(this.#keys.length * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    this.#keys.set(words.subarray(offset, offset + 4), at * 4);
    this.#seen.set(words, offset, at);
    this.inputs.push(input);
    this.durable.push(durable);
    this.parameters.push(parameter);
    this.#size_bytes += HELD_BYTES + inputSize_bytes(input);
    this.#full = this.inputs.length >= this.#budget.count || this.#size_bytes >= this.#budget.size_bytes;
  }
}
