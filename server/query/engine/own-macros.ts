/** Macros of ours in schema sqlens, which tables of users may depend on: they are made again at every start. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { messageOf } from '../../../common/errors.ts';
import type { Logger } from '../../../udf-registry/logger.ts';

/**
 * A default or a constraint that calls a macro keeps DuckDB from replacing it, even by the same one. Then the one that is
 * there stays: the table was made for it, and a server that does not start helps nobody.
 *
 * @param definitions each `name(parameters) AS expression`
 */
export async function defineMacros(
  connection: DuckDBConnection,
  definitions: readonly string[],
  logger: Logger,
): Promise<void> {
  const statements = definitions.map((definition) => `CREATE OR REPLACE MACRO sqlens.${definition};`);
  const dependent = await tried(connection, statements.join('\n'));
  if (dependent === undefined) return;
  for (const statement of statements) {
    const reason = await tried(connection, statement);
    if (reason !== undefined) logger.info({ statement, reason }, 'a macro stays as it was');
  }
}

/** @returns why not, when something depends on what there is */
async function tried(connection: DuckDBConnection, sql: string): Promise<string | undefined> {
  try {
    await connection.run(sql);
    return undefined;
  } catch (error) {
    const reason = messageOf(error);
    if (reason.includes('"exception_type":"Dependency"')) return reason;
    throw error;
  }
}
