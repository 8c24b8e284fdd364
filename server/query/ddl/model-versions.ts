/** How statements name one version of a model. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type SqlensError, SqlState } from '../../../common/errors.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { findVersion, versionsOf } from '../engine/model-table.ts';
import type { Token } from '../text/tokens.ts';
import { type Cursor, errorAt } from './cursor.ts';

/** What DuckDB's INTEGER holds. */
const MAX_VERSION = 2 ** 31 - 1;

export interface VersionNumber {
  readonly version: number;
  readonly token: Token;
}

/** Reads a version's number. */
export function readVersion(cursor: Cursor): VersionNumber {
  const token = cursor.peek();
  const wanted = "a version's number";
  if (token?.kind !== 'number' || !/^\d+$/.test(token.value)) throw cursor.unexpected(wanted);
  cursor.take();
  const version = Number(token.value);
  if (version > MAX_VERSION) {
    throw errorAt(token, SqlState.numericValueOutOfRange, `version ${token.value} is out of range`);
  }
  return { version, token };
}

/**
 * @param name of a model that there is
 * @param optional gives undefined instead of an error
 * @throws 42704 when the model has no such version
 */
export async function requireVersion(
  connection: DuckDBConnection,
  name: string,
  { version, token }: VersionNumber,
  optional = false,
): Promise<ModelSpec | undefined> {
  const spec = await findVersion(connection, name, version);
  if (spec !== undefined || optional) return spec;
  throw errorAt(
    token,
    SqlState.undefinedObject,
    `model "${name}" has no version ${version}`,
    `It has ${listed(await versionsOf(connection, name))}.`,
  );
}

/** `versions 1, 2, 5`, with the middle left out where there are many. */
function listed(versions: readonly number[]): string {
  const shown = versions.length > 8 ? [...versions.slice(0, 4), '…', ...versions.slice(-3)] : versions;
  return `${versions.length === 1 ? 'only version' : 'versions'} ${shown.join(', ')}`;
}

export function unknownModel(name: string, token: Token): SqlensError {
  return errorAt(
    token,
    SqlState.undefinedObject,
    `model "${name}" does not exist`,
    'SHOW MODELS lists the models.',
  );
}
