/** What the store's file holds of ours: schemas, tables, views; and how a file of an earlier layout becomes one of this. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { rollBack } from '../session/roll-back.ts';

/** The file's layout; a server refuses to guess about a newer one. */
const STORE_VERSION = 2;

/** What says which version wrote the file: nothing else is touched before it has been read. */
const STORE_SCHEMA = `
CREATE SCHEMA IF NOT EXISTS sqlens_internal;
CREATE TABLE IF NOT EXISTS sqlens_internal.store (version INTEGER NOT NULL);
`;

/** One row for each version of a model; which of them its function calls is what \`model_names\` says. */
const MODEL_VERSIONS = `sqlens_internal.model_versions (
  id INTEGER NOT NULL, name VARCHAR NOT NULL, version INTEGER NOT NULL, digest VARCHAR NOT NULL,
  format VARCHAR NOT NULL, spec VARCHAR NOT NULL, source VARCHAR NOT NULL, size_bytes BIGINT NOT NULL,
  parameter_count BIGINT NOT NULL, inputs VARCHAR, outputs VARCHAR,
  created_at TIMESTAMPTZ NOT NULL, created_by VARCHAR NOT NULL)`;

/** \`last_version\` is the highest that there ever was: a number that was dropped does not come again. */
const MODEL_NAMES = `sqlens_internal.model_names (
  name VARCHAR NOT NULL, default_version INTEGER NOT NULL, last_version INTEGER NOT NULL)`;

const SCHEMA = `
CREATE SCHEMA IF NOT EXISTS public;
CREATE SCHEMA IF NOT EXISTS sqlens;
CREATE TABLE IF NOT EXISTS ${MODEL_VERSIONS};
CREATE TABLE IF NOT EXISTS ${MODEL_NAMES};
CREATE TABLE IF NOT EXISTS sqlens_internal.image_tables (
  schema_name VARCHAR NOT NULL, name VARCHAR NOT NULL, uris VARCHAR[] NOT NULL,
  created_at TIMESTAMPTZ NOT NULL, refreshed_at TIMESTAMPTZ NOT NULL, created_by VARCHAR NOT NULL);
CREATE OR REPLACE VIEW sqlens_internal.default_models AS
  SELECT versions.* FROM sqlens_internal.model_versions AS versions
  JOIN sqlens_internal.model_names AS names ON names.name = versions.name AND names.default_version = versions.version;
`;

/** How a file of each earlier layout becomes one of the next. */
const UPGRADES: ReadonlyMap<number, string> = new Map([
  [
    // Models had one version: the last.
    1,
    `CREATE TABLE ${MODEL_VERSIONS};
     INSERT INTO sqlens_internal.model_versions BY NAME SELECT * FROM sqlens_internal.models;
     CREATE TABLE ${MODEL_NAMES};
     INSERT INTO sqlens_internal.model_names
       SELECT name, max(version), max(version) FROM sqlens_internal.models GROUP BY name;
     DROP TABLE sqlens_internal.models;
     UPDATE sqlens_internal.store SET version = 2;`,
  ],
]);

/** What anybody may read; made again at every start. */
export const STORE_VIEWS = `
CREATE OR REPLACE VIEW sqlens.models AS
  SELECT versions.name, version, version = default_version AS is_default, spec->>'functionName' AS function, format,
         digest, source, spec->>'preprocess' AS preprocess, spec->>'returns' AS returns,
         json_array_length(spec->'labels')::INTEGER AS label_count, inputs, outputs, parameter_count, size_bytes,
         created_at, created_by
  FROM sqlens_internal.model_versions AS versions JOIN sqlens_internal.model_names AS names ON names.name = versions.name;
CREATE OR REPLACE VIEW sqlens.image_tables AS
  SELECT schema_name AS schema, name, uris, created_at, refreshed_at, created_by FROM sqlens_internal.image_tables;
CREATE OR REPLACE VIEW sqlens.functions AS
  SELECT spec->>'functionName' AS name, coalesce(spec->>'arguments', 'image') AS arguments,
         CASE spec->>'returns' WHEN 'labels' THEN 'STRUCT(class VARCHAR, description VARCHAR, probability FLOAT)[]'
           WHEN 'label' THEN 'VARCHAR' WHEN 'number' THEN 'FLOAT'
           ELSE coalesce(spec->>'resultType', 'FLOAT[]') END AS returns,
         name AS model
  FROM sqlens_internal.default_models
  UNION ALL VALUES ('image_decode', 'image', 'STRUCT(origin, height, width, nChannels, mode, data)', NULL),
    ('image_info', 'image', 'STRUCT(format, width, height, channels)', NULL),
    ('image_thumbnail', 'image, px', 'BLOB', NULL),
    ('image_predict', 'image, model, top_k', 'STRUCT(class VARCHAR, description VARCHAR, probability FLOAT)[]', NULL),
    ('image_features', 'image, model', 'FLOAT[n]', NULL),
    ('read_images', 'pattern', 'TABLE', NULL),
    ('register_keras_udf', 'name, file', 'VARCHAR', NULL);
CREATE OR REPLACE VIEW sqlens.inference_errors AS SELECT * FROM __sqlens_inference_errors();
CREATE OR REPLACE VIEW sqlens.workers AS SELECT * FROM __sqlens_workers();
CREATE OR REPLACE VIEW sqlens.queries AS SELECT * FROM __sqlens_queries();
`;

/**
 * Makes the tables of a new file, and brings one of an earlier layout up to date: whole or not at all.
 * @throws XX001 when a newer server wrote the file
 */
export async function prepareStore(connection: DuckDBConnection): Promise<void> {
  await connection.run(STORE_SCHEMA);
  const rows = (await connection.runAndReadAll('SELECT version FROM sqlens_internal.store')).getRows();
  const found = rows[0]?.[0];
  if (found === undefined) {
    await connection.run(`INSERT INTO sqlens_internal.store VALUES (${STORE_VERSION})`);
  } else {
    for (let version = Number(found); version !== STORE_VERSION; version++)
      await upgrade(connection, version);
  }
  await connection.run(SCHEMA);
}

async function upgrade(connection: DuckDBConnection, version: number): Promise<void> {
  const statements = UPGRADES.get(version);
  if (statements === undefined) {
    throw new SqlensError({
      sqlState: SqlState.dataCorrupted,
      message: `the data directory has layout version ${version}, this server reads version ${STORE_VERSION} and older`,
      hint: 'Start the version of SQLens that wrote it, or choose another --data-dir.',
    });
  }
  await connection.run('BEGIN TRANSACTION');
  try {
    await connection.run(statements);
    await connection.run('COMMIT');
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
}
