/** COPY … TO STDOUT: the rows of a query, pulled as the client takes them. */
import type { CopyOutExecution, ResultColumn, RowBatch, RowsExecution } from '../api.ts';
import { isOpenRows, type OpenRows } from '../run/executions.ts';
import type { StatementTimer } from '../session/statement-timer.ts';
import type { CopyOptions } from './options.ts';

export class CopyOut implements CopyOutExecution, OpenRows {
  readonly kind = 'copy-out';
  readonly columns = undefined;
  readonly options: CopyOptions;
  readonly #rows: RowsExecution;
  readonly #open: OpenRows | undefined;
  #rowCount = 0;

  constructor(rows: RowsExecution, options: CopyOptions) {
    this.#rows = rows;
    this.#open = isOpenRows(rows) ? rows : undefined;
    this.options = options;
  }

  get copied(): readonly ResultColumn[] {
    return this.#rows.columns ?? [];
  }

  get commandTag(): string {
    return `COPY ${this.#rowCount}`;
  }

  get isOpen(): boolean {
    return this.#open?.isOpen ?? false;
  }

  get isPulling(): boolean {
    return this.#open?.isPulling ?? false;
  }

  get timer(): StatementTimer | undefined {
    return this.#open?.timer;
  }

  set timer(timer: StatementTimer | undefined) {
    if (this.#open !== undefined) this.#open.timer = timer;
  }

  async next(): Promise<RowBatch | undefined> {
    const batch = await this.#rows.next();
    this.#rowCount += batch?.rowCount ?? 0;
    return batch;
  }

  release(): void {
    this.#rows.release?.();
  }

  async spool(): Promise<void> {
    await this.#open?.spool();
  }

  close(): Promise<void> {
    return this.#rows.close();
  }
}
