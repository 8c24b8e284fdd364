/** An execution read to its end at once, because its connection is needed for something else. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { RowsExecution } from '../../api.ts';
import { RowStore } from './row-store.ts';

/**
 * @param connect opens a connection for rows that do not fit into memory
 * @returns the same rows, which need no connection of the session
 */
export async function materialised(
  execution: RowsExecution,
  connect: () => Promise<DuckDBConnection>,
): Promise<RowsExecution> {
  const store = new RowStore({ columns: execution.columns ?? [], connect, spills: true });
  try {
    for (let batch = await execution.next(); batch !== undefined; batch = await execution.next()) {
      await store.append(batch);
    }
  } catch (error) {
    store.close();
    throw error;
  } finally {
    await execution.close();
  }
  let at = 0;
  return {
    kind: 'rows',
    columns: execution.columns,
    commandTag: execution.commandTag,
    async next() {
      const batch = await store.read(at, Number.MAX_SAFE_INTEGER);
      at += batch?.rowCount ?? 0;
      return batch !== undefined && 'columns' in batch ? batch : undefined;
    },
    close: async () => store.close(),
  };
}
