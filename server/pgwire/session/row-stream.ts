/** Rows of a running statement on their way to the client, no faster than it reads. */
import { setImmediate } from 'node:timers/promises';
import type { Execution, RowBatch, RowsExecution } from '../../query/api.ts';
import { type Batch, sliceBatch } from '../../query/control/cursors/batches.ts';
import { DataRows, rowBuffer_bytes } from '../codec/data-rows.ts';
import type { Output } from '../output.ts';
import type { ColumnWriter, ValueWriter } from './columns.ts';

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

  /** Rows that go elsewhere instead, as many as there are at hand; undefined at the end. */
  take(maxRows: number): Promise<Batch | undefined>;
}

/** Rows between two looks at the clock. */
const rowsPerLook = 32;

/**
 * What the engine holds while nobody reads: it makes rows by the vector, and has two or three of them at hand.
 *
 * @param row_bytes of a typical row
 */
export function heldByEngine_bytes(row_bytes: number): number {
  return row_bytes * vectorRows * 2;
}

const vectorRows = 2048;

export class RowStream implements PortalStream {
  readonly execution: RowsExecution;
  readonly #columns: readonly ColumnWriter[];
  /** Of the batch in work. */
  #writers: readonly ValueWriter[] = [];
  #batch: RowBatch | undefined;
  /** Others have rows of some batch. */
  #isShared = false;
  #rowCount = 0;
  #row = 0;

  constructor(execution: RowsExecution, columns: readonly ColumnWriter[]) {
    this.execution = execution;
    this.#columns = columns;
  }

  async send(output: Output, maxRows: number): Promise<Sent> {
    const rows = new DataRows();
    let rowCount = 0;
    let sent_bytes = 0;
    let sliceStart_ms = performance.now();
    try {
      for (;;) {
        if (maxRows > 0 && rowCount >= maxRows) return { rowCount, ended: false };
        if (this.#row >= this.#rowCount && !(await this.#nextBatch())) return { rowCount, ended: true };
        rowCount += this.#writeRows(rows, maxRows > 0 ? maxRows - rowCount : rowsPerLook);
        if (rows.size_bytes >= rowBuffer_bytes) {
          sent_bytes += rows.size_bytes;
          output.sendBytes(rows.take());
          await output.flush(heldByEngine_bytes(sent_bytes / Math.max(rowCount, 1)));
        }
        if (performance.now() - sliceStart_ms > slice_ms) {
          await setImmediate();
          sliceStart_ms = performance.now();
        }
      }
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      if (rows.size_bytes > 0) output.sendBytes(rows.take());
    }
  }

  async take(maxRows: number): Promise<Batch | undefined> {
    this.#isShared = true;
    if (this.#row >= this.#rowCount && !(await this.#nextBatch())) return undefined;
    const first = this.#row;
    this.#row = Math.min(this.#rowCount, first + maxRows);
    return this.#batch === undefined ? undefined : sliceBatch(this.#batch, first, this.#row);
  }

  /** The rest of the batch is not wanted. */
  #forget(): void {
    this.#rowCount = 0;
    this.#row = 0;
    this.#batch = undefined;
    this.#writers = [];
    if (!this.#isShared) this.execution.release?.();
  }

  /** @returns false at the end */
  async #nextBatch(): Promise<boolean> {
    if (!this.#isShared) this.execution.release?.();
    let batch = await this.execution.next();
    while (batch?.rowCount === 0) batch = await this.execution.next();
    this.#row = 0;
    this.#batch = batch;
    this.#rowCount = batch?.rowCount ?? 0;
    this.#writers = batch === undefined ? [] : this.#columns.map((column) => column(batch));
    return batch !== undefined;
  }

  /** Some rows of the batch in work. @returns how many */
  #writeRows(rows: DataRows, maxRows: number): number {
    const writers = this.#writers;
    const first = this.#row;
    const end = Math.min(this.#rowCount, first + Math.min(maxRows, rowsPerLook));
    while (this.#row < end && rows.size_bytes < rowBuffer_bytes) {
      rows.beginRow(writers.length);
      try {
        for (const write of writers) write(this.#row, rows);
      } catch (error) {
        rows.abandonRow();
        throw error;
      }
      rows.endRow();
      this.#row++;
    }
    return this.#row - first;
  }
}
