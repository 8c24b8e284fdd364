/** The failed inputs of recent statements, for the view `sqlens.inference_errors`. Bounded: the oldest go first. */
import type { SqlensError } from '../common/errors.ts';

export interface InferenceError {
  readonly at: Date;
  readonly queryId: string;
  readonly functionName: string;
  /** The URI, or what kind of input it was. */
  readonly input: string;
  readonly sqlState: string;
  readonly message: string;
}

const MAX_ERRORS = 10_000;

export class InferenceErrorLog {
  readonly #errors: InferenceError[] = [];
  #total = 0;

  get recent(): readonly InferenceError[] {
    return this.#errors;
  }

  /** All that were ever added, also those that are forgotten. */
  get total(): number {
    return this.#total;
  }

  add(queryId: string, functionName: string, input: string, error: SqlensError): void {
    this.#total++;
    if (this.#errors.length >= MAX_ERRORS) this.#errors.splice(0, MAX_ERRORS / 10);
    this.#errors.push({
      at: new Date(),
      queryId,
      functionName,
      input,
      sqlState: error.sqlState,
      message: error.message,
    });
  }
}
