/** The models' rows in the database: what CREATE MODEL settled, transactional like any other table. */
import { type DuckDBConnection, DuckDBTimestampTZValue } from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { Manifest } from '../../../models/artifact.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { quoteIdentifier } from '../text/tokens.ts';
import type { Engine } from './engine.ts';

export interface ModelRow {
  readonly spec: ModelSpec;
  readonly createdBy: string;
}

/** Registers the functions of all models at start, and deletes artifacts that no model refers to. */
export async function loadModels(engine: Engine, connection: DuckDBConnection): Promise<void> {
  const rows = (
    await connection.runAndReadAll('SELECT spec FROM sqlens_internal.models ORDER BY id')
  ).getRows();
  const digests = new Set<string>();
  let allRead = true;
  for (const [text] of rows) {
    let spec: ModelSpec;
    try {
      spec = parseSpec(String(text));
    } catch (error) {
      allRead = false;
      engine.options.logger.error({ reason: messageOf(error) }, 'model not loaded');
      continue;
    }
    digests.add(spec.digest);
    try {
      const manifest = await engine.artifacts.manifest(spec.digest);
      if (!(await engine.artifacts.verify(spec.digest))) throw damaged(spec.digest);
      engine.registry.defineModel(spec, manifest, engine.artifacts.pathOf(spec.digest));
    } catch (error) {
      // The server must start with the models that are whole; calling this one says that it is not there.
      engine.options.logger.error({ model: spec.name, reason: messageOf(error) }, 'model not loaded');
    }
  }
  // A row that cannot be read does not say which artifact it needs.
  if (allRead) await engine.artifacts.collect(digests);
}

export async function findModel(connection: DuckDBConnection, name: string): Promise<ModelSpec | undefined> {
  const reader = await connection.runAndReadAll(
    'SELECT spec FROM sqlens_internal.models WHERE lower(name) = lower($1) ORDER BY version DESC LIMIT 1',
    [name],
  );
  const text = reader.getRows()[0]?.[0];
  return text === undefined ? undefined : parseSpec(String(text));
}

/**
 * Makes two transactions that change the model of one name conflict (40001), in whatever order they come: rows alone
 * would not, since nothing in a table says that there is no other row of that name.
 */
export async function claimName(connection: DuckDBConnection, name: string): Promise<void> {
  const claim = `sqlens_internal.${quoteIdentifier(`claim:${name.toLowerCase()}`)}`;
  await connection.run(`CREATE OR REPLACE MACRO ${claim}() AS NULL`);
  await connection.run(`DROP MACRO ${claim}`);
}

export async function insertModel(
  connection: DuckDBConnection,
  spec: ModelSpec,
  manifest: Manifest,
  user: string,
): Promise<void> {
  await connection.run(
    'INSERT INTO sqlens_internal.models VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)',
    [
      spec.id,
      spec.name,
      spec.version,
      spec.digest,
      manifest.format,
      JSON.stringify(spec),
      spec.source,
      BigInt(manifest.size_bytes),
      BigInt(manifest.parameterCount),
      new DuckDBTimestampTZValue(BigInt(Date.now()) * 1000n),
      user,
    ],
  );
}

export async function deleteModel(connection: DuckDBConnection, name: string): Promise<void> {
  await connection.run('DELETE FROM sqlens_internal.models WHERE lower(name) = lower($1)', [name]);
}

/** @throws XX001 when the row is not what CREATE MODEL wrote */
function parseSpec(text: string): ModelSpec {
  const spec: Partial<ModelSpec> = JSON.parse(text);
  if (isComplete(spec)) return spec;
  throw new SqlensError({
    sqlState: SqlState.dataCorrupted,
    message: `the row of model "${spec.name ?? '?'}" is damaged`,
    hint: 'Register the model again with CREATE OR REPLACE MODEL.',
  });
}

function isComplete(spec: Partial<ModelSpec>): spec is ModelSpec {
  const texts = [spec.name, spec.functionName, spec.digest, spec.returns, spec.source];
  const numbers = [spec.id, spec.version, spec.top_k, spec.batchSize];
  return (
    texts.every((value) => typeof value === 'string') && numbers.every((value) => typeof value === 'number')
  );
}

function damaged(digest: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.dataCorrupted,
    message: `artifact ${digest} is not what its digest says`,
    hint: 'Register the model again with CREATE OR REPLACE MODEL.',
  });
}
