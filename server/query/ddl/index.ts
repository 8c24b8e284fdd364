/** The statements that SQLens adds to SQL, one entry each. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { SqlensVerb } from '../text/statements.ts';
import { createModel, REGISTER_COLUMNS, registerKerasUdf } from './create-model.ts';
import { createImageTable, dropImageTable, refreshTable } from './image-table-ddl.ts';
import {
  DESCRIBE_MODEL_COLUMNS,
  describeModel,
  dropModel,
  SHOW_MODELS_COLUMNS,
  showModels,
} from './models.ts';

interface Verb {
  /** Undefined when it returns no rows. */
  readonly columns: readonly ResultColumn[] | undefined;
  run(context: SessionContext, parsed: Parsed): Promise<RowsExecution>;
}

const VERBS: Readonly<Record<SqlensVerb, Verb>> = {
  'create-model': { columns: undefined, run: createModel },
  'drop-model': { columns: undefined, run: dropModel },
  'alter-model': {
    columns: undefined,
    run: async () => {
      throw new SqlensError({
        sqlState: SqlState.featureNotSupported,
        message: 'ALTER MODEL is not supported',
        hint: 'CREATE OR REPLACE MODEL registers another file or other options under the same name.',
      });
    },
  },
  'show-models': { columns: SHOW_MODELS_COLUMNS, run: showModels },
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
