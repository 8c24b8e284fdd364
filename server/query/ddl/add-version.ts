/** Where every way of registering a model ends: a new version, the default from now on, whose function people call. */
import { type SqlensError, SqlState } from '../../../common/errors.ts';
import type { Manifest } from '../../../models/artifact.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { claimName, findModel, insertVersion } from '../engine/model-table.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { errorAt } from './cursor.ts';
import { inTransaction } from './in-transaction.ts';
import { defineModelFunction, dropModelFunction } from './model-function.ts';

/**
 * @param spec with an id of its own; its version is given here
 * @param replace whether there may be a model of that name
 * @param nameToken that an error points at
 */
export async function addVersion(
  context: SessionContext,
  spec: ModelSpec,
  manifest: Manifest,
  { replace, nameToken }: { readonly replace: boolean; readonly nameToken: Token },
): Promise<void> {
  const { engine, connection } = context;
  const artifactPath = engine.artifacts.pathOf(manifest.digest);
  const own = context.transaction.isOpen ? connection : undefined;
  const fn = engine.registry.defineModel(spec, manifest, artifactPath, own);
  await inTransaction(context, async () => {
    await claimName(connection, spec.name);
    // Another session may have registered it since it was looked for.
    const replaced = await findModel(connection, spec.name);
    if (replaced !== undefined && !replace) throw alreadyExists(spec.name, nameToken);
    if (replaced !== undefined) await dropModelFunction(connection, replaced);
    const name = replaced?.name ?? spec.name;
    await insertVersion(connection, { ...spec, name }, manifest, context.user);
    await defineModelFunction(connection, spec, fn);
  });
}

export function alreadyExists(name: string, token: Token): SqlensError {
  return errorAt(
    token,
    SqlState.duplicateObject,
    `model "${name}" already exists`,
    'CREATE OR REPLACE MODEL adds a version to it.',
  );
}
