/** Whether a session has objects that nobody else sees: temporary ones, and those of its open transaction. */
import type { Token } from '../text/tokens.ts';

const TEMPORARY = /^(temp|temporary|pg_temp)$/i;

export class OwnObjects {
  /** Something was defined in the open transaction. */
  #isDefining = false;
  #hasTemporary = false;
  /** Definitions, and ends of transactions behind them. */
  #count = 0;

  get mayExist(): boolean {
    return this.#isDefining || this.#hasTemporary;
  }

  /** Another number whenever what only this session sees may have changed; 0 while there can be nothing. */
  get stamp(): number {
    return this.mayExist ? this.#count : 0;
  }

  noteDefinition(tokens: readonly Token[]): void {
    this.#isDefining = true;
    this.#count++;
    this.#hasTemporary ||= tokens.some(({ value }) => TEMPORARY.test(value));
  }

  /** To be called when no transaction is open. @returns whether something was defined in the last one */
  settle(): boolean {
    if (!this.#isDefining) return false;
    this.#isDefining = false;
    this.#count++;
    return true;
  }
}
