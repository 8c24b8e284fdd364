/** Statements that return rows: straight from DuckDB when they ask nothing, else in passes. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { FIRST_BUDGET } from '../../../udf-registry/demand.ts';
import { Pass } from '../../../udf-registry/pass.ts';
import type { RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import { rewriteAsking } from '../rewrites/index.ts';
import { rollBack } from '../session/roll-back.ts';
import type { SessionContext } from '../session/session-context.ts';
import {
  type AnsweredRows,
  Answering,
  type BoundParameter,
  causeOfBreak,
  openPrepared,
  openSource,
  type Runnable,
} from './answering.ts';
import { type StreamEnd, StreamExecution } from './executions.ts';
import { QueryRun } from './query-run.ts';
import { ChunkList, type ChunkSource, IncompleteStreamError, RowReader } from './row-stream.ts';

export async function runQuery(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
): Promise<RowsExecution> {
  const columns = parsed.columns ?? [];
  const runnable: Runnable = {
    text: parsed.typed.text,
    isQuery: parsed.statement.kind === 'query',
    columnTypes: columns.map(({ type }) => type),
    parameters,
    original: parsed.typed.original,
  };
  const run = new QueryRun(context, parsed.text);
  try {
    const plain = parsed.asks ? undefined : await openPlain(context, run, runnable);
    const rows = plain ?? (await openAnswered(context, run, parsed, runnable));
    const reader = new RowReader(
      rows.source,
      columns.map(({ type }) => type),
    );
    return new StreamExecution({
      columns,
      reader,
      end: endOf(context, run, rows, runnable),
      tag: (rowCount) => (parsed.statement.kind === 'query' ? `SELECT ${rowCount}` : 'SHOW'),
    });
  } catch (error) {
    await run.finish(true);
    throw error;
  }
}

/** @returns undefined when the statement asks after all: a macro or view changed since it was described */
async function openPlain(
  context: SessionContext,
  run: QueryRun,
  runnable: Runnable,
): Promise<AnsweredRows | undefined> {
  const pass = new Pass(run.answering, 'ask', FIRST_BUDGET);
  const connectionId = context.connection.clientContext.connectionId;
  context.engine.passes.begin(connectionId, pass);
  try {
    const source = runnable.isQuery
      ? await openPlanned(context, run, pass, runnable)
      : await openSource(context.connection, runnable);
    return pass.bound.size > 0 ? undefined : { source, pass };
  } catch (error) {
    if (pass.bound.size > 0) return undefined;
    throw error;
  } finally {
    context.engine.passes.end(connectionId);
  }
}

/**
 * With the plan that describing made, or the execution before. DuckDB plans with what it knows of the rows, and does not
 * notice what others commit between planning and running: where somebody may have, both happen in one transaction.
 */
async function openPlanned(
  { connection, plans, transaction }: SessionContext,
  run: QueryRun,
  pass: Pass,
  runnable: Runnable,
): Promise<ChunkSource> {
  const { text } = runnable;
  const { stamp } = plans;
  if (stamp === undefined && !transaction.isOpen) await run.beginOwn();
  let isKept = false;
  let prepared = plans.take(text);
  try {
    prepared ??= await connection.prepare(text);
    let source = await openPrepared(prepared, runnable);
    if (stamp !== undefined && plans.stamp !== stamp) {
      prepared.destroySync();
      prepared = undefined;
      await run.beginOwn();
      prepared = await connection.prepare(text);
      source = await openPrepared(prepared, runnable);
    }
    isKept = pass.bound.size === 0 && !run.ownsTransaction;
    return source;
  } catch (error) {
    throw fromDuckDBError(error, { sql: text, original: runnable.original });
  } finally {
    if (prepared !== undefined && isKept) plans.keep(text, prepared, stamp);
    else prepared?.destroySync();
  }
}

async function openAnswered(
  context: SessionContext,
  run: QueryRun,
  parsed: Parsed,
  runnable: Runnable,
): Promise<AnsweredRows> {
  const { connection, transaction } = context;
  run.takeListings(parsed.described);
  const passes = new Answering(context.engine, run.answering, run.running);
  const text = runnable.isQuery
    ? await rewriteAsking(context.engine, runnable.text, passes.randomSeed)
    : runnable.text;
  const rewritten = { ...runnable, text };
  if (run.ownsTransaction) await run.restartOwn();
  else await run.beginOwn();
  if (transaction.isOpen && !transaction.written && !run.ownsTransaction)
    await askAside(context, passes, rewritten);
  const { chunks, pass } = await passes.ask(connection, rewritten, () => run.restartOwn());
  if (chunks !== undefined) return { source: new ChunkList(chunks), pass };
  const rows = await passes.answer(connection, rewritten);
  run.onFinish(() => passes.endPass(connection));
  return rows;
}

/**
 * Until a transaction has written, it asks where an error cannot abort it. What differs there (temporary tables, a
 * later snapshot) is asked on its own connection afterwards.
 */
export async function askAside(
  context: SessionContext,
  passes: Answering,
  runnable: Runnable,
): Promise<void> {
  const side = await context.sideConnection();
  await side.run('BEGIN TRANSACTION');
  try {
    await passes.ask(side, runnable, async () => {
      await rollBack(side);
      await side.run('BEGIN TRANSACTION');
    });
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof SqlensError && error.sqlState === SqlState.queryCanceled) throw error;
  } finally {
    await rollBack(side);
  }
}

function endOf(context: SessionContext, run: QueryRun, rows: AnsweredRows, runnable: Runnable): StreamEnd {
  return {
    signal: context.signal,
    async settle(outcome) {
      if (outcome.kind === 'complete') run.warn(rows.pass);
      const failed = outcome.kind === 'failed';
      // What a stream holds, such as all rows of a sort, DuckDB frees when the next statement begins, and no sooner:
      // neither when the connection is closed nor when nobody refers to the result.
      if (outcome.kind === 'closed') await context.connection.run('SELECT 1').catch(() => undefined);
      await run.finish(failed);
      if (failed) await context.transaction.fail();
    },
    async explain(error) {
      if (context.signal.aborted) return context.signal.reason;
      if (rows.pass.thrown !== undefined) return rows.pass.thrown;
      if (error instanceof IncompleteStreamError)
        return (await causeOfBreak(context.engine, run.answering, runnable)) ?? error;
      return error;
    },
    connect: () => context.engine.connect(),
  };
}
