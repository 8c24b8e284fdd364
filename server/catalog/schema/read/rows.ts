/** Reads a statement's single column of JSON texts without keeping the event loop for long. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { Pace } from '../pace.ts';

/**
 * The values that a statement's rows of one JSON text each hold.
 * @param parse JSON.parse with the row's type: the texts are made by our own SELECT
 */
export async function readJson<T>(
  connection: DuckDBConnection,
  sql: string,
  parse: (text: string) => T,
): Promise<T[]> {
  // Not streamed: a stream that fails half-way would pass for a complete one.
  const result = await connection.run(sql);
  const values: T[] = [];
  const pace = new Pace();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return values;
    for (const text of chunk.getColumnValues(0)) {
      values.push(parse(String(text)));
      if (pace.isDue) await pace.rest();
    }
  }
}
