/** Image tables: plain tables filled from a listing. Only CREATE, REFRESH and DROP change them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { WriteTarget } from '../text/writes.ts';

export interface ImageTable {
  readonly schema: string;
  readonly name: string;
  readonly uris: readonly string[];
}

/** @param parts the name as it was written, with or without schema */
export async function findImageTable(
  connection: DuckDBConnection,
  parts: readonly string[],
): Promise<ImageTable | undefined> {
  const name = parts.at(-1) ?? '';
  const schema = parts.at(-2) ?? 'public';
  const reader = await connection.runAndReadAll(
    `SELECT schema_name, name, to_json(uris)::VARCHAR FROM sqlens_internal.image_tables
     WHERE lower(schema_name) = lower($1) AND lower(name) = lower($2)`,
    [schema, name],
  );
  const row = reader.getRows()[0];
  if (row === undefined) return undefined;
  const uris: string[] = JSON.parse(String(row[2]));
  return { schema: String(row[0]), name: String(row[1]), uris };
}

/** @throws 42809 when the target is an image table */
export async function refuseImageTable(
  connection: DuckDBConnection,
  target: WriteTarget | undefined,
  verb: string,
): Promise<void> {
  if (target === undefined) return;
  const table = await findImageTable(connection, target.parts);
  if (table === undefined) return;
  throw new SqlensError({
    sqlState: SqlState.wrongObjectType,
    message: `cannot ${verb} "${table.name}": it is an image table, which shows what its locations hold`,
    hint: 'REFRESH TABLE lists them again; CREATE TABLE … AS SELECT makes a table of your own.',
  });
}

/** Forgets image tables whose table is gone (DROP TABLE, DROP SCHEMA). */
export async function forgetDroppedImageTables(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    `DELETE FROM sqlens_internal.image_tables AS kept WHERE NOT EXISTS (
       SELECT 1 FROM duckdb_tables() AS t
       WHERE t.schema_name = kept.schema_name AND t.table_name = kept.name AND NOT t.internal AND NOT t.temporary)`,
  );
}
