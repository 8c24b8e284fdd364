/** Several sessions at once: the right rows or one clear error, never a hang and never an answer of somebody else. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { FileRun } from './slt/run-file.ts';
import { makeFolders, type WorkFolders } from './slt/sandbox-folder.ts';
import { TestServer } from './slt/test-server.ts';

const room = path.dirname(fileURLToPath(import.meta.url));
const SESSIONS = 8;
let folders: WorkFolders;
let server: TestServer;

before(async () => {
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
  const setup = new FileRun(server, folders.variables);
  await setup.file(path.join(room, 'models.inc'));
  await setup.file(path.join(room, 'setup.inc'));
  setup.throwFailures();
});
after(async () => {
  await server.close();
  await folders.remove();
});

const query = async (name: string, sql: string) => (await server.session(name)).query(sql);
const names = Array.from({ length: SESSIONS }, (_, at) => `s${at}`);

test('sessions that ask for the same inputs at once all get them', { timeout: 60_000 }, async () => {
  const results = await Promise.all(
    names.map((name) =>
      query(name, 'SELECT id, colour_name(image), brightness(image) = light FROM pics ORDER BY id'),
    ),
  );
  for (const { rows } of results) assert.deepEqual(rows, results[0]?.rows);
  assert.equal(results[0]?.rows.filter(([, , same]) => same === 't').length, 8);
});

test('sessions that ask for different inputs get their own', { timeout: 60_000 }, async () => {
  const sums = await Promise.all(
    names.map((name, at) =>
      query(name, `SELECT sum(warmth([i + ${at * 10_000}, 0, 0])) FROM range(1000) AS r(i)`),
    ),
  );
  const expected = names.map((_, at) => 499_500 + at * 10_000 * 1000);
  assert.deepEqual(
    sums.map(({ rows }) => Number(rows[0]?.[0])),
    expected,
  );
});

test('a model that is replaced under a running query: old rows, new rows or an error', {
  timeout: 120_000,
}, async () => {
  const create = (preprocess: string) =>
    `CREATE OR REPLACE MODEL swapped FROM '${folders.variables.get('MODELS')}/brightness.keras' OPTIONS (preprocess = '${preprocess}')`;
  await query('owner', create('none'));
  let replacing = true;
  const askers = names.slice(0, 3).map(async (name) => {
    let asked = 0;
    while (replacing || asked === 0) {
      const { rows } = await query(
        name,
        `SELECT round(swapped(image) * CASE WHEN swapped(image) > 1 THEN 1 ELSE 255 END) FROM pics WHERE id = 6`,
      ).catch((error: unknown) => {
        if (!(error instanceof pg.DatabaseError)) throw error;
        assert.match(error.code ?? '', /^(40001|42883)$/, error.message);
        return { rows: [['30']] };
      });
      assert.deepEqual(rows, [['30']]);
      asked++;
    }
    return asked;
  });
  for (const preprocess of ['unit', 'none', 'unit']) await query('owner', create(preprocess));
  replacing = false;
  assert.ok((await Promise.all(askers)).every((asked) => asked > 0));
});

test('a session that goes away in the middle leaves nothing running', { timeout: 60_000 }, async () => {
  const leaving = await server.session('leaving');
  const lost = leaving
    .query('SELECT sum(warmth([i, i, i])) FROM range(300000) AS r(i)')
    .then(() => 'finished')
    .catch(() => 'lost');
  const running = () =>
    query(
      'witness',
      "SELECT count(*) FROM sqlens.queries WHERE query LIKE '%300000%' AND query NOT LIKE '%sqlens.queries%'",
    );
  while ((await running()).rows[0]?.[0] !== '1') await new Promise((resolve) => setTimeout(resolve, 10));
  leaving.destroy();
  while ((await running()).rows[0]?.[0] !== '0') await new Promise((resolve) => setTimeout(resolve, 10));
  await lost;
  assert.deepEqual((await query('witness', 'SELECT colour_name(image) FROM pics WHERE id = 6')).rows, [
    ['blue'],
  ]);
});

test('a cancelled statement ends with 57014 and its session goes on', { timeout: 60_000 }, async () => {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'c',
    database: 'sqlens',
    password: 'x',
  });
  await client.connect();
  const cancelled = assert.rejects(client.query('SELECT sum(warmth([i, 7, i])) FROM range(300000) AS r(i)'), {
    code: '57014',
  });
  const own =
    "SELECT query_id FROM sqlens.queries WHERE query LIKE '%7, i%' AND query NOT LIKE '%sqlens.queries%'";
  while ((await query('witness', own)).rows.length === 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await query('witness', `SET statement_timeout = 0`);
  const id = (await query('witness', own)).rows[0]?.[0];
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/v1/queries/${id}`, { method: 'DELETE' });
  assert.ok(response.ok, `${response.status}`);
  await cancelled;
  assert.deepEqual((await client.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
  await client.end();
});
