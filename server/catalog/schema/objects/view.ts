/**
 * A view: its columns with their types, and no more. What it selects from DuckDB alone can read, so the mirror's view
 * selects nothing and depends on nothing; its text is the user's, as DuckDB keeps it.
 */
import { qualified, quoted } from '../names.ts';
import { columnComments, comment, define, regclass, type Step } from './step.ts';

export interface ViewColumn {
  readonly name: string;
  readonly source?: string;
  readonly type: string;
  readonly comment?: string;
}

export interface View {
  readonly kind: 'view';
  readonly schema: string;
  readonly name: string;
  readonly source?: string;
  readonly columns: readonly ViewColumn[];
  /** Its SELECT. */
  readonly query: string;
  readonly comment?: string;
}

export function createView(view: View): Step[] {
  const name = qualified(view.schema, view.name);
  return [
    [`CREATE VIEW ${body(view)}; ${definition(view)}`],
    ...(view.comment === undefined ? [] : [commentOn(view)]),
    ...columnComments(name, [], view.columns),
  ];
}

/** @returns undefined unless the old columns are the first of the new ones: PostgreSQL replaces no other view */
export function alterView(before: View, after: View): Step[] | undefined {
  const starts = before.columns.every(
    (column, at) => after.columns[at]?.name === column.name && after.columns[at]?.type === column.type,
  );
  if (!starts) return undefined;
  const steps: Step[] = [];
  if (before.columns.length !== after.columns.length) steps.push([`CREATE OR REPLACE VIEW ${body(after)}`]);
  if (before.query !== after.query) steps.push([definition(after)]);
  if (before.comment !== after.comment) steps.push(commentOn(after));
  steps.push(...columnComments(qualified(after.schema, after.name), before.columns, after.columns));
  return steps;
}

export function dropView({ schema, name }: View): string {
  return `DROP VIEW IF EXISTS ${qualified(schema, name)} CASCADE`;
}

function body(view: View): string {
  const columns = view.columns.map((column) => `NULL::${column.type} AS ${quoted(column.name)}`);
  return `${qualified(view.schema, view.name)} AS SELECT ${columns.join(', ')}`;
}

/** In the form in which PostgreSQL prints one. */
function definition(view: View): string {
  return define('pg_class', regclass(view.schema, view.name), '0', 'view', ` ${view.query};`);
}

function commentOn(view: View): Step {
  return [comment(`VIEW ${qualified(view.schema, view.name)}`, view.comment)];
}
