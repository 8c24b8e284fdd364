/** DECLARE: opens a cursor, on a connection of its own wherever that sees the same rows. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type {
  CatalogExecution,
  DeclaredType,
  ParameterValue,
  PreparedStatement,
  RowsExecution,
} from '../../api.ts';
import { Cursor as Reader } from '../../ddl/cursor.ts';
import { bindValues } from '../../describe/parameter-values.ts';
import { isParsed, type Parsed } from '../../describe/parsed.ts';
import { finished } from '../../run/executions.ts';
import { runQuery } from '../../run/run-query.ts';
import type { SessionContext } from '../../session/session-context.ts';
import { Transaction } from '../../session/transaction.ts';
import { classify } from '../../text/statements.ts';
import type { Token } from '../../text/tokens.ts';
import { boundTo } from '../prepare.ts';
import { shifted } from '../shift.ts';
import { Cursor, type Scrolling } from './cursor.ts';
import { materialised } from './materialised.ts';
import { RowStore } from './row-store.ts';
import { withRows } from './with-rows.ts';

interface Declaration {
  readonly name: string;
  readonly scrolling: Scrolling;
  readonly isHoldable: boolean;
  readonly isBinary: boolean;
  /** Index of the query's first token. */
  readonly queryAt: number;
}

/** What the cursor's query is, for describing its parameters. */
export async function prepareDeclared(
  context: SessionContext,
  text: string,
  tokens: readonly Token[],
  declared: readonly DeclaredType[],
): Promise<PreparedStatement> {
  const { queryAt } = readDeclaration(tokens);
  const first = tokens[queryAt];
  if (first === undefined || classify(tokens.slice(queryAt)).kind !== 'query') {
    throw new SqlensError({
      sqlState: SqlState.syntaxError,
      message: `syntax error at or near "${first?.text ?? ''}"`,
      hint: 'A cursor reads the rows of a SELECT or VALUES.',
      position: (first?.start ?? 0) + 1,
    });
  }
  const sql = text.slice(first.start, tokens.at(-1)?.end);
  return shifted(first.start, context.prepareAny(sql, declared));
}

export async function declare(
  context: SessionContext,
  { text, tokens }: Parsed,
  parameters: readonly ParameterValue[],
): Promise<RowsExecution> {
  const { cursors, transaction, engine } = context;
  const declaration = readDeclaration(tokens);
  if (!declaration.isHoldable && !transaction.isOpen) {
    throw new SqlensError({
      sqlState: SqlState.noActiveSqlTransaction,
      message: 'DECLARE CURSOR can only be used in transaction blocks',
      hint: 'BEGIN first, or declare it WITH HOLD.',
    });
  }
  const declared = parameters.map(({ type }) => ({ oid: 0, type }));
  const prepared = await prepareDeclared(context, text, tokens, declared);
  cursors.checkNew(declaration.name);
  const offset = tokens[declaration.queryAt]?.start;
  const source = await shifted(offset, open(context, prepared, parameters, declaration));
  const columns = prepared.columns ?? [];
  const connect = () => engine.connect();
  cursors.add(
    new Cursor({
      name: declaration.name,
      text,
      scrolling: declaration.scrolling,
      isHoldable: declaration.isHoldable,
      isBinary: declaration.isBinary,
      columns,
      store: new RowStore({
        columns: prepared.kind === 'engine' ? prepared.columns : undefined,
        connect,
        spills: declaration.scrolling === 'scroll',
      }),
      ...source,
    }),
    !transaction.isOpen,
  );
  return finished('DECLARE CURSOR');
}

interface Source {
  readonly execution: RowsExecution | CatalogExecution;
  readonly release: () => Promise<void>;
  readonly interrupt: (reason: unknown) => void;
}

async function open(
  context: SessionContext,
  prepared: PreparedStatement,
  parameters: readonly ParameterValue[],
  { isBinary }: Declaration,
): Promise<Source> {
  if (prepared.kind === 'catalog') {
    const bound = boundTo(prepared, parameters);
    if (bound.kind !== 'catalog') throw new TypeError('a statement of another backend');
    const execution = withRows(await context.runAny({ ...bound, resultFormats: isBinary ? ['binary'] : [] }));
    return { execution, release: async () => undefined, interrupt: () => undefined };
  }
  if (!isParsed(prepared)) throw new TypeError('a statement of another backend');
  if (mayReadElsewhere(context)) {
    return openElsewhere(context, await context.fit(prepared, parameters), parameters);
  }
  // On the session's connection the next statement would end the rows, so they are read before it.
  const execution = await materialised(await context.run(prepared, parameters), () =>
    context.engine.connect(),
  );
  return { execution, release: async () => undefined, interrupt: () => undefined };
}

/**
 * Another connection sees what is committed: not what this transaction has written, nor temporary tables. Its
 * snapshot is of now, which a READ COMMITTED transaction may see, and a REPEATABLE READ one before its first query.
 */
function mayReadElsewhere({ transaction, settings, hasOwnObjects }: SessionContext): boolean {
  if (hasOwnObjects() || transaction.written) return false;
  return /^read /.test(settings.get('transaction_isolation')) || !transaction.isOpen;
}

async function openElsewhere(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly ParameterValue[],
): Promise<Source> {
  const connection = await context.openConnection();
  const controller = new AbortController();
  const stop = () => controller.abort(context.signal.reason);
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    await context.sessionSettings.apply(connection);
    const execution = await runQuery(
      { ...context, connection, transaction: new Transaction(connection), signal: controller.signal },
      parsed,
      await bindValues(context.engine, parsed, parameters),
    );
    return {
      execution,
      release: async () => context.closeConnection(connection),
      interrupt: (reason) => interrupt(controller, connection, reason),
    };
  } catch (error) {
    context.closeConnection(connection);
    throw error;
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

function interrupt(controller: AbortController, connection: DuckDBConnection, reason: unknown): void {
  controller.abort(reason);
  connection.interrupt();
}

/** @throws 42601, 42P11 */
function readDeclaration(tokens: readonly Token[]): Declaration {
  const reader = new Reader(tokens);
  reader.expect('declare');
  const { value: name } = reader.name('the name of a cursor');
  let isBinary = false;
  let scroll = false;
  let noScroll = false;
  while (!reader.accept('cursor')) {
    if (reader.accept('binary')) isBinary = true;
    else if (reader.accept('no', 'scroll')) noScroll = true;
    else if (reader.accept('scroll')) scroll = true;
    else if (!reader.accept('insensitive') && !reader.accept('asensitive')) throw reader.unexpected('CURSOR');
  }
  const isHoldable = reader.accept('with', 'hold');
  if (!isHoldable) reader.accept('without', 'hold');
  reader.expect('for');
  if (scroll && noScroll) {
    throw new SqlensError({
      sqlState: SqlState.invalidCursorDefinition,
      message: 'cannot specify both SCROLL and NO SCROLL',
    });
  }
  const first = reader.peek();
  if (first === undefined) throw reader.unexpected('a SELECT');
  const scrolling = scroll ? 'scroll' : noScroll ? 'no-scroll' : 'as-possible';
  return { name, scrolling, isHoldable, isBinary, queryAt: tokens.indexOf(first) };
}
