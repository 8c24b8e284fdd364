/** Tables, image tables and views, with the names that their columns have in the mirror. */
import { NameSpace } from '../names.ts';
import type { Column } from '../objects/column.ts';
import type { ImageTable, Table } from '../objects/table.ts';
import type { View, ViewColumn } from '../objects/view.ts';
import { postgresType } from '../type-text.ts';
import { generatedColumns, viewQuery } from './names-in-sql.ts';
import type { ColumnRow, TableRow, ViewRow } from './statement.ts';

/** PostgreSQL's limit (MaxHeapAttributeNumber). The mirror shows the first ones; DuckDB has them all. */
const MAX_COLUMNS = 1600;

export type Relation = Table | ImageTable | View;

export interface Placement {
  readonly schema: string;
  readonly name: string;
}

/** Fields that are there only when they say something: what is stored of an object stays short. */
export function optional<K extends string, V>(key: K, value: V | null | undefined | false): { [P in K]?: V } {
  const fields: { [P in K]?: V } = {};
  if (value !== null && value !== undefined && value !== false) fields[key] = value;
  return fields;
}

export function readTable(
  row: TableRow,
  columns: readonly ColumnRow[],
  place: Placement,
): Table | ImageTable {
  const generated = row.sql === null ? undefined : generatedColumns(row.sql);
  const names = new NameSpace();
  const common = {
    ...place,
    ...optional('source', place.name !== row.name && row.name),
    columns: columns.slice(0, MAX_COLUMNS).map((column): Column => {
      const name = names.claim(column.n);
      return {
        name,
        ...optional('source', name !== column.n && column.n),
        type: postgresType(column.t),
        ...optional('notNull', !column.o),
        ...optional('default', column.d),
        ...optional('generated', generated?.has(column.n.toLowerCase())),
        ...optional('comment', column.c),
      };
    }),
    ...optional('comment', row.comment),
  };
  return row.uris === null
    ? { kind: 'table', ...common }
    : { kind: 'image table', ...common, uris: row.uris };
}

export function readView(row: ViewRow, columns: readonly ColumnRow[], place: Placement): View {
  const names = new NameSpace();
  return {
    kind: 'view',
    ...place,
    ...optional('source', place.name !== row.name && row.name),
    columns: columns.slice(0, MAX_COLUMNS).map((column): ViewColumn => {
      const name = names.claim(column.n);
      return {
        name,
        ...optional('source', name !== column.n && column.n),
        type: postgresType(column.t),
        ...optional('comment', column.c),
      };
    }),
    query: viewQuery(row.sql, row.name),
    ...optional('comment', row.comment),
  };
}

/** The name in the mirror of a column by the name that DuckDB knows it by, in any case. */
export function columnName(relation: Relation, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return relation.columns.find((column) => (column.source ?? column.name).toLowerCase() === wanted)?.name;
}
