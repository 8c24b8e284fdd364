/**
 * The models' rows in the database, one for each version: what CREATE MODEL settled, transactional like any other table.
 * The default version is the one that a model's function calls.
 */
import { type DuckDBConnection, DuckDBTimestampTZValue } from '@duckdb/node-api';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import type { Manifest, TensorSpec } from '../../../models/artifact.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { quoteIdentifier } from '../text/tokens.ts';
import type { Engine } from './engine.ts';

/** Versions of one model that are kept: each has its own function, whose definition is in memory. */
const MAX_VERSIONS = 10_000;

/**
 * Registers the functions of all versions at start, and deletes artifacts that none refers to. The artifacts of default
 * versions are compared with their digests; those of others when they become the default.
 */
export async function loadModels(engine: Engine, connection: DuckDBConnection): Promise<void> {
  const rows = (
    await connection.runAndReadAll(
      `SELECT spec, version = default_version, inputs IS NULL
       FROM sqlens_internal.model_versions AS versions
       LEFT JOIN sqlens_internal.model_names AS names ON names.name = versions.name ORDER BY id`,
    )
  ).getRows();
  const manifests = new Map<string, Manifest>();
  const digests = new Set<string>();
  let allRead = true;
  for (const [text, isDefault, isUndescribed] of rows) {
    let spec: ModelSpec;
    try {
      spec = parseSpec(String(text));
    } catch (error) {
      allRead = false;
      engine.options.logger.error({ reason: messageOf(error) }, 'model not loaded');
      continue;
    }
    digests.add(spec.digest);
    if (spec.text !== undefined) digests.add(spec.text.tokenizer);
    try {
      const manifest = manifests.get(spec.digest) ?? (await engine.artifacts.manifest(spec.digest));
      manifests.set(spec.digest, manifest);
      if (isDefault === true) await verifyArtifact(engine, spec);
      engine.registry.defineModel(spec, manifest, engine.artifacts.pathOf(spec.digest));
      if (isUndescribed === true) await describeVersion(connection, spec, manifest);
    } catch (error) {
      // The server must start with the models that are whole; calling this one says that it is not there.
      engine.options.logger.error(
        { model: spec.name, version: spec.version, reason: messageOf(error) },
        'model not loaded',
      );
    }
  }
  // A row that cannot be read does not say which artifact it needs.
  if (allRead) await engine.artifacts.collect(digests);
}

/** @throws XX001 when the artifact is missing or not what its digest says */
export async function verifyArtifact({ artifacts }: Engine, { digest, text }: ModelSpec): Promise<void> {
  if (!(await artifacts.verify(digest))) throw damaged(digest);
  if (text !== undefined && !(await artifacts.verifyTokenizer(text.tokenizer))) throw damaged(text.tokenizer);
}

/** The model's default version. */
export async function findModel(connection: DuckDBConnection, name: string): Promise<ModelSpec | undefined> {
  const reader = await connection.runAndReadAll(
    'SELECT spec FROM sqlens_internal.default_models WHERE lower(name) = lower($1)',
    [name],
  );
  const text = reader.getRows()[0]?.[0];
  return text === undefined ? undefined : parseSpec(String(text));
}

export async function findVersion(
  connection: DuckDBConnection,
  name: string,
  version: number,
): Promise<ModelSpec | undefined> {
  const reader = await connection.runAndReadAll(
    'SELECT spec FROM sqlens_internal.model_versions WHERE lower(name) = lower($1) AND version = $2',
    [name, version],
  );
  const text = reader.getRows()[0]?.[0];
  return text === undefined ? undefined : parseSpec(String(text));
}

/** The numbers of a model's versions, in their order. */
export async function versionsOf(connection: DuckDBConnection, name: string): Promise<number[]> {
  const reader = await connection.runAndReadAll(
    'SELECT version FROM sqlens_internal.model_versions WHERE lower(name) = lower($1) ORDER BY version',
    [name],
  );
  return reader.getRows().map(([version]) => Number(version));
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

/**
 * Inserts a model's next version and makes it the default.
 * @returns its number
 * @throws 54000 when the model has too many
 */
export async function insertVersion(
  connection: DuckDBConnection,
  spec: Omit<ModelSpec, 'version'>,
  manifest: Manifest,
  user: string,
): Promise<number> {
  const { name } = spec;
  if ((await versionsOf(connection, name)).length >= MAX_VERSIONS) throw tooManyVersions(name);
  const reader = await connection.runAndReadAll(
    'SELECT last_version FROM sqlens_internal.model_names WHERE name = $1',
    [name],
  );
  const version = Number(reader.getRows()[0]?.[0] ?? 0) + 1;
  const values = [
    spec.id,
    name,
    version,
    spec.digest,
    manifest.format,
    JSON.stringify({ ...spec, version }),
    spec.source,
    BigInt(manifest.size_bytes),
    BigInt(manifest.parameterCount),
    ...describeTensors(manifest),
    new DuckDBTimestampTZValue(BigInt(Date.now()) * 1000n),
    user,
  ];
  const places = values.map((_, i) => `$${i + 1}`).join(', ');
  await connection.run(`INSERT INTO sqlens_internal.model_versions VALUES (${places})`, values);
  if (version === 1)
    await connection.run('INSERT INTO sqlens_internal.model_names VALUES ($1, 1, 1)', [name]);
  else {
    await connection.run(
      'UPDATE sqlens_internal.model_names SET default_version = $2, last_version = $2 WHERE name = $1',
      [name, version],
    );
  }
  return version;
}

export async function setDefaultVersion(connection: DuckDBConnection, spec: ModelSpec): Promise<void> {
  await connection.run('UPDATE sqlens_internal.model_names SET default_version = $2 WHERE name = $1', [
    spec.name,
    spec.version,
  ]);
}

/** Deletes a model with all its versions. */
export async function deleteModel(connection: DuckDBConnection, name: string): Promise<void> {
  for (const table of ['model_versions', 'model_names']) {
    await connection.run(`DELETE FROM sqlens_internal.${table} WHERE lower(name) = lower($1)`, [name]);
  }
}

export async function deleteVersion(connection: DuckDBConnection, spec: ModelSpec): Promise<void> {
  await connection.run('DELETE FROM sqlens_internal.model_versions WHERE name = $1 AND version = $2', [
    spec.name,
    spec.version,
  ]);
}

/** Of a row that an earlier layout left without. */
async function describeVersion(
  connection: DuckDBConnection,
  spec: ModelSpec,
  manifest: Manifest,
): Promise<void> {
  await connection.run('UPDATE sqlens_internal.model_versions SET inputs = $2, outputs = $3 WHERE id = $1', [
    spec.id,
    ...describeTensors(manifest),
  ]);
}

/** Inputs and outputs as text: `image uint8(224, 224, 3)`. */
function describeTensors({ inputs, outputs }: Manifest): [inputs: string, outputs: string] {
  const describe = (tensors: readonly TensorSpec[]): string =>
    tensors
      .map(({ name, type, shape }) => `${name} ${type}(${shape.map((size) => size ?? '?').join(', ')})`)
      .join(', ');
  return [describe(inputs), describe(outputs)];
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

function tooManyVersions(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `model "${name}" has ${MAX_VERSIONS} versions, and may not have more`,
    hint: 'DROP MODEL … VERSION n removes one that is no longer needed.',
  });
}
