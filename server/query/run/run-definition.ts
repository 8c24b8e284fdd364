/** CREATE, ALTER, DROP and COMMENT of DuckDB's own things, with the rules that models and image tables bring. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import { FIRST_BUDGET } from '../../../udf-registry/demand.ts';
import { Pass } from '../../../udf-registry/pass.ts';
import type { RowsExecution, StatementText } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import type { Engine } from '../engine/engine.ts';
import { forgetDroppedImageTables, refuseImageTable } from '../engine/image-tables.ts';
import { refuseServerObject } from '../engine/server-objects.ts';
import { checkStatement } from '../sandbox.ts';
import { commit, rollBack } from '../session/roll-back.ts';
import type { SessionContext } from '../session/session-context.ts';
import { readName } from '../text/clauses.ts';
import { classify } from '../text/statements.ts';
import { splitStatements, type Token, tokenize } from '../text/tokens.ts';
import { writeTarget } from '../text/writes.ts';
import { definitionNotices } from './definition-notices.ts';
import { finished } from './executions.ts';
import { QueryRun } from './query-run.ts';
import { refuseUnreplayable } from './replayable.ts';

export async function runDefinition(
  context: SessionContext,
  parsed: Parsed,
  tag: string,
): Promise<RowsExecution> {
  const { connection, transaction, engine } = context;
  if (parsed.asks && /^(CREATE TABLE|CREATE INDEX|ALTER)/.test(tag)) throw modelInDefinition(tag);
  if (parsed.asks && tag === 'CREATE TYPE') throw modelInType();
  if (tag === 'ALTER TABLE' || tag === 'TRUNCATE TABLE') {
    await refuseImageTable(connection, writeTarget(parsed.tokens, 'ddl'), tag);
  }
  if (tag === 'CREATE FUNCTION' || tag === 'DROP FUNCTION') await refuseModelFunction(context, parsed.tokens);
  if (tag === 'CREATE FUNCTION') await refuseShadow(context, parsed.tokens);
  if (/^(DROP|ALTER|COMMENT)/.test(tag)) await refuseServerObject(connection, parsed.tokens);
  await refuseUnreplayable(connection, parsed.tokens, tag);
  const notices = await definitionNotices(connection, parsed.tokens, tag);
  const parts = splitStatements(parsed.typed.text);
  if (parts.length > 1) await checkParts(context, parts);
  const run = new QueryRun(context, parsed.text);
  run.takeListings(parsed.described);
  const connectionId = connection.clientContext.connectionId;
  const pass = new Pass(run.answering, 'describe', FIRST_BUDGET);
  engine.passes.begin(connectionId, pass);
  let failed = true;
  try {
    if (parts.length > 1) await runWhole(context, parsed.typed.text);
    else if (tag === 'CREATE INDEX') await createIndex(context, parsed.typed.text);
    else await connection.run(parsed.typed.text);
    if (tag === 'DROP TABLE' || tag === 'DROP SCHEMA') await forgetDroppedImageTables(connection);
    transaction.noteWrite();
    failed = false;
    for (const notice of notices) context.notice(notice);
    return finished(tag);
  } catch (error) {
    if (pass.thrown !== undefined) throw pass.thrown;
    const cause = fromDuckDBError(error, { sql: parsed.typed.text, original: parsed.typed.original });
    throw definitionError(engine, parsed.tokens, tag, cause);
  } finally {
    engine.passes.end(connectionId);
    await run.finish(failed);
  }
}

/** A definition that stands for several (TRUNCATE a, b; a serial column and its sequence): each under the same rules. */
async function checkParts(context: SessionContext, parts: readonly StatementText[]): Promise<void> {
  const { engine, connection } = context;
  for (const part of parts) {
    const tokens = tokenize(part.text);
    const statement = classify(tokens);
    checkStatement(tokens, statement, engine.rules);
    if (statement.kind !== 'ddl') continue;
    if (statement.tag === 'TRUNCATE TABLE') {
      await refuseImageTable(connection, writeTarget(tokens, 'ddl'), statement.tag);
    }
    if (/^DROP/.test(statement.tag)) await refuseServerObject(connection, tokens);
  }
}

/** What the engine says when updated rows are not yet where an index can be built of them. */
const OUTSTANDING = /Cannot create index with outstanding updates/;

/** Statements of others, the catalog's among them, see old versions of rows for moments; then the index can be built. */
const INDEX_TRIES = 50;
const INDEX_RETRY_MS = 20;

/** An index is built of rows without older versions: it waits a moment for those who see such. */
async function createIndex({ connection, transaction, signal }: SessionContext, text: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.run(text);
      return;
    } catch (error) {
      if (!OUTSTANDING.test(messageOf(error))) throw error;
      if (transaction.isOpen) throw outstandingUpdates('Create the index in a transaction of its own.');
      if (attempt === INDEX_TRIES) throw outstandingUpdates('Try again when other transactions have ended.');
    }
    signal.throwIfAborted();
    await sleep(INDEX_RETRY_MS);
    // Brings the updates into the table itself; refused while others write.
    await connection.run('CHECKPOINT').catch(() => undefined);
  }
}

function outstandingUpdates(hint: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.objectInUse,
    message: 'cannot create an index while other transactions see older versions of its rows',
    hint,
  });
}

/** All of several statements, or none. */
async function runWhole({ connection, transaction }: SessionContext, text: string): Promise<void> {
  if (transaction.isOpen) {
    await connection.run(text);
    return;
  }
  await connection.run('BEGIN TRANSACTION');
  try {
    await connection.run(text);
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
  await commit(connection);
}

/** A model behind a DEFAULT, CHECK, index or generated column would be called where nothing can be asked. */
function modelInDefinition(tag: string, call?: Token): SqlensError {
  return new SqlensError({
    position: call === undefined ? undefined : call.start + 1,
    sqlState: SqlState.featureNotSupported,
    message: `${tag} cannot call a model: not in a DEFAULT, CHECK, index or generated column`,
    hint: 'Use a view, or CREATE TABLE … AS SELECT.',
  });
}

/** The labels of an ENUM are fixed while the statement runs: nothing can be asked. */
function modelInType(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: 'CREATE TYPE cannot call a model',
    hint: 'CREATE TABLE … AS SELECT first, then CREATE TYPE … AS ENUM (SELECT …) from that table.',
  });
}

/** DuckDB refuses a model call in a DEFAULT or CHECK by itself, in words that say nothing of models. */
export function definitionError(
  engine: Engine,
  tokens: readonly Token[],
  tag: string,
  error: unknown,
): unknown {
  if (!(error instanceof SqlensError)) return error;
  if (!/^DEFAULT value cannot contain|not supported in CHECK/.test(error.message)) return error;
  const models = engine.registry.askingNames;
  const call = tokens.find(
    (token, at) => models.has(token.value.toLowerCase()) && tokens[at + 1]?.value === '(',
  );
  return call === undefined ? error : modelInDefinition(tag, call);
}

/**
 * The search path comes before the engine's own schema: a macro with the name of a built-in function would stand in
 * for it in every session, also inside the functions of models (PostgreSQL looks into pg_catalog first).
 */
async function refuseShadow(context: SessionContext, tokens: readonly Token[]): Promise<void> {
  const { name, token } = functionName(tokens);
  const reader = await context.connection.runAndReadAll(
    `SELECT 1 FROM duckdb_functions()
     WHERE lower(function_name) = lower($1) AND (internal OR schema_name = 'sqlens') LIMIT 1`,
    [name],
  );
  if (reader.getRows().length === 0) return;
  throw new SqlensError({
    sqlState: SqlState.duplicateFunction,
    message: `function "${name}" is built in`,
    hint: 'Choose another name.',
    position: (token?.start ?? 0) + 1,
  });
}

function functionName(tokens: readonly Token[]): { name: string; token: Token | undefined } {
  const keyword = tokens.findIndex(
    (token) => token.kind === 'word' && (token.value === 'macro' || token.value === 'function'),
  );
  let at = keyword + 1;
  if (tokens[at]?.value === 'table') at++;
  while (['if', 'not', 'exists'].includes(tokens[at]?.value ?? '')) at++;
  return { name: readName(tokens, at).parts.at(-1) ?? '', token: tokens[at] };
}

async function refuseModelFunction(context: SessionContext, tokens: readonly Token[]): Promise<void> {
  const { name, token } = functionName(tokens);
  const reader = await context.connection.runAndReadAll(
    "SELECT name FROM sqlens_internal.default_models WHERE lower(spec->>'functionName') = lower($1)",
    [name],
  );
  const model = reader.getRows()[0]?.[0];
  if (model === undefined) return;
  throw new SqlensError({
    sqlState: SqlState.wrongObjectType,
    message: `"${name}" is the function of model "${String(model)}"`,
    hint: 'CREATE OR REPLACE MODEL and DROP MODEL change it.',
    position: (token?.start ?? 0) + 1,
  });
}
