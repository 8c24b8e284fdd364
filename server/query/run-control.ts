/** Statements about the session itself: transactions, settings, prepared statements. */
import { VARCHAR } from '@duckdb/node-api';
import { SqlensError, SqlState, unreachable } from '../../common/errors.ts';
import type { ParameterValue, ResultColumn, RowsExecution } from './api.ts';
import { behindBracket, findWord, splitAtCommas, textBetween } from './clauses.ts';
import { messageOfDuckDB } from './duckdb-errors.ts';
import { finished, fromRows } from './executions.ts';
import type { Parsed } from './parsed.ts';
import { INTERNAL_SCHEMA } from './sandbox.ts';
import type { SessionContext } from './session-context.ts';
import type { StatementKind } from './statements.ts';
import { quoteIdentifier, quoteLiteral, type Token } from './tokens.ts';

type ControlKind = Extract<
  StatementKind,
  {
    kind:
      | 'begin'
      | 'commit'
      | 'rollback'
      | 'savepoint'
      | 'set'
      | 'show'
      | 'reset'
      | 'discard'
      | 'prepare'
      | 'execute'
      | 'deallocate';
  }
>;

export type Control =
  | { readonly kind: 'assign'; readonly name: string; readonly value: string }
  | { readonly kind: 'statement'; readonly parsed: Parsed; readonly statement: ControlKind };

export async function runControl(context: SessionContext, control: Control): Promise<RowsExecution> {
  if (control.kind === 'assign') {
    await assign(context, control.name, control.value);
    return finished('SET');
  }
  const { parsed, statement } = control;
  const { transaction } = context;
  switch (statement.kind) {
    case 'begin':
      if (!(await transaction.begin())) {
        warn(context, SqlState.activeSqlTransaction, 'there is already a transaction in progress');
      }
      return finished(parsed.tokens[0]?.value === 'start' ? 'START TRANSACTION' : 'BEGIN');
    case 'commit': {
      const outcome = await transaction.commit();
      if (outcome === 'none') warnNoTransaction(context);
      return finished(outcome === 'rolled back' ? 'ROLLBACK' : 'COMMIT');
    }
    case 'rollback':
      if (!(await transaction.rollback())) warnNoTransaction(context);
      return finished('ROLLBACK');
    case 'savepoint':
      throw new SqlensError({
        sqlState: SqlState.featureNotSupported,
        message: `${statement.tag} is not supported: the engine cannot undo a part of a transaction`,
        hint: 'Use transactions without savepoints.',
      });
    case 'set':
      return set(context, parsed.tokens);
    case 'show':
      return show(context, parsed.tokens);
    case 'reset':
      await reset(context, settingName(parsed.tokens, 1).name);
      return finished('RESET');
    case 'discard':
      context.named.clear();
      await reset(context, 'all');
      return finished('DISCARD ALL');
    case 'prepare':
      return prepare(context, parsed);
    case 'execute':
      return execute(context, parsed);
    case 'deallocate':
      return deallocate(context, parsed.tokens);
    default:
      return unreachable(statement);
  }
}

/** What SHOW gives: known before it runs. */
export function showColumns(tokens: readonly Token[]): ResultColumn[] {
  const { name } = settingName(tokens, 1);
  if (name === 'all')
    return ['name', 'setting', 'description'].map((column) => ({ name: column, type: VARCHAR }));
  return [{ name, type: VARCHAR }];
}

/** @throws 42704, 55P02, 22023 */
async function assign(context: SessionContext, name: string, value: string): Promise<void> {
  const lower = name.toLowerCase();
  if (lower === 'timezone') await setInEngine(context, 'TimeZone', value, name);
  if (lower === 'search_path') await setInEngine(context, 'search_path', enginePath(value), name);
  const change = context.settings.set(name, value);
  if (change.reported) context.report(change.name, change.value);
}

async function setInEngine(
  context: SessionContext,
  setting: string,
  value: string,
  name: string,
): Promise<void> {
  try {
    await context.connection.run(`SET ${setting} = ${quoteLiteral(value)}`);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `invalid value for parameter "${name}": "${value}"`,
      detail: messageOfDuckDB(error),
      cause: error,
    });
  }
}

/**
 * PostgreSQL's search path as DuckDB has it. Our own schema is always behind the user's, as pg_catalog is: first, it
 * would be where CREATE puts things.
 * @throws 42501 for the server's own schema
 */
function enginePath(value: string): string {
  const schemas = value
    // Commas inside quotes are part of a name.
    .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((schema) =>
      schema
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replaceAll('""', '"'),
    )
    .filter((schema) => schema !== '' && schema !== '$user' && !/^(pg_catalog|sqlens)$/i.test(schema));
  if (schemas.some((schema) => schema.toLowerCase() === INTERNAL_SCHEMA)) {
    throw new SqlensError({
      sqlState: SqlState.insufficientPrivilege,
      message: `schema ${INTERNAL_SCHEMA} belongs to the server`,
    });
  }
  // Quoted, each is one name: DuckDB would read "database.schema" out of it otherwise.
  return [...schemas, 'sqlens'].map(quoteIdentifier).join(',');
}

async function set(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  let at = 1;
  if (tokens[at]?.value === 'session' && tokens[at + 1]?.value === 'characteristics') return finished('SET');
  if (tokens[at]?.value === 'session' || tokens[at]?.value === 'local') at++;
  if (tokens[at]?.value === 'transaction' || tokens[at]?.value === 'constraints') return finished('SET');
  const { name, end } = settingName(tokens, at);
  let valueAt = end;
  if (tokens[valueAt]?.value === '=' || tokens[valueAt]?.value === 'to') valueAt++;
  const values = tokens.slice(valueAt).filter((token) => token.value !== ',');
  if (values.length === 0) {
    throw new SqlensError({
      sqlState: SqlState.syntaxError,
      message: `SET ${name} needs a value`,
      position: (tokens.at(-1)?.end ?? 0) + 1,
    });
  }
  const isDefault =
    values.length === 1 && values[0]?.kind === 'word' && /^(default|local)$/.test(values[0].value);
  const value = isDefault ? context.settings.resetValue(name) : joinValues(values);
  await assign(context, name, value);
  return finished('SET');
}

function joinValues(tokens: readonly Token[]): string {
  let text = '';
  for (const token of tokens) {
    const isSign = text === '-' || text === '+';
    const value =
      token.kind === 'quoted'
        ? quoteIdentifier(token.value)
        : token.kind === 'word'
          ? token.text
          : token.value;
    text += text === '' || isSign ? value : `, ${value}`;
  }
  return text;
}

/** A setting's name ("a.b", TIME ZONE, TRANSACTION ISOLATION LEVEL) and the index behind it. */
function settingName(tokens: readonly Token[], from: number): { name: string; end: number } {
  const words = tokens.slice(from, from + 3).map((token) => token.value);
  if (words[0] === 'time' && words[1] === 'zone') return { name: 'TimeZone', end: from + 2 };
  if (words.join(' ') === 'transaction isolation level')
    return { name: 'transaction_isolation', end: from + 3 };
  if (words[0] === 'names') return { name: 'client_encoding', end: from + 1 };
  if (words[0] === 'session' && words[1] === 'authorization')
    return { name: 'session_authorization', end: from + 2 };
  const first = tokens[from];
  if (first === undefined)
    throw new SqlensError({ sqlState: SqlState.syntaxError, message: 'which setting?' });
  if (tokens[from + 1]?.value === '.') return { name: `${first.value}.${words[2] ?? ''}`, end: from + 3 };
  return { name: first.value, end: from + 1 };
}

function show(context: SessionContext, tokens: readonly Token[]): RowsExecution {
  const { name } = settingName(tokens, 1);
  const columns = showColumns(tokens);
  if (name === 'all') {
    const rows = context.settings.all().map(([setting, value]) => [setting, value, '']);
    return fromRows(columns, rows, 'SHOW');
  }
  return fromRows(columns, [[context.settings.get(name)]], 'SHOW');
}

async function reset(context: SessionContext, name: string): Promise<void> {
  const names = name === 'all' ? context.settings.changed() : [name];
  for (const each of names) await assign(context, each, context.settings.resetValue(each));
}

/** PREPARE name [(types)] AS statement */
async function prepare(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const { tokens } = parsed;
  const name = tokens[1]?.value ?? '';
  const as = findWord(tokens, 2, 'as');
  const body = textBetween(parsed.text, tokens, as + 1, -1);
  if (as < 0 || body === '') {
    throw new SqlensError({ sqlState: SqlState.syntaxError, message: 'PREPARE needs AS and a statement' });
  }
  if (context.named.has(name)) {
    throw new SqlensError({
      sqlState: SqlState.duplicatePreparedStatement,
      message: `prepared statement "${name}" already exists`,
    });
  }
  context.named.set(name, await context.parse(body, []));
  return finished('PREPARE');
}

/** EXECUTE name [(values)] */
async function execute(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const { tokens } = parsed;
  const name = tokens[1]?.value ?? '';
  const statement = context.named.get(name);
  if (statement === undefined) {
    throw new SqlensError({
      sqlState: SqlState.invalidSqlStatementName,
      message: `prepared statement "${name}" does not exist`,
    });
  }
  const expressions: string[] = [];
  if (tokens[2]?.value === '(') {
    const close = behindBracket(tokens, 2);
    for (const [from, to] of splitAtCommas(tokens, 3, close - 1)) {
      const expression = textBetween(parsed.text, tokens, from, to);
      const type = statement.parameterTypes[expressions.length];
      expressions.push(type === undefined ? expression : `CAST(${expression} AS ${type.toString()})`);
    }
  }
  const parameters = expressions.length === 0 ? [] : await evaluate(context, expressions);
  return context.run(statement, parameters);
}

/** The values of expressions, which may call models like any others. */
async function evaluate(context: SessionContext, expressions: readonly string[]): Promise<ParameterValue[]> {
  try {
    const select = await context.parse(`SELECT ${expressions.join(', ')}`, []);
    const execution = await context.run(select, []);
    const row = await execution.next();
    // To its end: only a whole result says what inputs failed.
    while ((await execution.next()) !== undefined);
    return (select.columns ?? []).map(({ type }, at) => ({ value: row?.columns[at]?.[0] ?? null, type }));
  } catch (error) {
    if (!(error instanceof SqlensError)) throw error;
    // Its position is one in the text above, not in the user's.
    const { sqlState, message, hint, detail } = error;
    throw new SqlensError({ sqlState, message, hint, detail, cause: error });
  }
}

function deallocate(context: SessionContext, tokens: readonly Token[]): RowsExecution {
  const name = tokens[1]?.value === 'prepare' ? tokens[2] : tokens[1];
  if (name?.kind === 'word' && name.value === 'all') {
    context.named.clear();
    return finished('DEALLOCATE ALL');
  }
  if (!context.named.delete(name?.value ?? '')) {
    throw new SqlensError({
      sqlState: SqlState.invalidSqlStatementName,
      message: `prepared statement "${name?.value ?? ''}" does not exist`,
    });
  }
  return finished('DEALLOCATE');
}

function warnNoTransaction(context: SessionContext): void {
  warn(context, SqlState.noActiveSqlTransaction, 'there is no transaction in progress');
}

function warn(context: SessionContext, sqlState: SqlState, message: string): void {
  context.notice({ severity: 'WARNING', error: new SqlensError({ sqlState, message }) });
}
