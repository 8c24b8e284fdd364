/** A statement after Parse: classified, checked, described. Nothing of it has run. */
import {
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type DuckDBType,
  DuckDBTypeId,
  VARCHAR,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { FIRST_BUDGET } from '../../../udf-registry/demand.ts';
import { type AskingFunction, Pass, QueryAnswering } from '../../../udf-registry/pass.ts';
import type { MixedPlan } from '../../catalog/routing/plan.ts';
import type { EngineStatement, PreparedStatement, ResultColumn } from '../api.ts';
import type { PreparedCopy } from '../copy/prepare.ts';
import { resultNames, translate } from '../dialect/index.ts';
import { parameterCasts } from '../dialect/parameter-casts.ts';
import { parameterGuesses } from '../dialect/parameter-guesses.ts';
import { parameterProbe } from '../dialect/parameter-probe.ts';
import { fromDuckDBError } from '../engine/duckdb-errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { KeptPlans } from '../reuse/kept-plans.ts';
import { findWord } from '../text/clauses.ts';
import type { StatementKind } from '../text/statements.ts';
import { type Token, tokenize } from '../text/tokens.ts';
import { type InferTypes, withBytes } from './bytes-literals.ts';
import { modelArguments } from './model-arguments.ts';
import {
  castParameters,
  inferredType,
  parameterCount,
  replaceParameters,
  type TypedText,
} from './parameters.ts';
import { withSums } from './sums.ts';

export interface Parsed extends EngineStatement {
  readonly tokens: readonly Token[];
  readonly statement: StatementKind;
  /** The text with its parameters' types written out: what DuckDB runs. */
  readonly typed: TypedText;
  /** Whether a function that asks was bound: by itself, or by a view or macro it uses. */
  readonly asks: boolean;
  /** What it needs of the catalog, fetched anew for every execution. */
  readonly mixed?: MixedPlan;
  /** What describing has listed, for the first execution. */
  readonly described: QueryAnswering | undefined;
  /** COPY to or from the client: what it reads or writes. */
  readonly copy?: PreparedCopy;
  /** Parameters (0-based) that are text only because nothing determines them. */
  readonly undetermined: ReadonlySet<number>;
}

export function isParsed(statement: PreparedStatement): statement is Parsed {
  return 'typed' in statement && 'tokens' in statement;
}

/** A statement that DuckDB does not see. */
export function ours(
  text: string,
  tokens: readonly Token[],
  statement: StatementKind,
  columns: readonly ResultColumn[] | undefined,
): Parsed {
  const typed = { text, original: (position: number) => position };
  const isEmpty = tokens.length === 0;
  return {
    kind: 'engine',
    text,
    tokens,
    statement,
    typed,
    columns,
    isEmpty,
    parameterTypes: [],
    asks: false,
    described: undefined,
    undetermined: new Set(),
  };
}

/** A definition that DuckDB gets as several statements, which cannot be prepared. */
export function undescribed(text: string, tokens: readonly Token[], statement: StatementKind): Parsed {
  return { ...ours(text, tokens, statement, undefined), typed: translate(text, tokens, statement) };
}

/** More listings than any statement needs in a row: each names new patterns. */
const MAX_DESCRIBE_PASSES = 20;

/**
 * Describes a statement by preparing it on `connection`, in a pass that infers nothing.
 * @param declared parameter types that the client gave
 * @param plans where what was prepared for it waits for its first execution
 */
export async function describe(
  engine: Engine,
  connection: DuckDBConnection,
  text: string,
  tokens: readonly Token[],
  statement: StatementKind,
  declared: readonly (DuckDBType | undefined)[],
  plans?: KeptPlans,
): Promise<Parsed> {
  const count = parameterCount(tokens);
  const query = new QueryAnswering({
    queryId: 'describe',
    signal: new AbortController().signal,
    onError: 'null',
    isDescribed: true,
  });
  const casts = parameterCasts(tokens);
  const known = Array.from({ length: count }, (_, at) => declared[at] ?? casts.get(at + 1));
  const infer =
    (typeOf: Parameters<typeof castParameters>[2]): InferTypes =>
    async (sql, from, more) => {
      const typed = castParameters(sql, tokenize(sql), typeOf);
      const { facts } = await attemptPrepare(engine, connection, typed, from + more, query);
      return facts?.parameterTypes.slice(from);
    };
  const translated = await withBytes(
    translate(text, tokens, statement),
    count,
    infer((number) => known[number - 1]),
  );
  const castTypes = (typeOf: Parameters<typeof castParameters>[2]): TypedText => {
    if (count === 0) return translated;
    const cast = castParameters(translated.text, translated.tokens(), typeOf);
    return { text: cast.text, original: (position) => translated.original(cast.original(position)) };
  };
  let typed = castTypes((number) => known[number - 1]);
  const attempt = await attemptPrepare(engine, connection, typed, count, query, plans);
  let { facts, error } = attempt;
  const undetermined = new Set<number>();
  if (count > 0 && (facts === undefined || facts.parameterTypes.some((type) => type === undefined))) {
    const probe = parameterProbe(translated.text, translated.tokens());
    if (probe !== undefined) {
      const probed = castParameters(probe.text, tokenize(probe.text), (number) => known[number - 1]);
      const { facts: found } = await attemptPrepare(engine, connection, probed, count, query);
      found?.parameterTypes.forEach((type, at) => {
        if (type !== undefined) known[at] ??= probe.typeOf(at + 1, type);
      });
    }
    // What nothing determines is text; a statement that could not be bound at all may be bound with that.
    const types = known.map(
      (type, at) => type ?? (facts?.parameterTypes[at] === undefined ? VARCHAR : undefined),
    );
    let retyped = castTypes((number) => types[number - 1]);
    let second = await attemptPrepare(engine, connection, retyped, count, query);
    for (const guess of second.facts === undefined ? parameterGuesses(tokens) : []) {
      const guessed = known.map((type, at) => type ?? guess.get(at + 1) ?? types[at]);
      const retypedByGuess = castTypes((number) => guessed[number - 1]);
      const attempt = await attemptPrepare(engine, connection, retypedByGuess, count, query);
      if (attempt.facts === undefined) continue;
      guessed.forEach((type, at) => {
        types[at] = type;
      });
      retyped = retypedByGuess;
      second = attempt;
      break;
    }
    // DuckDB binds models only when it has a type for every argument: what they take is known now.
    let bound = second.facts?.bound ?? [];
    if (bound.length > 0 && second.facts?.parameterTypes.some((type) => type === undefined)) {
      // It gives up on all that follows where it wants to see a parameter's value: a NULL is one.
      const stand = replaceParameters(translated.text, translated.tokens(), (number) => types[number - 1]);
      bound = (await attemptPrepare(engine, connection, stand, 0, query)).facts?.bound ?? bound;
    }
    const taken = [...modelArguments(tokens, bound)].filter(([number]) => known[number - 1] === undefined);
    if (taken.length > 0) {
      const fitting = [...types];
      for (const [number, type] of taken) fitting[number - 1] = type;
      const retypedByModels = castTypes((number) => fitting[number - 1]);
      const attempt = await attemptPrepare(engine, connection, retypedByModels, count, query);
      if (attempt.facts !== undefined) {
        for (const [number, type] of taken) {
          known[number - 1] = type;
          types[number - 1] = type;
        }
        retyped = retypedByModels;
        second = attempt;
      }
    }
    // Without types for all parameters DuckDB may give up before it finds what is really wrong.
    error = second.error ?? error;
    if (facts?.columns.some((column) => column.type === undefined)) facts = undefined;
    if (second.facts !== undefined) {
      known.forEach((type, at) => {
        if (type === undefined && types[at] === VARCHAR) undetermined.add(at);
      });
      typed = retyped;
      const found = second.facts.parameterTypes;
      facts = { ...second.facts, parameterTypes: types.map((type, at) => type ?? found[at] ?? VARCHAR) };
    }
  }
  if (facts === undefined) throw error;
  const { parameterTypes } = facts;
  if (count > 0) {
    typed = await withBytes(
      { ...typed, tokens: () => tokenize(typed.text) },
      count,
      infer(() => undefined),
    );
  }
  if (facts.columns.some((column) => column.type === undefined)) {
    // A table function has no columns before its arguments are there: NULLs of their types may do.
    const stand = replaceParameters(
      translated.text,
      translated.tokens(),
      (number) => parameterTypes[number - 1],
    );
    const { facts: found } = await attemptPrepare(engine, connection, stand, 0, query);
    if (found !== undefined) facts = { ...facts, columns: found.columns };
  }
  if (statement.kind === 'query') {
    const types = facts.columns.map(({ type }) => type);
    const summed = await withSums({ ...typed, tokens: () => tokenize(typed.text) }, types, async (sql) => {
      const stand = { text: sql, original: (position: number) => position };
      const { facts: found } = await attemptPrepare(engine, connection, stand, count, query);
      return found?.columns.map(({ type }) => type);
    });
    typed = summed.statement;
    const columns = facts.columns.map((column, at) => ({ ...column, type: summed.types[at] }));
    facts = { ...facts, columns };
  }
  return {
    kind: 'engine',
    text,
    tokens,
    statement,
    typed,
    parameterTypes: facts.parameterTypes.map((type, at) => known[at] ?? type),
    columns: returnsRows(tokens, statement) ? named(tokens, statement, determined(facts.columns)) : undefined,
    isEmpty: false,
    asks: facts.bound.length > 0,
    described: query,
    undetermined,
  };
}

interface Facts {
  readonly parameterTypes: readonly (DuckDBType | undefined)[];
  readonly columns: readonly { readonly name: string; readonly type: DuckDBType | undefined }[];
  /** Functions that ask, in the pass that described. */
  readonly bound: readonly AskingFunction[];
}

async function attemptPrepare(
  ...args: Parameters<typeof prepareOnce>
): Promise<{ readonly facts: Facts | undefined; readonly error: unknown }> {
  try {
    return { facts: await prepareOnce(...args), error: undefined };
  } catch (error) {
    return { facts: undefined, error };
  }
}

async function prepareOnce(
  engine: Engine,
  connection: DuckDBConnection,
  typed: TypedText,
  count: number,
  query: QueryAnswering,
  plans?: KeptPlans,
): Promise<Facts> {
  const connectionId = connection.clientContext.connectionId;
  for (let number = 1; ; number++) {
    const pass = new Pass(query, 'describe', FIRST_BUDGET);
    engine.passes.begin(connectionId, pass);
    try {
      const stamp = plans?.stamp;
      const prepared = await connection.prepare(typed.text);
      let isDone = false;
      try {
        if (pass.asking === undefined || number >= MAX_DESCRIBE_PASSES) {
          isDone = pass.bound.size === 0;
          return {
            parameterTypes: Array.from({ length: count }, (_, at) => inferredType(prepared, at + 1)),
            columns: columnsOf(prepared),
            bound: [...pass.bound],
          };
        }
      } finally {
        if (isDone && plans !== undefined) plans.keep(typed.text, prepared, stamp);
        else prepared.destroySync();
      }
    } catch (error) {
      if (pass.asking === undefined || number >= MAX_DESCRIBE_PASSES) {
        if (pass.thrown !== undefined) throw pass.thrown;
        throw fromDuckDBError(error, { sql: typed.text, original: typed.original });
      }
    } finally {
      engine.passes.end(connectionId);
    }
    await pass.asking.satisfy(pass);
  }
}

function columnsOf(prepared: DuckDBPreparedStatement): Facts['columns'] {
  return Array.from({ length: prepared.columnCount }, (_, at) => ({
    name: columnName(prepared.columnName(at)),
    type: prepared.columnTypeId(at) === DuckDBTypeId.INVALID ? undefined : prepared.columnType(at),
  }));
}

/** @throws 42P18 when the columns depend on a parameter's value, as with `read_images($1)` */
function determined(columns: Facts['columns']): ResultColumn[] {
  return columns.map(({ name, type }) => {
    if (type !== undefined) return { name, type };
    throw new SqlensError({
      sqlState: SqlState.indeterminateDatatype,
      message: 'the columns of the result depend on the value of a parameter',
      hint: 'Write the value itself where it decides which columns there are, as in read_images(…).',
    });
  });
}

/** The columns under the names that PostgreSQL gives them. */
function named(
  tokens: readonly Token[],
  statement: StatementKind,
  columns: readonly ResultColumn[],
): ResultColumn[] {
  const given = columns.map((column) => column.name);
  const names = resultNames(tokens, statement, given);
  return columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }));
}

/** What the user wrote, without what we put into it, and the commonest name as PostgreSQL has it. */
function columnName(name: string): string {
  if (name === 'count_star()') return 'count';
  return name.replace(/CAST\((\$\d+) AS [^()]*(?:\([^()]*\))?\)/g, '$1');
}

function returnsRows(tokens: readonly Token[], statement: StatementKind): boolean {
  switch (statement.kind) {
    case 'query':
    case 'show-engine':
    case 'explain':
      return true;
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return findWord(tokens, 0, 'returning') >= 0;
    default:
      return false;
  }
}
