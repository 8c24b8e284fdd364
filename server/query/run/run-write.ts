/** Statements that write: they ask by SELECTs, then run once, whole or not at all. */
import type { DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { FIRST_BUDGET } from '../../../udf-registry/demand.ts';
import { MissingAnswerError, Pass } from '../../../udf-registry/pass.ts';
import type { RowsExecution } from '../api.ts';
import { type CopyFile, prepareCopy } from '../copy/copy-files.ts';
import { castParameters } from '../describe/parameters.ts';
import type { Parsed } from '../describe/parsed.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import { refuseImageTable } from '../engine/image-tables.ts';
import type { SessionContext } from '../session/session-context.ts';
import { findWord } from '../text/clauses.ts';
import { tokenize } from '../text/tokens.ts';
import { askingSelects, writeTarget } from '../text/writes.ts';
import { Answering, type BoundParameter, bindParameters, type Runnable } from './answering.ts';
import { finished, fromRows } from './executions.ts';
import { QueryRun } from './query-run.ts';
import { askAside } from './run-query.ts';

/** Times that a write is asked again when its inputs changed under it. */
const MAX_TRIES = 3;

export async function runWrite(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
): Promise<RowsExecution> {
  const { kind } = parsed.statement;
  const copiesOut =
    kind === 'copy' && findWord(parsed.tokens, 1, 'to', 'from') === findWord(parsed.tokens, 1, 'to');
  if (kind !== 'create-table-as' && !copiesOut) {
    await refuseImageTable(context.connection, writeTarget(parsed.tokens, kind), kind.toUpperCase());
  }
  const file = kind === 'copy' ? copyOf(context, parsed) : undefined;
  const text = file?.direction === 'to' ? file.text : parsed.typed.text;
  const run = new QueryRun(context, parsed.text);
  try {
    if (file?.direction === 'to') file.begin();
    const written = parsed.asks
      ? await askAndWrite(context, run, parsed, parameters, text)
      : await write(context, new Pass(run.answering, 'answer', FIRST_BUDGET), parsed, parameters, text);
    if (file?.direction === 'to') await file.commit();
    context.transaction.noteWrite();
    await run.finish(false);
    return executionOf(parsed, written);
  } catch (error) {
    await run.finish(true);
    if (file?.direction === 'to') await file.discard();
    throw error;
  }
}

interface Written {
  readonly rowCount: number;
  readonly rows: readonly (readonly DuckDBValue[])[];
}

function copyOf(context: SessionContext, parsed: Parsed): CopyFile {
  const { engine } = context;
  const tokens = tokenize(parsed.typed.text);
  return prepareCopy(parsed.typed.text, tokens, engine.rules, engine.options.allowedPaths, engine.copyDrafts);
}

async function askAndWrite(
  context: SessionContext,
  run: QueryRun,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
  text: string,
): Promise<Written> {
  const { connection, transaction, engine } = context;
  const passes = new Answering(engine, run.answering, run.running);
  run.takeListings(parsed.described);
  await run.beginOwn();
  for (let attempt = 1; ; attempt++) {
    for (const select of await asking(context, parsed, parameters)) {
      if (!run.ownsTransaction && !transaction.written) await askAside(context, passes, select);
      await passes.ask(connection, select, () => run.restartOwn());
    }
    const pass = new Pass(run.answering, 'answer', FIRST_BUDGET);
    run.running.state = 'answering';
    try {
      const written = await write(context, pass, parsed, parameters, text, passes);
      run.warn(pass);
      return written;
    } catch (error) {
      if (!(error instanceof MissingAnswerError)) throw error;
      if (!run.ownsTransaction || attempt === MAX_TRIES) throw unreachableInput(error);
      await run.restartOwn();
    }
  }
}

/** The asking SELECTs as statements of their own: each numbers only the parameters it has. */
async function asking(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
): Promise<Runnable[]> {
  const selects = askingSelects(parsed.typed.text, tokenize(parsed.typed.text), parsed.statement.kind);
  const runnables: Runnable[] = [];
  for (const text of selects) {
    const typed = castParameters(text, tokenize(text), (number) => parameters[number - 1]?.type);
    const described = await context.parse(
      typed.text,
      parameters.map((parameter) => parameter.type),
    );
    runnables.push({
      text: described.typed.text,
      isQuery: true,
      parameters,
      original: (position) => position,
    });
  }
  return runnables;
}

async function write(
  context: SessionContext,
  pass: Pass,
  parsed: Parsed,
  parameters: readonly BoundParameter[],
  text: string,
  passes?: Answering,
): Promise<Written> {
  const { connection, engine } = context;
  const connectionId = connection.clientContext.connectionId;
  await passes?.seed(connection);
  engine.passes.begin(connectionId, pass);
  try {
    const prepared = await connection.prepare(text);
    try {
      bindParameters(prepared, parameters);
      const result = await prepared.run();
      const rows = await result.getRows();
      if (parsed.columns !== undefined) return { rowCount: rows.length, rows };
      const count = rows[0]?.[0];
      return { rowCount: typeof count === 'bigint' ? Number(count) : result.rowsChanged, rows: [] };
    } finally {
      prepared.destroySync();
    }
  } catch (error) {
    if (pass.thrown !== undefined) throw pass.thrown;
    throw fromDuckDBError(error, { sql: text, original: parsed.typed.original });
  } finally {
    engine.passes.end(connectionId);
  }
}

function executionOf(parsed: Parsed, written: Written): RowsExecution {
  const tag = tagOf(parsed, written.rowCount);
  return parsed.columns === undefined ? finished(tag) : fromRows(parsed.columns, written.rows, tag);
}

function tagOf(parsed: Parsed, rowCount: number): string {
  const { kind } = parsed.statement;
  switch (kind) {
    case 'insert':
      return `INSERT 0 ${rowCount}`;
    case 'create-table-as':
      return `SELECT ${rowCount}`;
    default:
      return `${kind.toUpperCase()} ${rowCount}`;
  }
}

function unreachableInput(error: MissingAnswerError): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: 'a model call in this statement asks for inputs that a SELECT over the same rows does not reach',
    hint: 'Compute the results first with CREATE TEMP TABLE … AS SELECT, then write from that table.',
    cause: error,
  });
}
