/** What belongs to a table: its constraints and its indexes. */
import type { NameSpace } from '../names.ts';
import type { Constraint } from '../objects/constraint.ts';
import type { IndexKey, TableIndex } from '../objects/table-index.ts';
import { indexKeys } from './names-in-sql.ts';
import { columnName, optional, type Placement, type Relation } from './relations.ts';
import type { ConstraintRow, IndexRow } from './statement.ts';

/**
 * @param names of the schema: DuckDB keeps no constraint's name, so it gets the one that PostgreSQL would choose
 * @returns undefined when a column of it is not in the mirror
 */
export function readConstraint(
  row: ConstraintRow,
  table: Relation,
  referenced: Relation | undefined,
  names: NameSpace,
): Constraint | undefined {
  const columns = namesOf(table, row.columns);
  if (columns === undefined) return undefined;
  const named = (onlyColumns: readonly string[], label: string) => ({
    kind: 'constraint' as const,
    schema: table.schema,
    table: table.name,
    name: names.choose(table.name, onlyColumns, label),
    columns,
  });
  switch (row.type) {
    case 'PRIMARY KEY':
      return { ...named([], 'pkey'), type: 'primary key' };
    case 'UNIQUE':
      return { ...named(columns, 'key'), type: 'unique' };
    case 'CHECK':
      return {
        ...named(columns.length === 1 ? columns : [], 'check'),
        type: 'check',
        expression: row.expression ?? 'true',
      };
    case 'FOREIGN KEY': {
      const referencedColumns =
        referenced === undefined ? undefined : namesOf(referenced, row.referencedColumns ?? []);
      if (referenced === undefined || referencedColumns === undefined) return undefined;
      return {
        ...named(columns, 'fkey'),
        type: 'foreign key',
        referenced: referenced.name,
        referencedColumns,
      };
    }
    default:
      return undefined;
  }
}

export function readIndex(row: IndexRow, table: Relation, place: Placement): TableIndex {
  const keys = indexKeys(row.sql).map((key): IndexKey => {
    if ('expression' in key) return key;
    const column = columnName(table, key.name);
    return column === undefined ? { expression: key.name } : { column };
  });
  return {
    kind: 'index',
    ...place,
    table: table.name,
    unique: row.unique,
    keys,
    ...optional('comment', row.comment),
  };
}

function namesOf(relation: Relation, columns: readonly string[]): string[] | undefined {
  const names = columns.map((column) => columnName(relation, column));
  const known = names.filter((name) => name !== undefined);
  return known.length === names.length ? known : undefined;
}
