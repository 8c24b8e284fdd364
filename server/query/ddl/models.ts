/** DROP MODEL, SHOW MODELS, DESCRIBE MODEL. */
import { BIGINT, VARCHAR } from '@duckdb/node-api';
import { type SqlensError, SqlState } from '../../../common/errors.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { claimName, deleteModel, findModel } from '../engine/model-table.ts';
import { finished, fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { quoteIdentifier, type Token } from '../text/tokens.ts';
import { Cursor, errorAt } from './cursor.ts';
import { inTransaction, noteSkipped } from './in-transaction.ts';

/** DROP MODEL [IF EXISTS] name [, …] */
export async function dropModel(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('drop', 'model');
  const ifExists = cursor.accept('if', 'exists');
  const names: { value: string; token: Token }[] = [];
  do names.push(cursor.name("the model's name"));
  while (cursor.accept(','));
  cursor.expectEnd();
  await inTransaction(context, async () => {
    for (const { value, token } of names) {
      const spec = await findModel(context.connection, value);
      if (spec === undefined && !ifExists) throw unknownModel(value, token);
      if (spec === undefined) {
        noteSkipped(context, SqlState.undefinedObject, `model "${value}" does not exist`);
        continue;
      }
      await claimName(context.connection, spec.name);
      await deleteModel(context.connection, spec.name);
      await context.connection.run(`DROP MACRO IF EXISTS public.${quoteIdentifier(spec.functionName)}`);
    }
  });
  return finished('DROP MODEL');
}

export const SHOW_MODELS_COLUMNS: readonly ResultColumn[] = [
  { name: 'name', type: VARCHAR },
  { name: 'function', type: VARCHAR },
  { name: 'returns', type: VARCHAR },
  { name: 'format', type: VARCHAR },
  { name: 'preprocess', type: VARCHAR },
  { name: 'parameters', type: BIGINT },
  { name: 'source', type: VARCHAR },
];

export async function showModels(context: SessionContext): Promise<RowsExecution> {
  const reader = await context.connection.runAndReadAll(
    'SELECT name, function, returns, format, preprocess, parameter_count, source FROM sqlens.models ORDER BY name',
  );
  return fromRows(SHOW_MODELS_COLUMNS, reader.getRows(), 'SHOW');
}

export const DESCRIBE_MODEL_COLUMNS: readonly ResultColumn[] = [
  { name: 'layer', type: VARCHAR },
  { name: 'class', type: VARCHAR },
  { name: 'output_shape', type: VARCHAR },
  { name: 'parameters', type: BIGINT },
];

/** DESCRIBE MODEL name: what goes in, the layers, what comes out. */
export async function describeModel(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  if (!cursor.accept('desc')) cursor.expect('describe');
  cursor.expect('model');
  const { value, token } = cursor.name("the model's name");
  cursor.expectEnd();
  const spec = await findModel(context.connection, value);
  if (spec === undefined) throw unknownModel(value, token);
  const manifest = await context.engine.artifacts.manifest(spec.digest);
  const shape = (sizes: readonly (number | null)[]) => `(${sizes.map((size) => size ?? '?').join(', ')})`;
  const rows = [
    ...manifest.inputs.map((input) => [input.name, 'input', shape(input.shape), 0n]),
    ['preprocess', spec.preprocess, '', 0n],
    ...manifest.layers.map((layer) => [
      layer.name,
      layer.className,
      shape(layer.outputShape),
      BigInt(layer.parameterCount),
    ]),
    ...manifest.outputs.map((output) => [output.name, 'output', shape(output.shape), 0n]),
    [spec.functionName, 'function', describeReturns(spec), BigInt(manifest.parameterCount)],
  ];
  return fromRows(DESCRIBE_MODEL_COLUMNS, rows, 'DESCRIBE');
}

function describeReturns(spec: ModelSpec): string {
  switch (spec.returns) {
    case 'labels':
      return `the best ${Math.min(spec.top_k, spec.labels?.length ?? 0)} of ${spec.labels?.length ?? 0} labels`;
    case 'label':
      return 'VARCHAR';
    case 'number':
      return 'FLOAT';
    case 'vector':
      return 'FLOAT[]';
  }
}

function unknownModel(name: string, token: Token): SqlensError {
  return errorAt(
    token,
    SqlState.undefinedObject,
    `model "${name}" does not exist`,
    'SHOW MODELS lists the models.',
  );
}
