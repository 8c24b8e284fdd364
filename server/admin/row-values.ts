/** Values of the `sqlens.*` views as JSON has them. A value of another kind is a defect, never a guess. */
import { DuckDBListValue, DuckDBTimestampTZValue, type DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { ResultColumn, RowBatch } from '../query/api.ts';

/** One row of a result, read by column name. */
export class Row {
  readonly #columns: readonly ResultColumn[];
  readonly #batch: RowBatch;
  readonly #index: number;

  constructor(columns: readonly ResultColumn[], batch: RowBatch, index: number) {
    this.#columns = columns;
    this.#batch = batch;
    this.#index = index;
  }

  text(name: string): string {
    const value = this.#value(name);
    return typeof value === 'string' ? value : this.#unexpected(name, value);
  }

  textOrNull(name: string): string | null {
    return this.#value(name) === null ? null : this.text(name);
  }

  /** Integers of any width; JSON holds those below 2^53 exactly. */
  integer(name: string): number {
    const value = this.#value(name);
    if (typeof value === 'bigint') return Number(value);
    return typeof value === 'number' ? value : this.#unexpected(name, value);
  }

  integerOrNull(name: string): number | null {
    return this.#value(name) === null ? null : this.integer(name);
  }

  boolean(name: string): boolean {
    const value = this.#value(name);
    return typeof value === 'boolean' ? value : this.#unexpected(name, value);
  }

  /** ISO 8601 in UTC, with milliseconds. */
  instant(name: string): string {
    const value = this.#value(name);
    if (!(value instanceof DuckDBTimestampTZValue)) return this.#unexpected(name, value);
    return new Date(Number(value.micros / 1000n)).toISOString();
  }

  texts(name: string): string[] {
    const value = this.#value(name);
    if (!(value instanceof DuckDBListValue)) return this.#unexpected(name, value);
    return value.items.map((item) => (typeof item === 'string' ? item : this.#unexpected(name, item)));
  }

  #value(name: string): DuckDBValue {
    const at = this.#columns.findIndex((column) => column.name === name);
    return this.#batch.columns[at]?.[this.#index] ?? null;
  }

  #unexpected(name: string, value: DuckDBValue): never {
    throw new SqlensError({
      sqlState: SqlState.internalError,
      message: `column "${name}" holds ${value === null ? 'NULL' : `a ${typeof value}`}, which its view never has`,
    });
  }
}
