/**
 * DuckDB keeps a view's columns as they were when it last looked into it, and looks again only when the view is used:
 * after a change of a table, those of the views over it may be others.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Change } from '../change.ts';
import type { State } from '../entry.ts';
import { qualified } from '../names.ts';
import type { View } from '../objects/view.ts';
import { isRelation } from '../renames.ts';

/**
 * Views whose columns may not be what is stored of them.
 * @param isFirst DuckDB has been opened since: what it found out before may be forgotten
 */
export function doubtfulViews(changes: readonly Change[], wanted: State, isFirst: boolean): View[] {
  const changed = changes.filter(({ object, steps }) => isRelation(object) && steps.length > 0);
  if (changed.length === 0) return [];
  const names = new Set(changed.map(({ object }) => nameInText(object.name)));
  const doubted = new Set(isFirst ? changed.map(({ id }) => id) : []);
  let left = [...wanted.entries.values()].flatMap(({ id, object }) =>
    object.kind === 'view' ? [{ id, view: object, text: object.query.toLowerCase() }] : [],
  );
  const doubtful: View[] = [];
  // Views over those views too.
  for (let isMore = true; isMore; ) {
    isMore = false;
    for (const { id, view, text } of left) {
      if (!doubted.has(id) && ![...names].some((name) => text.includes(name))) continue;
      doubted.add(id);
      names.add(nameInText(view.name));
      doubtful.push(view);
      isMore = true;
    }
    left = left.filter(({ id }) => !doubted.has(id));
  }
  return doubtful;
}

/** As it stands in a statement, quoted or not. */
function nameInText(name: string): string {
  return name.toLowerCase().replaceAll('"', '""');
}

/** Makes DuckDB look into views, which runs nothing. @param connection without a transaction: an error would abort it */
export async function bindViews(connection: DuckDBConnection, views: readonly View[]): Promise<void> {
  for (const view of views) {
    // One over what is gone keeps the columns that it had.
    await connection
      .run(`DESCRIBE ${qualified(view.schema, view.source ?? view.name)}`)
      .catch(() => undefined);
  }
}
