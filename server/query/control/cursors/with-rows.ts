/** Executions that give rows, which is what a cursor is made of. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import type { CatalogExecution, Execution, RowsExecution } from '../../api.ts';

/** @throws 42809 for COPY, whose data goes another way */
export function withRows(execution: Execution): RowsExecution | CatalogExecution {
  if (execution.kind === 'rows' || execution.kind === 'catalog') return execution;
  throw new SqlensError({
    sqlState: SqlState.wrongObjectType,
    message: 'a statement without rows cannot be fetched from',
  });
}
