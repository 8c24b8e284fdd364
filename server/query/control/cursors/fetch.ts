/** FETCH, MOVE and CLOSE. */
import type {
  BoundStatement,
  CatalogColumn,
  CatalogExecution,
  Execution,
  ResultColumn,
  RowsExecution,
} from '../../api.ts';
import { Cursor as Reader } from '../../ddl/cursor.ts';
import { finished } from '../../run/executions.ts';
import type { SessionContext } from '../../session/session-context.ts';
import type { Token } from '../../text/tokens.ts';
import type { FetchPlan } from './cursor.ts';
import { CatalogFetch, RowsFetch } from './fetch-execution.ts';
import { materialised } from './materialised.ts';
import { RowStore } from './row-store.ts';
import { withRows } from './with-rows.ts';

const ALL = Number.POSITIVE_INFINITY;

/** The columns that FETCH will give; undefined for a cursor that is not there (yet). */
export async function fetchedColumns(
  { cursors }: SessionContext,
  tokens: readonly Token[],
): Promise<readonly (ResultColumn | CatalogColumn)[] | undefined> {
  return cursors.find(readFetch(tokens).name)?.columns;
}

export async function fetch(context: SessionContext, tokens: readonly Token[]): Promise<Execution> {
  const { plan, name } = readFetch(tokens);
  const cursor = await context.cursors.get(name, (bound) => startPortal(context, bound));
  cursor.assertUsable();
  const isCatalog = cursor.kind === 'catalog';
  const columns: ResultColumn[] = [];
  const catalogColumns: CatalogColumn[] = [];
  for (const column of cursor.columns) {
    if ('type' in column) columns.push(column);
    else catalogColumns.push(column);
  }
  const options = {
    cursor,
    plan,
    signal: context.signal,
    spool: new RowStore({
      columns: isCatalog ? undefined : columns,
      connect: () => context.engine.connect(),
      spills: true,
    }),
    failed: () => context.transaction.fail(),
  };
  return isCatalog ? new CatalogFetch(options, catalogColumns) : new RowsFetch(options, columns);
}

export async function move(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const { plan, name } = readFetch(tokens);
  const cursor = await context.cursors.get(name, (bound) => startPortal(context, bound));
  const interrupt = () => cursor.interrupt(context.signal.reason);
  context.signal.addEventListener('abort', interrupt);
  let count = 0;
  try {
    for await (const { rowCount } of cursor.fetch(plan, true)) {
      context.signal.throwIfAborted();
      count += rowCount;
    }
  } catch (error) {
    cursor.fail();
    throw error;
  } finally {
    context.signal.removeEventListener('abort', interrupt);
  }
  return finished(`MOVE ${count}`);
}

/** A portal of the protocol that nobody has executed yet. */
async function startPortal(
  context: SessionContext,
  bound: BoundStatement,
): Promise<RowsExecution | CatalogExecution> {
  const execution = withRows(await context.runAny(bound));
  return execution.kind === 'rows' ? materialised(execution, () => context.engine.connect()) : execution;
}

/** CLOSE name | ALL */
export async function close({ cursors }: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const reader = new Reader(tokens);
  reader.expect('close');
  const { value: name, token } = reader.name('the name of a cursor or ALL');
  reader.expectEnd();
  if (token.kind === 'word' && name === 'all') {
    await cursors.closeAll();
    return finished('CLOSE CURSOR ALL');
  }
  await cursors.close(name);
  return finished('CLOSE CURSOR');
}

/** FETCH | MOVE [direction] [FROM | IN] name */
function readFetch(tokens: readonly Token[]): { readonly plan: FetchPlan; readonly name: string } {
  const reader = new Reader(tokens);
  if (!reader.accept('fetch')) reader.expect('move');
  // A cursor may be called as a direction is.
  const plan = tokens.length === 2 ? forward(1) : readPlan(reader);
  if (!reader.accept('from')) reader.accept('in');
  const { value: name } = reader.name('the name of a cursor');
  reader.expectEnd();
  return { plan, name };
}

function forward(count: number): FetchPlan {
  return { kind: 'forward', count };
}

function readPlan(reader: Reader): FetchPlan {
  if (reader.accept('next')) return forward(1);
  if (reader.accept('prior')) return { kind: 'backward', count: 1 };
  if (reader.accept('first')) return { kind: 'absolute', count: 1 };
  if (reader.accept('last')) return { kind: 'absolute', count: -1 };
  if (reader.accept('absolute')) return { kind: 'absolute', count: required(reader) };
  if (reader.accept('relative')) return { kind: 'relative', count: required(reader) };
  if (reader.accept('all')) return forward(ALL);
  if (reader.accept('forward')) return forward(reader.accept('all') ? ALL : (readCount(reader) ?? 1));
  if (reader.accept('backward')) {
    return { kind: 'backward', count: reader.accept('all') ? ALL : (readCount(reader) ?? 1) };
  }
  return forward(readCount(reader) ?? 1);
}

function required(reader: Reader): number {
  const count = readCount(reader);
  if (count === undefined) throw reader.unexpected('a number');
  return count;
}

function readCount(reader: Reader): number | undefined {
  const negative = reader.accept('-');
  if (!negative) reader.accept('+');
  const token = reader.peek();
  if (token?.kind !== 'number') {
    if (negative) throw reader.unexpected('a number');
    return undefined;
  }
  const count = Number(token.value.replaceAll('_', ''));
  if (!Number.isInteger(count)) throw reader.unexpected('a whole number');
  reader.accept(token.value);
  return negative ? -count : count;
}
