/** SHOW NAMED MODELS: what image_predict and image_features can be asked for. */
import { BIGINT, BOOLEAN, INTEGER, VARCHAR } from '@duckdb/node-api';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { Cursor } from './cursor.ts';

export const SHOW_NAMED_MODELS_COLUMNS: readonly ResultColumn[] = [
  { name: 'name', type: VARCHAR },
  { name: 'size', type: INTEGER },
  { name: 'preprocess', type: VARCHAR },
  { name: 'features', type: INTEGER },
  { name: 'parameters', type: BIGINT },
  { name: 'here', type: BOOLEAN },
  { name: 'source', type: VARCHAR },
];

/** One row for each, in the catalog's order; `here` is whether calling it needs no network. */
export async function showNamedModels(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('show', 'named', 'models');
  cursor.expectEnd();
  const { namedModels } = context.engine.options;
  const rows = namedModels.all.map((model) => [
    model.name,
    model.inputSize_px,
    model.preprocess,
    model.featureCount,
    BigInt(model.parameterCount),
    namedModels.isHere(model),
    model.weights.top.url,
  ]);
  return fromRows(SHOW_NAMED_MODELS_COLUMNS, rows, 'SHOW');
}
