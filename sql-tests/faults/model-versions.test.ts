/**
 * Versions of models and what a server finds when it starts: a data directory of the version before versions, and one
 * whose server was killed while they changed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { kerasModels, makeScratch } from './folders.testing.ts';
import { hasProc, randomFrom, ServerProcess, sleep } from './server-process.testing.ts';

const ROUNDS = process.env.SQLENS_SOAK === undefined ? 3 : 40;
const SEED = Number(process.env.SQLENS_SEED ?? 20261123);

const scratches: ReturnType<typeof makeScratch>[] = [];
after(() => {
  for (const scratch of scratches) scratch.remove();
});

function scratchFor(name: string) {
  const scratch = makeScratch(name);
  scratches.push(scratch);
  return scratch;
}

function start(dataDir: string): Promise<ServerProcess> {
  return ServerProcess.start({ dataDir, flags: ['--allow-path', kerasModels, '--workers', '1'] });
}

/** Makes a stopped server's data directory what the version before would have left: one row for each model. */
async function downgrade(dataDir: string): Promise<void> {
  const instance = await DuckDBInstance.create(path.join(dataDir, 'store.duckdb'), {
    storage_compatibility_version: 'v1.5.0',
  });
  const connection = await instance.connect();
  await connection.run(`
    CREATE TABLE sqlens_internal.models (
      id INTEGER NOT NULL, name VARCHAR NOT NULL, version INTEGER NOT NULL, digest VARCHAR NOT NULL,
      format VARCHAR NOT NULL, spec VARCHAR NOT NULL, source VARCHAR NOT NULL, size_bytes BIGINT NOT NULL,
      parameter_count BIGINT NOT NULL, created_at TIMESTAMPTZ NOT NULL, created_by VARCHAR NOT NULL);
    INSERT INTO sqlens_internal.models BY NAME
      SELECT * EXCLUDE (inputs, outputs) FROM sqlens_internal.default_models;
    CREATE OR REPLACE VIEW sqlens.models AS SELECT name, version, digest FROM sqlens_internal.models;
    DROP VIEW sqlens.functions;
    DROP VIEW sqlens_internal.default_models;
    DROP TABLE sqlens_internal.model_versions;
    DROP TABLE sqlens_internal.model_names;
    UPDATE sqlens_internal.store SET version = 1;`);
  connection.closeSync();
  instance.closeSync();
  const artifacts = path.join(dataDir, 'artifacts');
  for (const file of readdirSync(artifacts).filter((name) => name.endsWith('.json'))) {
    const manifest = JSON.parse(readFileSync(path.join(artifacts, file), 'utf8'));
    const { producer, trainableCount, flops, ...old } = manifest;
    old.layers = old.layers.map(
      ({ name, className, outputShape, parameterCount }: Record<string, unknown>) => ({
        name,
        className,
        outputShape,
        parameterCount,
      }),
    );
    writeFileSync(path.join(artifacts, file), JSON.stringify(old));
  }
}

test('a data directory of the version before goes on', { timeout: 180_000 }, async () => {
  const { dataDir } = scratchFor('upgrade');
  let server = await start(dataDir);
  await server.query(`CREATE MODEL warmth FROM '${kerasModels}/warmth.keras'`);
  await server.query(`CREATE OR REPLACE MODEL warmth FROM '${kerasModels}/warmth.keras'`);
  await server.query(`CREATE MODEL "It's" FROM '${kerasModels}/warmth.keras' FUNCTION "f x" RETURNS FLOAT[]`);
  await server.query('CREATE VIEW v AS SELECT warmth([3, 0, 1]::FLOAT[]) AS w');
  const before = await server.query(
    'SELECT name, digest, created_at, created_by FROM sqlens.models WHERE is_default ORDER BY name',
  );
  assert.equal(await server.end('SIGTERM'), 0);
  await downgrade(dataDir);

  server = await start(dataDir);
  assert.deepEqual(
    await server.query(
      'SELECT name, digest, created_at, created_by FROM sqlens.models WHERE is_default ORDER BY name',
    ),
    before,
  );
  const rows = await server.query(
    'SELECT name, version, is_default, inputs, outputs FROM sqlens.models ORDER BY name',
  );
  assert.deepEqual(
    rows.map((row) => row.slice(0, 3)),
    [
      ["It's", '1', 't'],
      ['warmth', '2', 't'],
    ],
  );
  assert.match(String(rows[0]?.[3]), /^\w+ float32\(3\)$/);
  assert.deepEqual(await server.query('SELECT w FROM v'), [['2']]);
  assert.deepEqual(await server.query(`SELECT "f x"([3, 0, 1]::FLOAT[])`), [['{2}']]);
  const described = await server.query('DESCRIBE MODEL warmth');
  assert.ok(described.some(([part, name]) => part === 'layer' && name === 'warmth'));
  await server.query(`CREATE OR REPLACE MODEL warmth FROM '${kerasModels}/warmth.keras' RETURNS FLOAT[]`);
  await server.query('ALTER MODEL warmth SET DEFAULT_VERSION = 2');
  assert.equal(await server.end('SIGKILL'), 'SIGKILL');

  server = await start(dataDir);
  assert.deepEqual(
    await server.query(
      "SELECT version, is_default FROM sqlens.models WHERE name = 'warmth' ORDER BY version",
    ),
    [
      ['2', 't'],
      ['3', 'f'],
    ],
  );
  assert.deepEqual(await server.query('SELECT w FROM v'), [['2']]);
  assert.equal(await server.end('SIGTERM'), 0);
});

describe('kill -9 while versions change', { skip: !hasProc }, () => {
  test('leaves one default, and calls it', { timeout: 600_000 }, async () => {
    console.log(`seed ${SEED}, ${ROUNDS} rounds`);
    const random = randomFrom(SEED);
    const { dataDir } = scratchFor('versions');
    let server = await start(dataDir);
    await server.query(`CREATE MODEL warmth FROM '${kerasModels}/warmth.keras'`);
    await server.query(`CREATE OR REPLACE MODEL warmth FROM '${kerasModels}/warmth.keras' RETURNS FLOAT[]`);
    for (let round = 0; round < ROUNDS; round++) {
      let acknowledged: number | undefined;
      let wanted: number | undefined;
      const change = async (): Promise<void> => {
        const client = await server.connect();
        try {
          for (;;) {
            const kind = random();
            if (kind < 0.6) {
              wanted = random() < 0.5 ? 1 : 2;
              await client.query(`ALTER MODEL warmth SET DEFAULT_VERSION = ${wanted}`);
              acknowledged = wanted;
            } else if (kind < 0.8) {
              wanted = undefined;
              acknowledged = undefined;
              await client.query('CREATE OR REPLACE MODEL warmth FROM MODEL warmth VERSION 1');
              await client.query('ALTER MODEL warmth SET DEFAULT_VERSION = 1');
              acknowledged = wanted = 1;
            } else {
              const versions = await client.query(
                "SELECT version FROM sqlens.models WHERE name = 'warmth' AND version > 2 AND NOT is_default",
              );
              for (const [version] of versions.slice(0, 3)) {
                await client.query(`DROP MODEL warmth VERSION ${version}`);
              }
            }
          }
        } catch {
          // The server is gone.
        } finally {
          await client.close().catch(() => undefined);
        }
      };
      const changing = change();
      await sleep(200 + random() * 1_500);
      assert.equal(await server.end('SIGKILL'), 'SIGKILL');
      await changing;
      server = await start(dataDir);
      const rows = await server.query(
        "SELECT version, returns FROM sqlens.models WHERE name = 'warmth' AND is_default",
      );
      assert.equal(rows.length, 1);
      const [version, returns] = rows[0] ?? [];
      if (acknowledged !== undefined) {
        assert.ok(
          [acknowledged, wanted].includes(Number(version)),
          `${version} after ${acknowledged}, ${wanted}`,
        );
      }
      const [called] = await server.query('SELECT warmth([3, 0, 1]::FLOAT[])');
      assert.equal(called?.[0], returns === 'vector' ? '{2}' : '2');
      const [digests] = await server.query('SELECT count(DISTINCT digest) FROM sqlens.models');
      const onDisk = readdirSync(path.join(dataDir, 'artifacts')).filter((file) => file.endsWith('.onnx'));
      assert.equal(String(onDisk.length), digests?.[0]);
    }
    assert.equal(await server.end('SIGTERM'), 0);
  });
});
