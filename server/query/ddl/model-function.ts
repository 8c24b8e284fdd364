/** The function that people call: a macro over the internal function of a model's default version. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlState } from '../../../common/errors.ts';
import type { InferenceFunction } from '../../../udf-registry/inference-function.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { macroOf } from '../../../udf-registry/registry.ts';
import { findModel } from '../engine/model-table.ts';
import { quoteIdentifier, type Token } from '../text/tokens.ts';
import { errorAt } from './cursor.ts';

/** @param fn the version's internal function */
export async function defineModelFunction(
  connection: DuckDBConnection,
  spec: Pick<ModelSpec, 'functionName'>,
  fn: InferenceFunction,
): Promise<void> {
  const { parameters, body } = macroOf(fn);
  await connection.run(`CREATE MACRO public.${quoteIdentifier(spec.functionName)}(${parameters}) AS ${body}`);
}

export async function dropModelFunction(
  connection: DuckDBConnection,
  spec: Pick<ModelSpec, 'functionName'>,
): Promise<void> {
  await connection.run(`DROP MACRO IF EXISTS public.${quoteIdentifier(spec.functionName)}`);
}

/**
 * A model's function must not hide one of the engine's, nor take the name of another's.
 * @param token that the error points at
 * @throws 42723
 */
export async function refuseTakenFunction(
  connection: DuckDBConnection,
  { name, functionName }: Pick<ModelSpec, 'name' | 'functionName'>,
  token: Token,
): Promise<void> {
  // It is the model's already. Asking the engine for all of its functions takes longer than everything else.
  const current = await findModel(connection, name);
  if (current?.functionName.toLowerCase() === functionName.toLowerCase()) return;
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_functions()
     WHERE lower(function_name) = lower($1) AND (internal OR schema_name IN ('sqlens', 'public')) LIMIT 1`,
    [functionName],
  );
  if (reader.getRows().length === 0) return;
  throw errorAt(
    token,
    SqlState.duplicateFunction,
    `function "${functionName}" already exists`,
    'Choose another name with FUNCTION name, or drop the function.',
  );
}
