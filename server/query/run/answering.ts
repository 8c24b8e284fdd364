/**
 * Ask, infer, answer: runs a statement in passes until one ends with an empty demand.
 *
 * A pass asks on a connection with a fixed random seed, so that `random()` and `uuid()` give every pass the same
 * values. An error in a pass that still has demand is not an error yet: our own NULLs may have caused it.
 */
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { FIRST_BUDGET, nextBudget } from '../../../udf-registry/demand.ts';
import { Pass, type QueryAnswering } from '../../../udf-registry/pass.ts';
import { ChangedColumnsError, checkColumnTypes } from '../describe/changed-columns.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { RunningQuery } from './query-log.ts';
import { CheckedStream, ChunkList, type ChunkSource, IncompleteStreamError } from './row-stream.ts';

export interface BoundParameter {
  readonly value: DuckDBValue;
  readonly type: DuckDBType;
}

/** A statement as DuckDB gets it. */
export interface Runnable {
  readonly text: string;
  /** Whether its rows are streamed; those of SHOW and EXPLAIN, which are few, are not. */
  readonly isQuery: boolean;
  /** Of the columns as they were described; a result that has others is refused. */
  readonly columnTypes?: readonly DuckDBType[];
  readonly parameters: readonly BoundParameter[];
  /** Maps a 1-based position in `text` to one in what the user wrote. */
  readonly original: (position: number) => number;
}

/** More passes than any statement over a sane table needs: a statement that goes on asks something new each time. */
const MAX_PASSES = 200;

/** Chunks (of 2,048 rows) that an asking pass keeps, in case it turns out to be the last. */
const MAX_SPOOLED_CHUNKS = 16;

interface PassOutcome {
  readonly pass: Pass;
  /** The rows, when there was no demand and few enough; undefined when there were more. */
  readonly chunks: readonly DuckDBDataChunk[] | undefined;
  readonly error: SqlensError | undefined;
}

/** Rows that are complete or will be: with the pass that looks up while they stream. */
export interface AnsweredRows {
  readonly source: ChunkSource;
  readonly pass: Pass;
}

export class Answering {
  readonly #engine: Engine;
  readonly #query: QueryAnswering;
  readonly #running: RunningQuery;
  /** A number in [0, 1) that seeds every pass. */
  readonly randomSeed = Math.random();
  /** Set when DuckDB forgot a column's type because all of it is NULL. */
  #casts = false;

  constructor(engine: Engine, query: QueryAnswering, running: RunningQuery) {
    this.#engine = engine;
    this.#query = query;
    this.#running = running;
  }

  /**
   * Asks until nothing is missing.
   * @param recover makes the connection usable again after a failed pass
   * @returns the rows of the last pass if they were few, else undefined
   */
  async ask(
    connection: DuckDBConnection,
    statement: Runnable,
    recover: () => Promise<void>,
  ): Promise<{ chunks: readonly DuckDBDataChunk[] | undefined; pass: Pass }> {
    let budget = FIRST_BUDGET;
    let firstError: SqlensError | undefined;
    for (let number = 1; number <= MAX_PASSES; number++) {
      this.#running.pass = number;
      this.#running.state = 'asking';
      const pass = new Pass(this.#query, 'ask', budget);
      const outcome = await this.#runPass(connection, statement, pass);
      this.#query.signal.throwIfAborted();
      if (pass.asking === undefined) {
        if (outcome.error === undefined) return { chunks: outcome.chunks, pass };
        const { error } = outcome;
        if (error instanceof ChangedColumnsError && (pass.failureCount > 0 || error.mayBeNull)) {
          if (!this.#casts) {
            this.#casts = true;
            continue;
          }
        }
        const aborted = outcome.error.sqlState === SqlState.inFailedSqlTransaction;
        throw aborted && firstError !== undefined ? perhapsOurs(firstError) : outcome.error;
      }
      if (outcome.error !== undefined) {
        firstError ??= outcome.error;
        await recover();
      }
      this.#running.state = 'inferring';
      await pass.asking.satisfy(pass);
      budget = nextBudget(budget);
    }
    throw new SqlensError({
      sqlState: SqlState.statementTooComplex,
      message: `the statement still asks for new inputs after ${MAX_PASSES} passes`,
      hint: 'A volatile expression may feed the model: materialise it first with CREATE TEMP TABLE … AS.',
    });
  }

  /** The rows of a statement whose answers are all there; a missing one is an error. */
  async answer(connection: DuckDBConnection, statement: Runnable): Promise<AnsweredRows> {
    const pass = new Pass(this.#query, 'answer', FIRST_BUDGET);
    this.#running.state = 'answering';
    this.#engine.queries.countPass();
    await this.#begin(connection, pass);
    try {
      return { source: await openSource(connection, this.#typed(statement)), pass };
    } catch (error) {
      this.#engine.passes.end(connection.clientContext.connectionId);
      throw this.#toError(error, pass, statement.text);
    }
  }

  endPass(connection: DuckDBConnection): void {
    this.#engine.passes.end(connection.clientContext.connectionId);
  }

  /** Every pass of a statement, and the write after them, draws the same random numbers. */
  async seed(connection: DuckDBConnection): Promise<void> {
    await connection.run(`SELECT setseed(${this.randomSeed})`);
  }

  async #begin(connection: DuckDBConnection, pass: Pass): Promise<void> {
    await this.seed(connection);
    this.#engine.passes.begin(connection.clientContext.connectionId, pass);
  }

  async #runPass(connection: DuckDBConnection, statement: Runnable, pass: Pass): Promise<PassOutcome> {
    this.#engine.queries.countPass();
    try {
      await this.#begin(connection, pass);
      const source = await openSource(connection, this.#typed(statement));
      const chunks = await drain(source, pass, statement);
      return { pass, chunks, error: undefined };
    } catch (error) {
      return { pass, chunks: undefined, error: await this.#explain(error, statement, pass) };
    } finally {
      this.#engine.passes.end(connection.clientContext.connectionId);
    }
  }

  /** Of a part of a constant NULL, such as `f('bad.jpg')[1].class`, DuckDB does not know the type: so it is told. */
  #typed(statement: Runnable): Runnable {
    const { text, columnTypes, isQuery } = statement;
    if (!this.#casts || !isQuery || columnTypes === undefined) return statement;
    const columns = columnTypes.map((type, at) => `CAST(#${at + 1} AS ${type})`);
    return { ...statement, text: `SELECT ${columns.join(', ')} FROM (${text}\n)` };
  }

  /** What broke a stream is found by running the statement again without keeping its rows. */
  async #explain(error: unknown, statement: Runnable, pass: Pass): Promise<SqlensError> {
    if (error instanceof IncompleteStreamError && pass.thrown === undefined && pass.asking === undefined) {
      return (await causeOfBreak(this.#engine, this.#query, statement)) ?? error;
    }
    return this.#toError(error, pass, statement.text);
  }

  #toError(error: unknown, pass: Pass, sql: string): SqlensError {
    if (pass.thrown !== undefined) return pass.thrown;
    return fromDuckDBError(error, { sql });
  }
}

/** An error of an asking pass that aborted the user's transaction, so that nobody can tell what answers would have given. */
function perhapsOurs(error: SqlensError): SqlensError {
  const { sqlState, message, detail, position } = error;
  return new SqlensError({
    sqlState,
    message,
    detail,
    position,
    hint: 'Answers that were still missing may have caused this. Run the statement before the transaction writes: then they are asked for outside it.',
    cause: error,
  });
}

/** Begins a statement's rows. */
export async function openSource(connection: DuckDBConnection, statement: Runnable): Promise<ChunkSource> {
  let prepared: DuckDBPreparedStatement | undefined;
  try {
    prepared = await connection.prepare(statement.text);
    return await openPrepared(prepared, statement);
  } catch (error) {
    throw fromDuckDBError(error, { sql: statement.text, original: statement.original });
  } finally {
    prepared?.destroySync();
  }
}

/** @throws DuckDB's own errors */
export async function openPrepared(
  prepared: DuckDBPreparedStatement,
  { parameters, isQuery, columnTypes }: Pick<Runnable, 'parameters' | 'isQuery' | 'columnTypes'>,
): Promise<ChunkSource> {
  bindParameters(prepared, parameters);
  if (isQuery) {
    const result = await prepared.stream();
    if (columnTypes !== undefined) checkColumnTypes(result, columnTypes);
    return new CheckedStream(result);
  }
  const result = await prepared.run();
  return new ChunkList(await result.fetchAllChunks());
}

export function bindParameters(
  prepared: DuckDBPreparedStatement,
  parameters: readonly BoundParameter[],
): void {
  for (let index = 1; index <= prepared.parameterCount; index++) {
    const number = Number(prepared.parameterName(index));
    const parameter = parameters[number - 1];
    if (parameter === undefined) continue;
    if (parameter.value === null) prepared.bindNull(index);
    else prepared.bindValue(index, parameter.value, parameter.type);
  }
}

/** Reads a pass to its end; keeps the rows while they are few and there is no demand. */
async function drain(
  source: ChunkSource,
  pass: Pass,
  statement: Runnable,
): Promise<readonly DuckDBDataChunk[] | undefined> {
  const kept: DuckDBDataChunk[] = [];
  let keeping = true;
  for (let chunk = await source.nextChunk(); chunk !== undefined; chunk = await source.nextChunk()) {
    keeping &&= pass.asking === undefined && kept.length < MAX_SPOOLED_CHUNKS;
    if (keeping) kept.push(chunk);
    else if (statement.isQuery) kept.length = 0;
  }
  return keeping ? kept : undefined;
}

/** Runs a statement whose stream broke on a connection of its own, with the same answers, for the sake of its error. */
export async function causeOfBreak(
  engine: Engine,
  query: QueryAnswering,
  statement: Runnable,
): Promise<SqlensError | undefined> {
  const other = await engine.connect();
  const { connectionId } = other.clientContext;
  engine.passes.begin(connectionId, new Pass(query, 'answer', FIRST_BUDGET));
  try {
    const text = `EXPLAIN ANALYZE ${statement.text}`;
    const prepared = await other.prepare(text);
    try {
      bindParameters(prepared, statement.parameters);
      await prepared.run();
    } finally {
      prepared.destroySync();
    }
    return undefined;
  } catch (error) {
    return fromDuckDBError(error, { sql: statement.text });
  } finally {
    engine.passes.end(connectionId);
    other.closeSync();
  }
}
