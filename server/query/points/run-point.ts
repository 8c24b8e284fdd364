/** A point SELECT as a statement: counted as every other, and logged where every statement is. */

import type { RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { BoundParameter } from '../run/answering.ts';
import { fromRows } from '../run/executions.ts';
import { QueryRun } from '../run/query-run.ts';
import type { SessionContext } from '../session/session-context.ts';

/** @returns undefined when the statement has to take the usual way */
export async function runPoint(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
): Promise<RowsExecution | undefined> {
  const { points } = context.engine;
  if (points.selectOf(parsed) === undefined || !points.isFor(context)) return undefined;
  const rows = await points.read(context, parsed, parameters);
  if (rows === undefined) return undefined;
  context.signal.throwIfAborted();
  const run = new QueryRun(context, parsed.text);
  await run.finish(false, 'debug');
  return fromRows(parsed.columns ?? [], rows, `SELECT ${rows.length}`);
}
