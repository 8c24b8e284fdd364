/**
 * ALTER MODEL [IF EXISTS] name SET DEFAULT_VERSION = n: from the next statement on, the model's function is that of
 * version n. A statement that runs has the macro of its own snapshot, and finishes on the version it began with.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { InferenceFunction } from '../../../udf-registry/inference-function.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { internalNameOf } from '../../../udf-registry/registry.ts';
import type { RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { claimName, findModel, setDefaultVersion, verifyArtifact } from '../engine/model-table.ts';
import { finished } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { Cursor, pointedAt } from './cursor.ts';
import { inTransaction, noteSkipped } from './in-transaction.ts';
import { defineModelFunction, dropModelFunction, refuseTakenFunction } from './model-function.ts';
import { readVersion, requireVersion, unknownModel } from './model-versions.ts';

export async function alterModel(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const cursor = new Cursor(parsed.tokens);
  cursor.expect('alter', 'model');
  const ifExists = cursor.accept('if', 'exists');
  const { value, token } = cursor.name("the model's name");
  if (cursor.accept('rename')) throw cannotRename();
  cursor.expect('set');
  if (!cursor.accept('default_version')) throw cursor.unexpected('DEFAULT_VERSION');
  if (!cursor.accept('=')) cursor.accept('to');
  const wanted = readVersion(cursor);
  cursor.expectEnd();
  const { connection } = context;
  await inTransaction(context, async () => {
    const current = await findModel(connection, value);
    if (current === undefined) {
      if (!ifExists) throw unknownModel(value, token);
      noteSkipped(context, SqlState.undefinedObject, `model "${value}" does not exist`);
      return;
    }
    const next = await requireVersion(connection, current.name, wanted);
    if (next === undefined || next.version === current.version) return;
    await claimName(connection, current.name);
    if (next.functionName.toLowerCase() !== current.functionName.toLowerCase()) {
      await refuseTakenFunction(connection, next, token);
    }
    try {
      const fn = await internalFunction(context, next);
      await dropModelFunction(connection, current);
      await defineModelFunction(connection, next, fn);
    } catch (error) {
      throw pointedAt(wanted.token, error);
    }
    await setDefaultVersion(connection, next);
  });
  return finished('ALTER MODEL');
}

/**
 * The function of a version, whose artifact is looked at as it is when the server starts with it.
 * @throws XX001 when the artifact is missing or damaged
 */
async function internalFunction({ engine }: SessionContext, spec: ModelSpec): Promise<InferenceFunction> {
  const manifest = await engine.artifacts.manifest(spec.digest);
  await verifyArtifact(engine, spec);
  const known = engine.registry.functions.get(internalNameOf(spec));
  // Where the artifact was damaged when the server started, and has been registered again since.
  return known ?? engine.registry.defineModel(spec, manifest, engine.artifacts.pathOf(spec.digest));
}

function cannotRename(): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: 'ALTER MODEL … RENAME is not supported',
    hint: 'CREATE MODEL new FROM MODEL old registers the same model under another name; then DROP MODEL old.',
  });
}
