/** A table, and an image table: a foreign table to the mirror, whose server is `images`. */
import { literal, qualified, quoted } from '../names.ts';
import {
  alterColumn,
  type Column,
  canGenerate,
  columnClause,
  defineDefault,
  hasDefault,
  setDefault,
} from './column.ts';
import { columnComments, comment, type Step } from './step.ts';

export interface Table {
  readonly kind: 'table';
  readonly schema: string;
  readonly name: string;
  /** DuckDB's name, where PostgreSQL has to have another. */
  readonly source?: string;
  readonly columns: readonly Column[];
  readonly comment?: string;
}

export interface ImageTable {
  readonly kind: 'image table';
  readonly schema: string;
  readonly name: string;
  readonly source?: string;
  readonly columns: readonly Column[];
  readonly uris: readonly string[];
  readonly comment?: string;
}

type AnyTable = Table | ImageTable;

const word = (table: AnyTable) => (table.kind === 'table' ? 'TABLE' : 'FOREIGN TABLE');

export function createTable(table: AnyTable): Step[] {
  const name = qualified(table.schema, table.name);
  const placeholders = table.columns.filter((column) => column.generated).map((c) => defineDefault(table, c));
  const create = (real: boolean) => {
    const clauses = table.columns.map((column) => columnClause(column, real)).join(', ');
    const server =
      table.kind === 'table' ? '' : ` SERVER images OPTIONS (format 'image', uris ${urisOption(table)})`;
    return `CREATE ${word(table)} ${name} (${clauses})${server}`;
  };
  const plain = [create(false), ...placeholders].join('; ');
  return [
    placeholders.length > 0 && canGenerate(table.columns) ? [create(true), plain] : [plain],
    ...table.columns.filter(hasDefault).map((column) => setDefault(table, column)),
    ...(table.comment === undefined ? [] : [commentOn(table)]),
    ...columnComments(name, [], table.columns),
  ];
}

/** @returns undefined when the table has to be made anew */
export function alterTable<T extends AnyTable>(before: T, after: T): Step[] | undefined {
  const name = qualified(after.schema, after.name);
  const kept = new Set(after.columns.map((column) => column.name));
  const old = new Map(before.columns.map((column) => [column.name, column]));
  // PostgreSQL adds columns at the end only.
  const common = before.columns.filter((column) => kept.has(column.name));
  if (common.length === 0) return undefined;
  if (common.some((column, at) => after.columns[at]?.name !== column.name)) return undefined;
  const steps: Step[] = before.columns
    .filter((column) => !kept.has(column.name))
    .map((column) => [`ALTER TABLE ${name} DROP COLUMN ${quoted(column.name)} CASCADE`]);
  for (const column of after.columns) {
    const former = old.get(column.name);
    if (former === undefined) {
      if (column.generated) return undefined;
      steps.push([`ALTER TABLE ${name} ADD COLUMN ${columnClause(column, false)}`]);
      if (hasDefault(column)) steps.push(setDefault(after, column));
      continue;
    }
    const changes = alterColumn(after, former, column);
    if (changes === undefined) return undefined;
    steps.push(...changes);
  }
  if (before.kind === 'image table' && after.kind === 'image table') {
    if (urisOption(before) !== urisOption(after)) {
      steps.push([`ALTER FOREIGN TABLE ${name} OPTIONS (SET uris ${urisOption(after)})`]);
    }
  }
  if (before.comment !== after.comment) steps.push(commentOn(after));
  steps.push(...columnComments(name, before.columns, after.columns));
  return steps;
}

export function dropTable(table: AnyTable): string {
  return `DROP ${word(table)} IF EXISTS ${qualified(table.schema, table.name)} CASCADE`;
}

/** An option is one string; lists are written with commas, as people do. */
function urisOption(table: ImageTable): string {
  return literal(table.uris.join(', ')).trim();
}

function commentOn(table: AnyTable): Step {
  return [comment(`${word(table)} ${qualified(table.schema, table.name)}`, table.comment)];
}
