/** EXPLAIN: as rows of one column. It infers nothing; EXPLAIN ANALYZE runs the statement and so asks first. */
import { type DuckDBValue, VARCHAR } from '@duckdb/node-api';
import { FIRST_BUDGET } from '../../../udf-registry/demand.ts';
import { Pass } from '../../../udf-registry/pass.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { SessionContext } from '../session/session-context.ts';
import { explainedTokens } from '../text/statements.ts';
import { Answering, type BoundParameter, openSource, type Runnable } from './answering.ts';
import { fromRows } from './executions.ts';
import { QueryRun } from './query-run.ts';
import { RowReader } from './row-stream.ts';

export const EXPLAIN_COLUMNS: readonly ResultColumn[] = [{ name: 'QUERY PLAN', type: VARCHAR }];

export async function runExplain(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
): Promise<RowsExecution> {
  const { connection, engine } = context;
  const analyzes = parsed.statement.kind === 'explain' && parsed.statement.analyze;
  const run = new QueryRun(context, parsed.text);
  run.takeListings(parsed.described);
  const original = parsed.typed.original;
  const explain: Runnable = { text: parsed.typed.text, isQuery: false, parameters, original };
  let failed = true;
  try {
    const passes = new Answering(engine, run.answering, run.running);
    if (analyzes && parsed.asks) await askExplained(context, run, passes, parsed, parameters);
    const pass = new Pass(run.answering, analyzes ? 'answer' : 'describe', FIRST_BUDGET);
    engine.passes.begin(connection.clientContext.connectionId, pass);
    try {
      const source = await openSource(connection, explain);
      const lines = await planLines(new RowReader(source, [VARCHAR, VARCHAR]));
      failed = false;
      return fromRows(
        EXPLAIN_COLUMNS,
        lines.map((line) => [line]),
        'EXPLAIN',
      );
    } finally {
      engine.passes.end(connection.clientContext.connectionId);
    }
  } finally {
    await run.finish(failed);
  }
}

async function askExplained(
  context: SessionContext,
  run: QueryRun,
  passes: Answering,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
): Promise<void> {
  const first = explainedTokens(parsed.tokens)[0];
  if (first === undefined) return;
  const inner = await context.parse(
    parsed.text.slice(first.start),
    parameters.map((parameter) => parameter.type),
  );
  await run.beginOwn();
  const { typed } = inner;
  const select: Runnable = {
    text: typed.text,
    isQuery: true,
    parameters,
    original: typed.original,
  };
  await passes.ask(context.connection, select, () => run.restartOwn());
}

async function planLines(reader: RowReader): Promise<string[]> {
  const lines: string[] = [];
  for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
    const plans: readonly DuckDBValue[] = batch.columns[1] ?? [];
    for (const plan of plans) lines.push(...String(plan).replace(/\n+$/, '').split('\n'));
  }
  return lines;
}
