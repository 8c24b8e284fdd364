/** Rows of a running statement on their way to the client, no faster than it reads. */
import { setImmediate } from 'node:timers/promises';
import type { Execution, RowBatch, RowsExecution } from '../../query/api.ts';
import { DataRows, rowBuffer_bytes } from '../codec/data-rows.ts';
import type { Output } from '../output.ts';
import type { ColumnWriter } from './columns.ts';

/** Other connections get their turn so often while rows are written; a small query of theirs takes half a dozen turns. */
const slice_ms = 2;

export interface Sent {
  readonly rowCount: number;
  /** False: the limit was reached, and more may come. */
  readonly ended: boolean;
}

/** An execution together with how its rows are written. */
export interface PortalStream {
  readonly execution: Execution;
  /**
   * Sends rows until the end or the limit. At the limit nothing more is fetched, so that it is not known, as in
   * PostgreSQL, whether rows are left.
   *
   * @param maxRows 0: no limit
   * @throws whatever the statement fails with; the rows before are in `output`
   */
  send(output: Output, maxRows: number): Promise<Sent>;
}

export class RowStream implements PortalStream {
  readonly execution: RowsExecution;
  readonly #writers: readonly ColumnWriter[];
  #batch: RowBatch | undefined;
  #row = 0;

  constructor(execution: RowsExecution, writers: readonly ColumnWriter[]) {
    this.execution = execution;
    this.#writers = writers;
  }

  async send(output: Output, maxRows: number): Promise<Sent> {
    const rows = new DataRows();
    let rowCount = 0;
    let sliceStart_ms = performance.now();
    try {
      for (;;) {
        if (maxRows > 0 && rowCount >= maxRows) return { rowCount, ended: false };
        const batch = await this.#currentBatch();
        if (batch === undefined) return { rowCount, ended: true };
        this.#writeRow(batch, rows);
        rowCount++;
        if (rows.size_bytes >= rowBuffer_bytes) {
          output.sendBytes(rows.take());
          await output.flush();
        }
        if (performance.now() - sliceStart_ms > slice_ms) {
          await setImmediate();
          sliceStart_ms = performance.now();
        }
      }
    } finally {
      if (rows.size_bytes > 0) output.sendBytes(rows.take());
    }
  }

  /** The batch that holds the next row, undefined at the end. */
  async #currentBatch(): Promise<RowBatch | undefined> {
    while (this.#batch === undefined || this.#row >= this.#batch.rowCount) {
      this.#batch = await this.execution.next();
      this.#row = 0;
      if (this.#batch === undefined) return undefined;
    }
    return this.#batch;
  }

  #writeRow(batch: RowBatch, rows: DataRows): void {
    rows.beginRow(this.#writers.length);
    try {
      this.#writers.forEach((write, column) => {
        write(batch.columns[column]?.[this.#row] ?? null, rows);
      });
    } catch (error) {
      rows.abandonRow();
      throw error;
    }
    rows.endRow();
    this.#row++;
  }
}
