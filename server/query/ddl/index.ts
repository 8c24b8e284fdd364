/** The statements that SQLens adds to SQL, one entry each. */
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { SqlensVerb } from '../text/statements.ts';
import { alterModel } from './alter-model.ts';
import { createModel, REGISTER_COLUMNS, registerKerasUdf } from './create-model.ts';
import { DESCRIBE_MODEL_COLUMNS, describeModel } from './describe-model.ts';
import { createImageTable, dropImageTable, refreshTable } from './image-table-ddl.ts';
import {
  dropModel,
  SHOW_MODELS_COLUMNS,
  SHOW_VERSIONS_COLUMNS,
  showModels,
  showModelVersions,
} from './models.ts';
import { SHOW_NAMED_MODELS_COLUMNS, showNamedModels } from './named-models.ts';

interface Verb {
  /** Undefined when it returns no rows. */
  readonly columns: readonly ResultColumn[] | undefined;
  run(context: SessionContext, parsed: Parsed): Promise<RowsExecution>;
}

const VERBS: Readonly<Record<SqlensVerb, Verb>> = {
  'create-model': { columns: undefined, run: createModel },
  'drop-model': { columns: undefined, run: dropModel },
  'alter-model': { columns: undefined, run: alterModel },
  'show-named-models': { columns: SHOW_NAMED_MODELS_COLUMNS, run: showNamedModels },
  'show-models': { columns: SHOW_MODELS_COLUMNS, run: showModels },
  'show-model-versions': { columns: SHOW_VERSIONS_COLUMNS, run: showModelVersions },
  'describe-model': { columns: DESCRIBE_MODEL_COLUMNS, run: describeModel },
  'register-keras-udf': { columns: REGISTER_COLUMNS, run: registerKerasUdf },
  'create-image-table': { columns: undefined, run: createImageTable },
  'refresh-table': { columns: undefined, run: refreshTable },
  'drop-image-table': { columns: undefined, run: dropImageTable },
};

export function sqlensColumns(verb: SqlensVerb): readonly ResultColumn[] | undefined {
  return VERBS[verb].columns;
}

export function runSqlensVerb(
  context: SessionContext,
  verb: SqlensVerb,
  parsed: Parsed,
): Promise<RowsExecution> {
  return VERBS[verb].run(context, parsed);
}
