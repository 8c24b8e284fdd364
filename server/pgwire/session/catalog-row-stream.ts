/** Rows of the catalog on their way to the client: they are messages already. */
import type { CatalogExecution, DataRowBatch } from '../../query/api.ts';
import { type Batch, sliceBatch } from '../../query/control/cursors/batches.ts';
import { rowBuffer_bytes } from '../codec/data-rows.ts';
import type { Output } from '../output.ts';
import type { PortalStream, Sent } from './row-stream.ts';

export class CatalogRowStream implements PortalStream {
  readonly execution: CatalogExecution;
  #batch: DataRowBatch | undefined;
  #row = 0;

  constructor(execution: CatalogExecution) {
    this.execution = execution;
  }

  async send(output: Output, maxRows: number): Promise<Sent> {
    let rowCount = 0;
    for (;;) {
      if (maxRows > 0 && rowCount >= maxRows) return { rowCount, ended: false };
      const message = await this.#nextMessage();
      if (message === undefined) return { rowCount, ended: true };
      output.sendBytes(message);
      rowCount++;
      if (output.pending_bytes >= rowBuffer_bytes) await output.flush();
    }
  }

  async take(maxRows: number): Promise<Batch | undefined> {
    if ((await this.#nextMessage()) === undefined || this.#batch === undefined) return undefined;
    const first = this.#row - 1;
    this.#row = Math.min(this.#batch.rowCount, first + maxRows);
    return sliceBatch(this.#batch, first, this.#row);
  }

  async #nextMessage(): Promise<Uint8Array | undefined> {
    while (this.#batch === undefined || this.#row >= this.#batch.rowCount) {
      this.#batch = await this.execution.next();
      this.#row = 0;
      if (this.#batch === undefined) return undefined;
    }
    return this.#batch.messages[this.#row++];
  }
}
