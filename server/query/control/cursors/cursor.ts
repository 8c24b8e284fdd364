/**
 * A cursor: rows pulled as they are fetched, and a position among them. Row 1 is the first; position 0 is before it,
 * and one behind the last is the end. What FETCH and MOVE give is PostgreSQL's DoPortalRunFetch, as its manual has it.
 */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CatalogColumn, ResultColumn } from '../../api.ts';
import { type Batch, sliceBatch } from './batches.ts';
import type { RowStore } from './row-store.ts';

export type FetchPlan =
  | { readonly kind: 'forward' | 'backward'; readonly count: number }
  | { readonly kind: 'absolute' | 'relative'; readonly count: number };

/**
 * `scroll`: every row is kept. `no-scroll`: none. `as-possible`, when the declaration says neither: as long as they
 * fit into memory (PostgreSQL decides by the plan).
 */
export type Scrolling = 'scroll' | 'no-scroll' | 'as-possible';

/** Where the rows come from. */
export interface CursorSource {
  readonly kind: 'rows' | 'catalog';
  /** @param maxRows what is wanted; more may come */
  next(maxRows: number): Promise<Batch | undefined>;
  close(): Promise<void>;
}

export interface CursorOptions {
  readonly name: string;
  /** The whole DECLARE, for pg_cursors. */
  readonly text: string;
  readonly scrolling: Scrolling;
  readonly isHoldable: boolean;
  readonly isBinary: boolean;
  readonly execution: CursorSource;
  readonly columns: readonly ResultColumn[] | readonly CatalogColumn[];
  readonly store: RowStore;
  /** Ends what the cursor has of its own: its connection, its signal. */
  readonly release: () => Promise<void>;
  /** Interrupts what it runs now. */
  readonly interrupt: (reason: unknown) => void;
}

export class Cursor {
  readonly name: string;
  readonly text: string;
  readonly isHoldable: boolean;
  readonly isBinary: boolean;
  readonly kind: 'rows' | 'catalog';
  readonly columns: readonly ResultColumn[] | readonly CatalogColumn[];
  readonly declaredAt = new Date();
  readonly #options: CursorOptions;
  #scrolling: Scrolling;
  #state: 'open' | 'failed' | 'closed' = 'open';
  /** The row it is on. */
  #position = 0;
  /** Rows taken from the execution so far. */
  #taken = 0;
  /** The execution has no more rows. */
  #complete = false;
  /** The part of the last batch that nobody has fetched. */
  #left: Batch | undefined;

  constructor(options: CursorOptions) {
    this.name = options.name;
    this.text = options.text;
    this.isHoldable = options.isHoldable;
    this.isBinary = options.isBinary;
    this.kind = options.execution.kind;
    this.columns = options.columns;
    this.#scrolling = options.scrolling;
    this.#options = options;
  }

  get isScrollable(): boolean {
    return this.#scrolling !== 'no-scroll';
  }

  /** Where it stands, as FETCH 0 sees it. */
  get isOnRow(): boolean {
    return this.#position > 0 && this.#position <= this.#taken;
  }

  /** @throws 55000 after an error in it */
  assertUsable(): void {
    if (this.#state === 'open') return;
    throw new SqlensError({
      sqlState: SqlState.objectNotInPrerequisiteState,
      message: `portal "${this.name}" cannot be run`,
      hint: 'An error ended the cursor: DECLARE it again.',
    });
  }

  /** Nothing more comes of it, but its name stays taken. */
  fail(): void {
    if (this.#state === 'open') this.#state = 'failed';
  }

  interrupt(reason: unknown): void {
    this.#options.interrupt(reason);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#left = undefined;
    this.#options.store.close();
    await this.#options.execution.close().catch(() => undefined);
    await this.#options.release();
  }

  /**
   * Goes where the plan says, and gives the rows on the way that it asks for.
   * @throws 55000 backwards without SCROLL; whatever the statement fails with
   */
  async *fetch(plan: FetchPlan, isMove: boolean): AsyncGenerator<Batch> {
    this.assertUsable();
    switch (plan.kind) {
      case 'forward':
        return yield* this.#run(plan.count, isMove);
      case 'backward':
        return yield* this.#run(-plan.count, isMove);
      case 'absolute':
        return yield* this.#absolute(plan.count);
      case 'relative':
        return yield* this.#relative(plan.count, isMove);
    }
  }

  /** Forward when the count is positive, backward when it is negative; 0 is the row where it stands. */
  async *#run(count: number, isMove: boolean): AsyncGenerator<Batch> {
    if (count > 0) yield* this.#forward(count);
    else if (count < 0) yield* this.#backward(-count);
    else {
      const onRow = this.isOnRow;
      if (!isMove) this.#assertBackward();
      const row = onRow ? await this.#options.store.read(this.#position - 1, 1) : undefined;
      if (row !== undefined) yield row;
      else if (onRow) yield { rowCount: 1, columns: [] };
    }
  }

  async *#absolute(target: number): AsyncGenerator<Batch> {
    if (target > 0) {
      if (target <= this.#position) this.#assertBackward();
      yield* this.#goTo(target);
      return;
    }
    if (target === 0) {
      if (this.#position > 0) this.#assertBackward();
      this.#position = 0;
      return;
    }
    this.#assertBackward();
    await this.#skip(Number.POSITIVE_INFINITY);
    const row = this.#taken + 1 + target;
    if (row < 1) this.#position = 0;
    else yield* this.#goTo(row);
  }

  async *#relative(count: number, isMove: boolean): AsyncGenerator<Batch> {
    if (count === 0) return yield* this.#run(0, isMove);
    if (count > 0) {
      await this.#skip(count - 1);
      return yield* this.#forward(1);
    }
    this.#assertBackward();
    const target = this.#position + count;
    if (target < 1) this.#position = 0;
    else yield* this.#goTo(target);
  }

  async *#goTo(row: number): AsyncGenerator<Batch> {
    if (row <= this.#taken && this.isScrollable) {
      this.#position = row;
      const batch = await this.#options.store.read(row - 1, 1);
      if (batch !== undefined) yield batch;
      return;
    }
    await this.#skip(row - 1 - this.#position);
    yield* this.#forward(1);
  }

  async #skip(count: number): Promise<void> {
    for await (const _ of this.#forward(count));
  }

  async *#forward(count: number): AsyncGenerator<Batch> {
    let missing = count;
    while (missing > 0) {
      const batch = await this.#next(missing);
      if (batch === undefined) {
        this.#position = this.#taken + 1;
        return;
      }
      this.#position += batch.rowCount;
      missing -= batch.rowCount;
      yield batch;
    }
  }

  async *#backward(count: number): AsyncGenerator<Batch> {
    this.#assertBackward();
    let missing = count;
    while (missing > 0) {
      const batch = await this.#options.store.readBackward(this.#position - 1, missing);
      if (batch === undefined) {
        this.#position = 0;
        return;
      }
      this.#position -= batch.rowCount;
      missing -= batch.rowCount;
      yield batch;
    }
  }

  /** The rows behind the position, at most `count`; undefined when there are none. */
  async #next(count: number): Promise<Batch | undefined> {
    if (this.#position < this.#taken) return this.#options.store.read(this.#position, count);
    while (this.#left === undefined || this.#left.rowCount === 0) {
      if (this.#complete) return undefined;
      this.#left = await this.#options.execution.next(count);
      if (this.#left === undefined) this.#complete = true;
    }
    const batch = sliceBatch(this.#left, 0, count);
    this.#left =
      batch.rowCount < this.#left.rowCount
        ? sliceBatch(this.#left, batch.rowCount, this.#left.rowCount)
        : undefined;
    await this.#keep(batch);
    this.#taken += batch.rowCount;
    return batch;
  }

  async #keep(batch: Batch): Promise<void> {
    if (this.#scrolling === 'no-scroll') return;
    const { store } = this.#options;
    await store.append(batch);
    if (this.#scrolling === 'scroll' || store.isSmall) return;
    // Too many to be kept for somebody who has not asked for it.
    store.close();
    this.#scrolling = 'no-scroll';
  }

  #assertBackward(): void {
    if (this.#scrolling !== 'no-scroll') return;
    throw new SqlensError({
      sqlState: SqlState.objectNotInPrerequisiteState,
      message: 'cursor can only scan forward',
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }
}
