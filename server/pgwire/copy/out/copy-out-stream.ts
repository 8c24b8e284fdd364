/** COPY … TO STDOUT as a conversation: CopyOutResponse, one CopyData a row, CopyDone; no faster than the client reads. */
import { setImmediate } from 'node:timers/promises';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CopyOutExecution } from '../../../query/api.ts';
import type { Batch } from '../../../query/control/cursors/batches.ts';
import { rowBuffer_bytes } from '../../codec/data-rows.ts';
import type { Output } from '../../output.ts';
import { heldByEngine_bytes, type PortalStream, type Sent } from '../../session/row-stream.ts';
import type { FormatSettings } from '../../types/scalar-text.ts';
import { BinaryRows } from './binary-rows.ts';
import { type CopyRows, TextRows } from './text-rows.ts';

/** Other connections get their turn so often while rows are written. */
const slice_ms = 2;
/** Rows between two looks at the clock. */
const rowsPerLook = 32;

export class CopyOutStream implements PortalStream {
  readonly execution: CopyOutExecution;
  readonly #settings: FormatSettings;

  constructor(execution: CopyOutExecution, settings: FormatSettings) {
    this.execution = execution;
    this.#settings = settings;
  }

  /** All rows, whatever the limit: as in PostgreSQL, COPY is not suspended. */
  async send(output: Output): Promise<Sent> {
    const { copied, options } = this.execution;
    const isBinary = options.format === 'binary';
    const rows: CopyRows = isBinary
      ? new BinaryRows(copied, this.#settings)
      : new TextRows(copied, options, this.#settings);
    const format = isBinary ? 'binary' : 'text';
    output.send({ kind: 'copyOutResponse', format, columnCount: copied.length });
    try {
      rows.begin();
      const rowCount = await this.#sendRows(rows, output);
      rows.end();
      output.sendBytes(rows.take());
      output.send({ kind: 'copyDone' });
      return { rowCount, ended: true };
    } catch (error) {
      output.sendBytes(rows.take());
      throw error;
    }
  }

  async take(): Promise<Batch | undefined> {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: 'FETCH cannot read the rows of COPY',
      hint: 'Bind a SELECT to the portal, or execute it.',
    });
  }

  async #sendRows(rows: CopyRows, output: Output): Promise<number> {
    let rowCount = 0;
    let sent_bytes = 0;
    let sliceStart_ms = performance.now();
    for (let batch = await this.execution.next(); batch !== undefined; batch = await this.execution.next()) {
      const write = rows.writer(batch);
      for (let row = 0; row < batch.rowCount; row++) {
        write(row);
        if (rows.size_bytes >= rowBuffer_bytes) {
          sent_bytes += rows.size_bytes;
          output.sendBytes(rows.take());
          await output.flush(heldByEngine_bytes(sent_bytes / (rowCount + row + 1)));
        }
        if (row % rowsPerLook === 0 && performance.now() - sliceStart_ms > slice_ms) {
          await setImmediate();
          sliceStart_ms = performance.now();
        }
      }
      rowCount += batch.rowCount;
      this.execution.release?.();
    }
    return rowCount;
  }
}
