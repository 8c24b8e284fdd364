/** FETCH: rows of a cursor on their way to the client, read no faster than it takes them. */
import type { CatalogColumn, DataRowBatch, ResultColumn, RowBatch } from '../../api.ts';
import type { OpenRows } from '../../run/executions.ts';
import type { StatementTimer } from '../../session/statement-timer.ts';
import type { Batch } from './batches.ts';
import type { Cursor, FetchPlan } from './cursor.ts';
import type { RowStore } from './row-store.ts';

export interface FetchOptions {
  readonly cursor: Cursor;
  readonly plan: FetchPlan;
  readonly signal: AbortSignal;
  /** Where rows go when another statement begins before the client has taken them. */
  readonly spool: RowStore;
  /** The transaction fails with the cursor. */
  readonly failed: () => Promise<void>;
}

/** What both kinds of rows share; `B` is the cursor's kind of batch. */
abstract class Fetching<B extends Batch> implements OpenRows {
  timer: StatementTimer | undefined;
  readonly #options: FetchOptions;
  readonly #rows: AsyncGenerator<Batch>;
  #rowCount = 0;
  #ended = false;
  #pulling = false;
  #spooled = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#rows = options.cursor.fetch(options.plan, false);
  }

  get isBinary(): boolean {
    return this.#options.cursor.isBinary;
  }

  get commandTag(): string {
    return `FETCH ${this.#rowCount}`;
  }

  get isOpen(): boolean {
    return !this.#ended;
  }

  get isPulling(): boolean {
    return this.#pulling;
  }

  protected abstract own(batch: Batch): B | undefined;

  async next(): Promise<B | undefined> {
    const batch = (await this.#unspooled()) ?? (await this.#pull());
    if (batch === undefined) return undefined;
    this.#rowCount += batch.rowCount;
    return this.own(batch);
  }

  async spool(): Promise<void> {
    for (let batch = await this.#pull(); batch !== undefined; batch = await this.#pull()) {
      await this.#options.spool.append(batch);
    }
  }

  /** The cursor stands where the whole FETCH would have left it, whoever reads its rows. */
  async close(): Promise<void> {
    while ((await this.#pull().catch(() => undefined)) !== undefined);
    this.#options.spool.close();
  }

  async #unspooled(): Promise<Batch | undefined> {
    const { spool } = this.#options;
    if (this.#spooled >= spool.rowCount) return undefined;
    const batch = await spool.read(this.#spooled, Number.MAX_SAFE_INTEGER);
    this.#spooled += batch?.rowCount ?? 0;
    return batch;
  }

  /** One pull at a time, whoever asks: the client, or the statement that comes next. */
  async #pull(): Promise<Batch | undefined> {
    const pulled = this.#tail.then(async () => {
      if (this.#ended) return undefined;
      const { cursor, signal, failed } = this.#options;
      const interrupt = () => cursor.interrupt(signal.reason);
      this.#pulling = true;
      this.timer?.start();
      signal.addEventListener('abort', interrupt);
      try {
        signal.throwIfAborted();
        const { value, done } = await this.#rows.next();
        if (done === true) this.#ended = true;
        return done === true ? undefined : value;
      } catch (error) {
        this.#ended = true;
        cursor.fail();
        await failed();
        throw signal.aborted ? signal.reason : error;
      } finally {
        signal.removeEventListener('abort', interrupt);
        this.#pulling = false;
        this.timer?.stop();
      }
    });
    this.#tail = pulled.catch(() => undefined);
    return pulled;
  }
}

export class RowsFetch extends Fetching<RowBatch> {
  readonly kind = 'rows';
  readonly columns: readonly ResultColumn[];

  constructor(options: FetchOptions, columns: readonly ResultColumn[]) {
    super(options);
    this.columns = columns;
  }

  protected own(batch: Batch): RowBatch | undefined {
    return 'columns' in batch ? batch : undefined;
  }
}

export class CatalogFetch extends Fetching<DataRowBatch> {
  readonly kind = 'catalog';
  readonly columns: readonly CatalogColumn[];

  constructor(options: FetchOptions, columns: readonly CatalogColumn[]) {
    super(options);
    this.columns = columns;
  }

  protected own(batch: Batch): DataRowBatch | undefined {
    return 'messages' in batch ? batch : undefined;
  }
}
