/** The columns of a result: how they are described, and how their values are written. */
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { CatalogColumn, ResultColumn, RowBatch } from '../../query/api.ts';
import type { FieldDescription } from '../codec/backend.ts';
import type { DataRows } from '../codec/data-rows.ts';
import type { Format } from '../codec/frontend.ts';
import { binaryEncoder } from '../types/binary.ts';
import { type PutValue, putBinary, putText } from '../types/from-memory.ts';
import { pgTypeOf, VOID } from '../types/pg-type.ts';
import type { FormatSettings } from '../types/scalar-text.ts';
import { textEncoder } from '../types/text.ts';

/** Writes the value of a batch's row, NULL included, into the row that was begun. */
export type ValueWriter = (row: number, rows: DataRows) => void;

/** Gives the writer of a column for one batch. */
export type ColumnWriter = (batch: RowBatch) => ValueWriter;

export function describeColumns(
  columns: readonly (ResultColumn | CatalogColumn)[],
  formats: readonly Format[],
): FieldDescription[] {
  return columns.map((column, index) => {
    const format = formatOf(formats, index);
    if (!('type' in column)) return { ...column, format };
    const { tableOid, attnum } = column.origin ?? { tableOid: 0, attnum: 0 };
    const type = column.isVoid === true ? VOID : pgTypeOf(column.type);
    return { name: column.name, tableOid, attnum, ...type, format };
  });
}

/** None: all text. One: for all. Else one per column. */
export function formatOf(formats: readonly Format[], index: number): Format {
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 'text';
}

export function columnWriters(
  columns: readonly ResultColumn[],
  formats: readonly Format[],
  settings: FormatSettings,
): ColumnWriter[] {
  return columns.map(({ type }, index) => {
    const isBinary = formatOf(formats, index) === 'binary';
    let write: ((value: DuckDBValue, rows: DataRows) => void) | undefined;
    return (batch) => {
      const { memory } = batch;
      const column = memory?.columns[index];
      if (memory !== undefined && column?.kind === 'memory') {
        const put = isBinary ? putBinary(type, column) : putText(type, column, settings);
        if (put !== undefined) return memoryWriter(put, column.validity, memory.firstRow);
      }
      const values = column?.kind === 'values' ? column.values : (batch.columns[index] ?? []);
      write ??= isBinary ? binaryWriter(type, settings) : textWriter(type, settings);
      return valueWriter(write, values);
    };
  });
}

function memoryWriter(put: PutValue, validity: Uint8Array | undefined, firstRow: number): ValueWriter {
  if (validity === undefined) return (row, rows) => rows.putValue(put, firstRow + row);
  return (row, rows) => {
    const at = firstRow + row;
    if ((((validity[at >> 3] ?? 0) >> (at & 7)) & 1) === 0) rows.nullValue();
    else rows.putValue(put, at);
  };
}

function valueWriter(
  write: (value: DuckDBValue, rows: DataRows) => void,
  values: readonly DuckDBValue[],
): ValueWriter {
  return (row, rows) => {
    const value = values[row] ?? null;
    if (value === null) rows.nullValue();
    else write(value, rows);
  };
}

function textWriter(
  type: DuckDBType,
  settings: FormatSettings,
): (value: DuckDBValue, rows: DataRows) => void {
  const encode = textEncoder(type, settings);
  return (value, rows) => rows.textValue(encode(value));
}

function binaryWriter(
  type: DuckDBType,
  settings: FormatSettings,
): (value: DuckDBValue, rows: DataRows) => void {
  const encode = binaryEncoder(type, settings);
  return (value, rows) => rows.bytesValue(encode(value));
}

/**
 * The client reads rows by what Describe said. A statement can come out with other columns when its tables have
 * changed since; text of another type is still that text, but another number of columns, or other bytes, is not.
 *
 * @throws SqlensError 0A000
 */
export function checkColumns(
  described: readonly (ResultColumn | CatalogColumn)[],
  actual: readonly ResultColumn[],
  formats: readonly Format[],
): void {
  const same =
    described.length === actual.length &&
    actual.every(
      ({ type }, index) =>
        formatOf(formats, index) === 'text' || pgTypeOf(type).oid === describedOidAt(described, index),
    );
  if (same) return;
  throw new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: 'cached plan must not change result type',
    hint: 'The tables behind this prepared statement have changed; prepare it again.',
    // pgjdbc and asyncpg prepare again by themselves when they see this.
    routine: 'RevalidateCachedQuery',
  });
}

function describedOidAt(
  described: readonly (ResultColumn | CatalogColumn)[],
  index: number,
): number | undefined {
  const column = described[index];
  if (column === undefined) return undefined;
  return 'type' in column ? pgTypeOf(column.type).oid : column.oid;
}
