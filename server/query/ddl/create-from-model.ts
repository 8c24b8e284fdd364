/**
 * CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name FROM MODEL other [VERSION n] [FUNCTION name]: the same artifact and
 * options again, under another name (to call an older version beside the default) or as a new version. Nothing is read
 * or compiled, and answers that are there hold.
 */
import { SqlState } from '../../../common/errors.ts';
import { findModel, verifyArtifact } from '../engine/model-table.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { addVersion, alreadyExists } from './add-version.ts';
import { Cursor } from './cursor.ts';
import { noteSkipped } from './in-transaction.ts';
import { refuseTakenFunction } from './model-function.ts';
import { readVersion, requireVersion, unknownModel, type VersionNumber } from './model-versions.ts';

interface Definition {
  readonly name: string;
  readonly nameToken: Token;
  readonly other: { readonly value: string; readonly token: Token };
  readonly version: VersionNumber | undefined;
  readonly functionName: string;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
}

/** @returns undefined for a CREATE MODEL from a file */
function parse(tokens: readonly Token[]): Definition | undefined {
  const cursor = new Cursor(tokens);
  cursor.expect('create');
  const replace = cursor.accept('or', 'replace');
  cursor.expect('model');
  const ifNotExists = cursor.accept('if', 'not', 'exists');
  const { value: name, token: nameToken } = cursor.name("the model's name");
  if (!cursor.accept('from', 'model')) return undefined;
  const other = cursor.name("the other model's name");
  const version = cursor.accept('version') ? readVersion(cursor) : undefined;
  const functionName = cursor.accept('function') ? cursor.name("the function's name").value : name;
  cursor.expectEnd();
  return { name, nameToken, other, version, functionName, replace, ifNotExists };
}

/** @returns false for a CREATE MODEL from a file */
export async function createFromModel(context: SessionContext, tokens: readonly Token[]): Promise<boolean> {
  const definition = parse(tokens);
  if (definition === undefined) return false;
  const { engine, connection } = context;
  const { name, nameToken, other, version, functionName, replace, ifNotExists } = definition;
  const known = await findModel(connection, name);
  if (known !== undefined && ifNotExists) {
    noteSkipped(context, SqlState.duplicateObject, `model "${name}" already exists`);
    return true;
  }
  if (known !== undefined && !replace) throw alreadyExists(name, nameToken);
  await refuseTakenFunction(connection, { name, functionName }, nameToken);
  const current = await findModel(connection, other.value);
  if (current === undefined) throw unknownModel(other.value, other.token);
  const source =
    (version === undefined ? undefined : await requireVersion(connection, current.name, version)) ?? current;
  const manifest = await engine.artifacts.manifest(source.digest);
  await verifyArtifact(engine, source);
  context.signal.throwIfAborted();
  const spec = { ...source, id: engine.registry.nextId(), name, functionName };
  await addVersion(context, spec, manifest, { replace, nameToken });
  return true;
}
