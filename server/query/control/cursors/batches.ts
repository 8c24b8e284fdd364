/** Some of the rows of a batch, whichever kind it is. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { BatchMemory, DataRowBatch, RowBatch } from '../../api.ts';

/** Rows of the engine or messages of the catalog; one cursor has batches of one kind only. */
export type Batch = RowBatch | DataRowBatch;

export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to >= batch.rowCount) return batch;
  const end = Math.min(to, batch.rowCount);
  if ('columns' in batch) return new RowSlice(batch, from, end);
  return { rowCount: end - from, messages: batch.messages.slice(from, end) };
}

/** Part of a batch: of its memory where it has one, and of its values only when they are asked for. */
class RowSlice implements RowBatch {
  readonly rowCount: number;
  readonly memory: BatchMemory | undefined;
  readonly #batch: RowBatch;
  readonly #from: number;
  readonly #to: number;

  constructor(batch: RowBatch, from: number, to: number) {
    this.#batch = batch;
    this.#from = from;
    this.#to = to;
    this.rowCount = to - from;
    const { memory } = batch;
    this.memory =
      memory === undefined
        ? undefined
        : {
            firstRow: memory.firstRow + from,
            columns: memory.columns.map((column) =>
              column.kind === 'values' ? { kind: 'values', values: column.values.slice(from, to) } : column,
            ),
          };
  }

  get columns(): readonly (readonly DuckDBValue[])[] {
    return this.#batch.columns.map((values) => values.slice(this.#from, this.#to));
  }
}

export function reversed(batch: Batch): Batch {
  const { rowCount } = batch;
  return 'columns' in batch
    ? { rowCount, columns: batch.columns.map((values) => [...values].reverse()) }
    : { rowCount, messages: [...batch.messages].reverse() };
}

/** About what it takes in memory. */
export function sizeOf_bytes(batch: Batch): number {
  if (!('columns' in batch)) return batch.messages.reduce((sum, message) => sum + message.length, 0);
  return batch.columns.reduce(
    (sum, values) => sum + values.reduce<number>((bytes, value) => bytes + sizeOfValue_bytes(value), 0),
    0,
  );
}

const SCALAR_BYTES = 16;
const OBJECT_BYTES = 96;

function sizeOfValue_bytes(value: DuckDBValue): number {
  if (typeof value === 'string') return SCALAR_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return SCALAR_BYTES;
  if ('bytes' in value && value.bytes instanceof Uint8Array) return OBJECT_BYTES + value.bytes.length;
  if ('items' in value && Array.isArray(value.items)) {
    return OBJECT_BYTES + value.items.reduce<number>((sum, item) => sum + sizeOfValue_bytes(item), 0);
  }
  if ('entries' in value && typeof value.entries === 'object') {
    return (
      OBJECT_BYTES +
      Object.values(value.entries).reduce<number>((sum, item) => sum + sizeOfValue_bytes(item), 0)
    );
  }
  return OBJECT_BYTES;
}
