/** PREPARE, EXECUTE and DEALLOCATE, over the statements that the protocol's Parse shares. */
import type { DuckDBType } from '@duckdb/node-api';
import { VARCHAR } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { BoundStatement, DeclaredType, Execution, ParameterValue, RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import type { Parsed } from '../describe/parsed.ts';
import { finished } from '../run/executions.ts';
import { heldByStatement, type NamedStatement } from '../session/prepared-statements.ts';
import type { SessionContext } from '../session/session-context.ts';
import { behindBracket, findWord, splitAtCommas, textBetween } from '../text/clauses.ts';
import { classify } from '../text/statements.ts';
import type { Token } from '../text/tokens.ts';
import { shifted } from './shift.ts';

/** Statements that can be prepared: those that PostgreSQL plans. */
const PREPARABLE = new Set(['query', 'insert', 'update', 'delete', 'merge', 'show-engine']);

/** PREPARE name [(types)] AS statement */
export async function prepare(context: SessionContext, { text, tokens }: Parsed): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect('prepare');
  const name = reader.name('the name of a statement').value;
  const as = findWord(tokens, 2, 'as');
  const body = tokens[as + 1];
  if (as < 0 || body === undefined) throw reader.unexpected('AS and a statement');
  const declared = await declaredTypes(context, text, tokens.slice(0, as));
  const inner = tokens.slice(as + 1);
  if (!PREPARABLE.has(classify(inner).kind)) {
    throw new SqlensError({
      sqlState: SqlState.syntaxError,
      message: `syntax error at or near "${body.text}"`,
      hint: 'Only SELECT, VALUES, INSERT, UPDATE, DELETE and MERGE can be prepared.',
      position: body.start + 1,
    });
  }
  context.statements.checkNew(name);
  const sql = text.slice(body.start, tokens.at(-1)?.end);
  const prepared = await shifted(body.start, context.prepareAny(sql, declared));
  context.statements.add(name, {
    prepared,
    declaredOids: declared.map(({ oid }) => oid),
    source: { sql, offset: 0 },
    held_bytes: heldByStatement(text),
    from: 'sql',
    text,
    preparedAt: new Date(),
  });
  return finished('PREPARE');
}

/** The types in brackets behind the name. */
async function declaredTypes(
  { engine }: SessionContext,
  text: string,
  tokens: readonly Token[],
): Promise<DeclaredType[]> {
  if (tokens[2]?.value !== '(') return [];
  const names = splitAtCommas(tokens, 3, behindBracket(tokens, 2) - 1).map(([from, to]) =>
    textBetween(text, tokens, from, to),
  );
  return engine.withUtility(async (connection) => {
    const declared: DeclaredType[] = [];
    for (const name of names) {
      if (/^unknown$/i.test(name)) declared.push({ oid: 0, type: undefined });
      else declared.push({ oid: 0, type: await typeNamed(connection, name) });
    }
    return declared;
  });
}

async function typeNamed(
  connection: Parameters<Parameters<SessionContext['engine']['withUtility']>[0]>[0],
  name: string,
): Promise<DuckDBType> {
  try {
    const prepared = await connection.prepare(`SELECT CAST(NULL AS ${name})`);
    try {
      return prepared.columnType(0);
    } finally {
      prepared.destroySync();
    }
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.undefinedObject,
      message: `type "${name}" does not exist`,
      cause: error,
    });
  }
}

/** What EXECUTE will run, for describing it. */
export function executedStatement(
  context: SessionContext,
  tokens: readonly Token[],
): NamedStatement | undefined {
  return context.statements.find(tokens[1]?.value ?? '');
}

/** EXECUTE name [(values)] */
export async function execute(context: SessionContext, { text, tokens }: Parsed): Promise<Execution> {
  const reader = new Reader(tokens);
  reader.expect('execute');
  const name = reader.name('the name of a statement').value;
  const { prepared } = context.statements.get(name);
  const ranges: [number, number][] = [];
  if (tokens[2]?.value === '(') ranges.push(...splitAtCommas(tokens, 3, behindBracket(tokens, 2) - 1));
  else reader.expectEnd();
  const types: readonly (DuckDBType | undefined)[] =
    prepared.kind === 'engine' ? prepared.parameterTypes : prepared.parameterOids.map(() => VARCHAR);
  if (ranges.length !== types.length) {
    throw new SqlensError({
      sqlState: SqlState.syntaxError,
      message: `wrong number of parameters for prepared statement "${name}"`,
      detail: `Expected ${types.length} parameters but got ${ranges.length}.`,
    });
  }
  const expressions = ranges.map(([from, to], at) => {
    const expression = textBetween(text, tokens, from, to);
    const type = types[at];
    return type === undefined ? expression : `CAST(${expression} AS ${type.toString()})`;
  });
  const parameters = expressions.length === 0 ? [] : await evaluate(context, expressions, []);
  return context.runAny(boundTo(prepared, parameters));
}

/** A prepared statement with values; the catalog takes them as text. */
export function boundTo(
  prepared: NamedStatement['prepared'],
  parameters: readonly ParameterValue[],
): BoundStatement {
  if (prepared.kind === 'engine') return { kind: 'engine', statement: prepared, parameters };
  return {
    kind: 'catalog',
    statement: prepared,
    parameters: parameters.map(({ value }) => (value === null ? null : Buffer.from(String(value)))),
    parameterFormats: [],
    resultFormats: [],
  };
}

/** The values of expressions, which may call models like any others. */
export async function evaluate(
  context: SessionContext,
  expressions: readonly string[],
  parameters: readonly ParameterValue[],
): Promise<ParameterValue[]> {
  // Its positions are some in a text of ours, not in the user's.
  return shifted(undefined, evaluated(context, expressions, parameters));
}

async function evaluated(
  context: SessionContext,
  expressions: readonly string[],
  parameters: readonly ParameterValue[],
): Promise<ParameterValue[]> {
  const select = await context.parse(
    `SELECT ${expressions.join(', ')}`,
    parameters.map(({ type }) => type),
  );
  const execution = await context.run(select, parameters);
  const row = await execution.next();
  // To its end: only a whole result says what inputs failed.
  while ((await execution.next()) !== undefined);
  return (select.columns ?? []).map(({ type }, at) => ({ value: row?.columns[at]?.[0] ?? null, type }));
}

/** DEALLOCATE [PREPARE] name | ALL */
export function deallocate({ statements }: SessionContext, tokens: readonly Token[]): RowsExecution {
  const reader = new Reader(tokens);
  reader.expect('deallocate');
  if (tokens.length > 2) reader.accept('prepare');
  const { value: name, token } = reader.name('the name of a statement or ALL');
  reader.expectEnd();
  if (token.kind === 'word' && name === 'all') {
    statements.clear();
    return finished('DEALLOCATE ALL');
  }
  statements.get(name);
  statements.delete(name);
  return finished('DEALLOCATE');
}
