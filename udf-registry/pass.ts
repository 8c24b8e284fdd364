/**
 * Passes: one run of a statement through DuckDB. Functions that need inference only look up; what they do with a
 * missing answer depends on the pass they are called in, found by the connection that the call belongs to.
 */
import { SqlensError, SqlState } from '../common/errors.ts';
import { type AnswerStore, QueryAnswers } from './answers.ts';
import type { DemandBudget } from './demand.ts';
import { ABSENT, KeyIndex } from './key-index.ts';
import type { Listing } from './listing.ts';

/** What a function, scalar or table, must have to take part in passes. */
export interface AskingFunction {
  /** DuckDB's name of the internal function ("__model_7"). */
  readonly internalName: string;
  /** The name people call. */
  readonly displayName: string;
  /** Whether it may ask in a describing pass: listing a location reads no pixel and runs no model. */
  readonly asksWhileDescribing: boolean;
  /**
   * Gets the answers that the function asked for in a pass to where its next calls find them.
   * Rejects when the statement cannot go on: cancelled, or the model cannot run.
   */
  satisfy(pass: Pass): Promise<void>;
}

/**
 * describe: nothing is noted, missing answers are NULL (Describe, EXPLAIN);
 * ask: missing answers are noted and NULL;
 * answer: a missing answer is an error (its rows go to the client or into a table).
 */
export type PassMode = 'describe' | 'ask' | 'answer';

/** A statement that is being answered: lives over all its passes. */
export class QueryAnswering {
  readonly queryId: string;
  readonly signal: AbortSignal;
  /** What to do with an input that fails: NULL and a WARNING, or an error. */
  readonly onError: 'null' | 'fail';
  readonly #answers = new Map<AnswerStore, QueryAnswers>();
  /** What locations hold, by the patterns that the statement lists. */
  readonly listings = new Map<string, Listing>();
  /** Nothing of it runs or is shown: it is prepared for the sake of its types. */
  readonly isDescribed: boolean;
  /** Tells the client, as a NOTICE, what takes a while. */
  readonly tell: (message: string) => void;
  /** Inputs that were given to workers for this statement: answers that were there already do not count. */
  inferred_count = 0;

  constructor(options: {
    queryId: string;
    signal: AbortSignal;
    onError: 'null' | 'fail';
    tell?: (message: string) => void;
    isDescribed?: boolean;
  }) {
    this.queryId = options.queryId;
    this.signal = options.signal;
    this.onError = options.onError;
    this.isDescribed = options.isDescribed ?? false;
    this.tell = options.tell ?? (() => undefined);
  }

  answersOf(store: AnswerStore): QueryAnswers {
    let answers = this.#answers.get(store);
    if (answers === undefined) {
      answers = new QueryAnswers(store);
      this.#answers.set(store, answers);
    }
    return answers;
  }

  release(): void {
    for (const answers of this.#answers.values()) answers.release();
    this.#answers.clear();
  }
}

export class Pass {
  readonly query: QueryAnswering;
  readonly mode: PassMode;
  readonly budget: DemandBudget;
  /** The function that asks in this pass. While it has demand, later ones note nothing: they would see our NULLs. */
  #asking: AskingFunction | undefined;
  /** Functions that were bound: a statement without any needs no passes. */
  readonly bound = new Set<AskingFunction>();
  /** What a function threw: DuckDB carries only its message to the surface. */
  thrown: SqlensError | undefined;
  /** Keys of the failed inputs that this pass looked up. */
  readonly #failures = new KeyIndex();

  constructor(query: QueryAnswering, mode: PassMode, budget: DemandBudget) {
    this.query = query;
    this.mode = mode;
    this.budget = budget;
  }

  /** The function with demand; a pass that ends without one has seen every answer it needed. */
  get asking(): AskingFunction | undefined {
    return this.#asking;
  }

  /** How many distinct failed inputs this pass looked up: what the statement's WARNING counts. */
  get failureCount(): number {
    return this.#failures.count;
  }

  sawFailure(words: Uint32Array, offset: number): void {
    if (this.#failures.get(words, offset) === ABSENT) this.#failures.set(words, offset, 0);
  }

  /**
   * Whether a function may note a missing answer in this pass; the first that asks is the only one.
   * @throws 40001 in an answering pass, which must not miss anything
   */
  claim(fn: AskingFunction): boolean {
    switch (this.mode) {
      case 'describe':
        if (!fn.asksWhileDescribing) return false;
        this.#asking ??= fn;
        return this.#asking === fn;
      case 'answer':
        throw new MissingAnswerError(fn.displayName);
      case 'ask':
        this.#asking ??= fn;
        return this.#asking === fn;
    }
  }
}

/** An answering pass met an input that no earlier pass had asked for. */
export class MissingAnswerError extends SqlensError {
  constructor(functionName: string) {
    super({
      sqlState: SqlState.serializationFailure,
      message: `the inputs of ${functionName} changed while the statement ran`,
      hint: 'Run the statement again.',
    });
  }
}

/** Which pass each connection runs now; internal functions find theirs here. */
export class PassTable {
  readonly #byConnection = new Map<number, Pass>();

  begin(connectionId: number, pass: Pass): void {
    this.#byConnection.set(connectionId, pass);
  }

  end(connectionId: number): void {
    this.#byConnection.delete(connectionId);
  }

  of(connectionId: number): Pass | undefined {
    return this.#byConnection.get(connectionId);
  }
}
