/** Statements bound to values, for callers that are no protocol. */
import type { BackendSession, BoundStatement, PreparedStatement, RowsExecution } from '../api.ts';

/** A statement without parameters; the catalog's answers come as text. */
export function withoutParameters(statement: PreparedStatement): BoundStatement {
  return statement.kind === 'engine'
    ? { kind: 'engine', statement, parameters: [] }
    : { kind: 'catalog', statement, parameters: [], parameterFormats: [], resultFormats: [] };
}

/** Runs one statement of ours, which the engine answers. */
export async function executeOwn(session: BackendSession, sql: string): Promise<RowsExecution> {
  const bound = withoutParameters(await session.prepare(sql, []));
  const execution = await session.execute(bound, { alone: true });
  if (execution.kind === 'rows') return execution;
  await execution.close();
  throw new TypeError(`not a statement for the engine: ${sql}`);
}
