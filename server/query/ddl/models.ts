/** DROP MODEL, SHOW MODELS, SHOW MODEL VERSIONS. */
import { BIGINT, BOOLEAN, INTEGER, TIMESTAMPTZ, VARCHAR } from '@duckdb/node-api';
import { type SqlensError, SqlState } from '../../../common/errors.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { claimName, deleteModel, deleteVersion, findModel } from '../engine/model-table.ts';
import { finished, fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { Cursor, errorAt } from './cursor.ts';
import { inTransaction, noteSkipped } from './in-transaction.ts';
import { dropModelFunction } from './model-function.ts';
import { readVersion, requireVersion, unknownModel, type VersionNumber } from './model-versions.ts';

interface Dropped {
  readonly value: string;
  readonly token: Token;
}

/** DROP MODEL [IF EXISTS] name [, …], or DROP MODEL [IF EXISTS] name VERSION n */
export async function dropModel(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('drop', 'model');
  const ifExists = cursor.accept('if', 'exists');
  const names: Dropped[] = [];
  do names.push(cursor.name("the model's name"));
  while (cursor.accept(','));
  const [first] = names;
  const version = names.length === 1 && cursor.accept('version') ? readVersion(cursor) : undefined;
  cursor.expectEnd();
  await inTransaction(context, async () => {
    if (first !== undefined && version !== undefined) await dropVersion(context, first, version, ifExists);
    else for (const name of names) await dropAllVersions(context, name, ifExists);
  });
  return finished('DROP MODEL');
}

async function dropAllVersions(
  context: SessionContext,
  { value, token }: Dropped,
  ifExists: boolean,
): Promise<void> {
  const spec = await findModel(context.connection, value);
  if (spec === undefined) {
    if (!ifExists) throw unknownModel(value, token);
    noteSkipped(context, SqlState.undefinedObject, `model "${value}" does not exist`);
    return;
  }
  await claimName(context.connection, spec.name);
  await deleteModel(context.connection, spec.name);
  await dropModelFunction(context.connection, spec);
}

async function dropVersion(
  context: SessionContext,
  { value, token }: Dropped,
  wanted: VersionNumber,
  ifExists: boolean,
): Promise<void> {
  const { connection } = context;
  const current = await findModel(connection, value);
  if (current === undefined && !ifExists) throw unknownModel(value, token);
  const spec = current && (await requireVersion(connection, current.name, wanted, ifExists));
  if (current === undefined || spec === undefined) {
    const what = current === undefined ? 'does not exist' : `has no version ${wanted.version}`;
    noteSkipped(context, SqlState.undefinedObject, `model "${value}" ${what}`);
    return;
  }
  if (spec.version === current.version) throw isDefault(wanted, current.name);
  await claimName(connection, spec.name);
  await deleteVersion(connection, spec);
}

function isDefault({ version, token }: VersionNumber, name: string): SqlensError {
  return errorAt(
    token,
    SqlState.objectNotInPrerequisiteState,
    `version ${version} is the default of model "${name}"`,
    'ALTER MODEL … SET DEFAULT_VERSION makes another one the default; DROP MODEL drops them all.',
  );
}

export const SHOW_MODELS_COLUMNS: readonly ResultColumn[] = [
  { name: 'name', type: VARCHAR },
  { name: 'version', type: INTEGER },
  { name: 'versions', type: BIGINT },
  { name: 'function', type: VARCHAR },
  { name: 'returns', type: VARCHAR },
  { name: 'format', type: VARCHAR },
  { name: 'preprocess', type: VARCHAR },
  { name: 'parameters', type: BIGINT },
  { name: 'source', type: VARCHAR },
];

/** SHOW MODELS: what each function calls, which is the model's default version. */
export async function showModels(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('show', 'models');
  cursor.expectEnd();
  const reader = await context.connection.runAndReadAll(
    `SELECT name, version, versions, function, returns, format, preprocess, parameter_count, source
     FROM (SELECT *, count(*) OVER (PARTITION BY name) AS versions FROM sqlens.models)
     WHERE is_default ORDER BY name`,
  );
  return fromRows(SHOW_MODELS_COLUMNS, reader.getRows(), 'SHOW');
}

export const SHOW_VERSIONS_COLUMNS: readonly ResultColumn[] = [
  { name: 'version', type: INTEGER },
  { name: 'is_default', type: BOOLEAN },
  { name: 'function', type: VARCHAR },
  { name: 'returns', type: VARCHAR },
  { name: 'preprocess', type: VARCHAR },
  { name: 'digest', type: VARCHAR },
  { name: 'source', type: VARCHAR },
  { name: 'created_at', type: TIMESTAMPTZ },
  { name: 'created_by', type: VARCHAR },
];

/** SHOW MODEL VERSIONS name, the newest first. */
export async function showModelVersions(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('show', 'model', 'versions');
  const { value, token } = cursor.name("the model's name");
  cursor.expectEnd();
  const reader = await context.connection.runAndReadAll(
    `SELECT version, is_default, function, returns, preprocess, digest, source, created_at, created_by
     FROM sqlens.models WHERE lower(name) = lower($1) ORDER BY version DESC`,
    [value],
  );
  const rows = reader.getRows();
  if (rows.length === 0) throw unknownModel(value, token);
  return fromRows(SHOW_VERSIONS_COLUMNS, rows, 'SHOW');
}
