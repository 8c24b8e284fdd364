/** The roles, over the socket of a whole server: an analyst reads and calls functions, and leaves no trace. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { silentLogger } from '../udf-registry/logger.ts';
import { readConfig } from './config.ts';
import { passwordLine, scramSecret } from './pgwire/index.ts';
import { type RunningServer, startServer } from './start.ts';

let folder: string;
let server: RunningServer;
let admin: pg.Client;
let analyst: pg.Client;

async function connected(user: string): Promise<pg.Client> {
  const { address, port } = server.pgAddress;
  const client = new pg.Client({ host: address, port, user, database: 'sqlens', password: `${user}'s` });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What there is and what is in it: to be the same before and after. */
async function state(): Promise<unknown> {
  const parts: unknown[] = [];
  for (const sql of [
    'SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns ORDER BY ALL',
    'SELECT * FROM t ORDER BY a',
    'SELECT name FROM sqlens.models ORDER BY name',
    'SELECT sequence_name, last_value FROM duckdb_sequences() ORDER BY ALL',
  ]) {
    parts.push((await admin.query({ text: sql, rowMode: 'array' })).rows);
  }
  return [...parts, (await readdir(path.join(folder, 'files'))).sort()];
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sqlens-roles-'));
  const users = path.join(folder, 'users');
  const line = (name: string, role: 'admin' | 'analyst') =>
    `${passwordLine(name, { role, secret: scramSecret(`${name}'s`) })}\n`;
  await writeFile(users, line('anna', 'admin') + line('bert', 'analyst'), { mode: 0o600 });
  const files = path.join(folder, 'files');
  await mkdir(files);
  await writeFile(path.join(files, 'in.csv'), 'a,b\n7,x\n');
  const config = readConfig(
    ['--port', '0', '--http-port', '0', '--empty', '--workers', '1', '--engine-memory', '256'].concat([
      '--data-dir',
      path.join(folder, 'data'),
      '--allow-path',
      files,
      '--password-file',
      users,
    ]),
    {},
  );
  server = await startServer(config, { logger: silentLogger, onProgress: () => undefined });
  admin = await connected('anna');
  analyst = await connected('bert');
  await admin.query('CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, $$one$$), (2, $$two$$)');
  await admin.query('CREATE SEQUENCE s; CREATE VIEW v AS SELECT a * 10 AS ten FROM t');
});

after(async () => {
  await analyst?.end();
  await admin?.end();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('an analyst', () => {
  test('reads tables, views and files, and has a session like anyone', async () => {
    const rows = async (sql: string, values?: unknown[]): Promise<unknown[]> =>
      (await analyst.query({ text: sql, rowMode: 'array', values })).rows;
    assert.deepEqual(await rows('SELECT b FROM t WHERE a = $1', [2]), [['two']]);
    assert.deepEqual(await rows('SELECT sum(ten)::int FROM v'), [[30]]);
    const csv = path.join(folder, 'files', 'in.csv');
    assert.deepEqual(await rows(`SELECT b FROM read_csv('${csv}')`), [['x']]);
    await analyst.query('BEGIN; SET LOCAL statement_timeout = 1000; SELECT 1; COMMIT');
    await analyst.query('PREPARE p AS SELECT a FROM t ORDER BY a LIMIT 1');
    assert.deepEqual(await rows('EXECUTE p'), [[1]]);
    assert.ok((await rows('EXPLAIN SELECT * FROM t')).length > 0);
    assert.deepEqual(await rows('SELECT current_user'), [['bert']]);
  });

  const forbidden = (files: string): string[] => [
    'INSERT INTO t VALUES (3, $$three$$)',
    'WITH x AS (SELECT 3 AS a) INSERT INTO t SELECT a, $$three$$ FROM x',
    'UPDATE t SET b = $$x$$',
    'DELETE FROM t',
    'DELETE FROM t RETURNING a',
    'TRUNCATE t',
    'MERGE INTO t USING (SELECT 1 AS a) x ON t.a = x.a WHEN MATCHED THEN DELETE',
    'CREATE TABLE u (a int)',
    'CREATE TABLE u AS SELECT * FROM t',
    'CREATE TEMP TABLE u AS SELECT * FROM t',
    'CREATE OR REPLACE VIEW v AS SELECT 1 AS ten',
    'CREATE MACRO f(x) AS x',
    'CREATE SCHEMA other',
    'CREATE SEQUENCE r',
    'CREATE INDEX i ON t (a)',
    'ALTER TABLE t ADD COLUMN c int',
    'ALTER TABLE t RENAME TO u',
    'DROP TABLE t',
    'DROP VIEW v',
    'COMMENT ON TABLE t IS $$x$$',
    "SELECT nextval('s')",
    `COPY t TO '${files}/out.csv'`,
    `COPY (SELECT * FROM t) TO '${files}/out.csv' (FORMAT csv)`,
    `COPY t FROM '${files}/in.csv' (HEADER)`,
    'COPY t FROM STDIN',
    'EXPLAIN ANALYZE INSERT INTO t VALUES (3, $$three$$)',
    'EXPLAIN ANALYZE DELETE FROM t',
    'PREPARE w AS DELETE FROM t',
    `CREATE MODEL m FROM '${files}/m.h5'`,
    `SELECT register_keras_udf('m', '${files}/m.h5')`,
    'DROP MODEL m',
    `CREATE EXTERNAL TABLE i OPTIONS (format = 'image', uris = ['${files}/'])`,
    'REFRESH TABLE i',
    'DROP EXTERNAL TABLE i',
  ];

  test('changes nothing, by whichever protocol, alone or behind something harmless', async () => {
    const before = await state();
    for (const sql of forbidden(path.join(folder, 'files'))) {
      for (const config of [
        { text: sql },
        { text: sql, values: [] },
        { text: sql, name: `n${sql.length}` },
      ]) {
        await assert.rejects(analyst.query(config), { code: '42501' }, sql);
      }
      await assert.rejects(analyst.query(`SELECT 1; ${sql}`), { code: '42501' }, sql);
    }
    await analyst.query('BEGIN');
    await assert.rejects(analyst.query('DELETE FROM t'), { code: '42501' });
    await assert.rejects(analyst.query('SELECT 1'), { code: '25P02' });
    await analyst.query('ROLLBACK');
    assert.deepEqual(await state(), before);
  });

  test('becomes nobody else', async () => {
    for (const sql of ['SET ROLE anna', "SET SESSION AUTHORIZATION 'anna'", "SET is_superuser = 'on'"]) {
      await assert.rejects(analyst.query(sql), sql);
      await assert.rejects(analyst.query('DELETE FROM t'), { code: '42501' });
    }
  });

  test('does not get round it by HTTP', async () => {
    const { address, port } = server.httpAddress;
    for (const [route, method] of [
      ['/v1/models', 'GET'],
      ['/v1/models', 'POST'],
      ['/v1/queries', 'GET'],
      ['/v1/queries/1-1', 'DELETE'],
      ['/metrics', 'GET'],
    ] as const) {
      const answer = await fetch(`http://${address}:${port}${route}`, { method });
      assert.equal(answer.status, 401, route);
    }
    assert.equal((await fetch(`http://${address}:${port}/healthz`)).status, 200);
  });
});
