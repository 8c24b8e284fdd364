/** The columns of a result: how they are described, and how their values are written. */
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { CatalogColumn, ResultColumn } from '../../query/api.ts';
import type { FieldDescription } from '../codec/backend.ts';
import type { DataRows } from '../codec/data-rows.ts';
import type { Format } from '../codec/frontend.ts';
import { binaryEncoder } from '../types/binary.ts';
import { pgTypeOf } from '../types/pg-type.ts';
import type { FormatSettings } from '../types/scalar-text.ts';
import { textEncoder } from '../types/text.ts';

/** Writes one value, NULL included, into the row that was begun. */
export type ColumnWriter = (value: DuckDBValue, rows: DataRows) => void;

export function describeColumns(
  columns: readonly (ResultColumn | CatalogColumn)[],
  formats: readonly Format[],
): FieldDescription[] {
  return columns.map((column, index) => {
    const format = formatOf(formats, index);
    if (!('type' in column)) return { ...column, format };
    const { tableOid, attnum } = column.origin ?? { tableOid: 0, attnum: 0 };
    return { name: column.name, tableOid, attnum, ...pgTypeOf(column.type), format };
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
  return columns.map(({ type }, index) =>
    formatOf(formats, index) === 'binary' ? binaryWriter(type, settings) : textWriter(type, settings),
  );
}

function textWriter(type: DuckDBType, settings: FormatSettings): ColumnWriter {
  const encode = textEncoder(type, settings);
  return (value, rows) => {
    if (value === null) rows.nullValue();
    else rows.textValue(encode(value));
  };
}

function binaryWriter(type: DuckDBType, settings: FormatSettings): ColumnWriter {
  const encode = binaryEncoder(type, settings);
  return (value, rows) => {
    if (value === null) rows.nullValue();
    else rows.bytesValue(encode(value));
  };
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
