/**
 * Statements that come again are neither parsed nor planned again. Whatever has changed since, and whoever changed it,
 * they must answer as if they came for the first time: as in a session that has just been opened.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeFolders, type WorkFolders } from './slt/sandbox-folder.ts';
import { TestServer, type TestSession } from './slt/test-server.ts';

const SEED = 20_261_123;
const STEPS = 40;
let folders: WorkFolders;
let server: TestServer;
let newSessions = 0;

before(async () => {
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
});
after(async () => {
  await server.close();
  await folders.remove();
});

const query = async (name: string, sql: string) => (await server.session(name)).query(sql);
const rowsOf = async (name: string, sql: string) => (await query(name, sql)).rows;

/** What a statement gives: its rows with their columns, or how it fails. */
async function outcomeOf(session: TestSession, sql: string, key: string | undefined): Promise<unknown> {
  try {
    const { rows, columns } = await session.query(sql, key === undefined ? undefined : [key]);
    return { rows, columns };
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const STATEMENTS = [
  'SELECT count(*), min(id), max(id) FROM things',
  'SELECT * FROM things WHERE id > 900 ORDER BY id LIMIT 5',
  'SELECT id, v FROM things WHERE v IS NULL ORDER BY id LIMIT 3',
  'SELECT * FROM seen ORDER BY 1 LIMIT 4',
  'SELECT twice(id) AS t FROM things ORDER BY id LIMIT 3',
  'SELECT k, count(*) FROM things GROUP BY k ORDER BY k',
  'SELECT a.id FROM things a JOIN others b ON a.id = b.id ORDER BY 1',
  'SELECT * FROM others ORDER BY 1 LIMIT 3',
];
const WITH_KEY = [
  'SELECT * FROM things WHERE id = $1',
  'SELECT twice(id), k FROM things WHERE id = $1 AND k >= 0',
  'SELECT count(*) FROM seen WHERE id > $1',
];

const CHANGES: readonly ((step: number) => readonly string[])[] = [
  (step) => [`INSERT INTO things VALUES (${1000 + step}, NULL, ${step % 3})`],
  (step) => [`DELETE FROM things WHERE id % 50 = ${step % 50}`],
  (step) => [`UPDATE things SET v = 'u${step}' WHERE id < 20`],
  (step) => [`CREATE OR REPLACE MACRO twice(x) AS x * 2 + ${step}`],
  (step) => [`CREATE OR REPLACE VIEW seen AS SELECT id + ${step} AS id FROM things`],
  (step) => [`CREATE OR REPLACE VIEW seen AS SELECT v, id, ${step} AS step FROM things`],
  (step) => [
    'DROP TABLE others',
    `CREATE TABLE others AS SELECT ${step % 2 === 0 ? 'i' : 'i::VARCHAR'} AS id FROM range(5) AS r(i)`,
  ],
  (step) => [`ALTER TABLE others ADD COLUMN c${step} INTEGER DEFAULT ${step}`],
  () => ['BEGIN', 'CREATE OR REPLACE MACRO twice(x) AS 0', 'DELETE FROM things', 'ROLLBACK'],
  (step) => ['BEGIN', `INSERT INTO things VALUES (${2000 + step}, 'open', 1)`],
  (step) => ['BEGIN', `CREATE OR REPLACE MACRO twice(x) AS ${step}`],
  () => ['COMMIT'],
  () => ['ROLLBACK'],
];

describe(`statements that come again (seed ${SEED})`, () => {
  let state = SEED;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };

  it('answer as if they came for the first time', { timeout: 240_000 }, async () => {
    await query('writer', 'CREATE TABLE things (id INTEGER PRIMARY KEY, v VARCHAR, k INTEGER)');
    await query('writer', "INSERT INTO things SELECT i, 'v' || i, i % 3 FROM range(1000) AS r(i)");
    await query('writer', 'CREATE TABLE others AS SELECT i AS id FROM range(5) AS r(i)');
    await query('writer', 'CREATE MACRO twice(x) AS x * 2');
    await query('writer', 'CREATE VIEW seen AS SELECT id FROM things');
    const reader = await server.session('reader');
    for (let step = 0; step < STEPS; step++) {
      const change = CHANGES[random(CHANGES.length)]?.(step) ?? [];
      for (const sql of change) await query('writer', sql).catch(() => undefined);
      const fresh = await server.session(`fresh${newSessions++}`);
      for (const sql of [...STATEMENTS, ...WITH_KEY]) {
        const key = WITH_KEY.includes(sql) ? String(random(1000)) : undefined;
        const expected = await outcomeOf(fresh, sql, key);
        for (let time = 0; time < 3; time++) {
          const message = `seed ${SEED}, step ${step}, ${change.join('; ')}: ${sql} (${key})`;
          assert.deepEqual(await outcomeOf(reader, sql, key), expected, message);
        }
      }
      await fresh.close();
    }
    await query('writer', 'ROLLBACK').catch(() => undefined);
  });

  it('follow the session: its settings, its own objects, its transaction', { timeout: 60_000 }, async () => {
    const again = async (sql: string): Promise<unknown> => {
      for (let time = 0; time < 3; time++) await rowsOf('own', sql);
      return rowsOf('own', sql);
    };
    await query('writer', 'CREATE TABLE mine (id INTEGER)');
    await query('writer', 'INSERT INTO mine VALUES (1)');
    const count = 'SELECT count(*) FROM mine';
    const noon = "SELECT TIMESTAMPTZ '2020-01-01 12:00:00'";
    assert.deepEqual(await again(count), [['1']]);
    assert.deepEqual(await again(noon), [['2020-01-01 12:00:00+00']]);
    await query('own', "SET TimeZone = 'Asia/Tokyo'");
    assert.deepEqual(await again(noon), [['2020-01-01 12:00:00+09']]);
    await query('own', 'BEGIN');
    await query('own', "SET LOCAL TimeZone = 'Asia/Kolkata'");
    assert.deepEqual(await again(noon), [['2020-01-01 12:00:00+05:30']]);
    await query('own', 'ROLLBACK');
    assert.deepEqual(await again(noon), [['2020-01-01 12:00:00+09']]);
    const shown = "SELECT '2020-01-01 12:00:00Z'::TIMESTAMPTZ::VARCHAR";
    assert.deepEqual(await again(shown), [['2020-01-01 21:00:00+09']]);
    await query('own', "SET TimeZone = 'UTC'");
    assert.deepEqual(await again(shown), [['2020-01-01 12:00:00+00']]);
    await query('writer', 'CREATE SCHEMA aside');
    await query('writer', 'CREATE TABLE aside.mine AS SELECT i FROM range(3) AS r(i)');
    await query('own', 'SET search_path = aside, public');
    assert.deepEqual(await again(count), [['3']]);
    await query('own', 'RESET search_path');
    assert.deepEqual(await again(count), [['1']]);
    await query('own', 'CREATE TEMP TABLE mine AS SELECT i FROM range(5) AS r(i)');
    assert.deepEqual(await again(count), [['5']]);
    await query('own', 'DROP TABLE mine');
    assert.deepEqual(await again(count), [['1']]);
    await query('own', 'BEGIN');
    assert.deepEqual(await again(count), [['1']]);
    await query('writer', 'ALTER TABLE mine ADD COLUMN v INTEGER DEFAULT 7');
    await query('writer', 'INSERT INTO mine VALUES (2, 2)');
    assert.deepEqual(await again(count), [['1']]);
    assert.deepEqual(await again('SELECT * FROM mine'), [['1']]);
    await query('own', 'COMMIT');
    assert.deepEqual(await again('SELECT * FROM mine ORDER BY id'), [
      ['1', '7'],
      ['2', '2'],
    ]);
    assert.deepEqual(await again('SELECT * FROM mine'), [
      ['1', '7'],
      ['2', '2'],
    ]);
    await query('own', 'BEGIN');
    await query('own', 'CREATE OR REPLACE MACRO own_macro(x) AS x + 1');
    assert.deepEqual(await again('SELECT own_macro(1)'), [['2']]);
    await query('own', 'ROLLBACK');
    await assert.rejects(again('SELECT own_macro(1)'), /own_macro/);
  });

  it('read files as they are', { timeout: 60_000 }, async () => {
    const file = path.join(folders.allowed, 'changing.csv');
    const statements = [`SELECT * FROM '${file}'`, 'SELECT * FROM from_file'];
    await writeFile(file, 'a\n1\n');
    await query('writer', `CREATE VIEW from_file AS SELECT * FROM read_csv('${file}')`);
    for (const sql of statements)
      for (let time = 0; time < 3; time++) assert.deepEqual(await rowsOf('own', sql), [['1']]);
    await writeFile(file, 'a\n2\n3\n');
    for (const sql of statements) assert.deepEqual(await rowsOf('own', sql), [['2'], ['3']]);
    await query('writer', 'DROP VIEW from_file');
  });

  it('see one state of the rows while others write', { timeout: 60_000 }, async () => {
    await query('writer', 'CREATE TABLE grows (v INTEGER)');
    await query('writer', 'INSERT INTO grows SELECT i FROM range(1000) AS r(i)');
    const end_ms = performance.now() + 5_000;
    const write = async (): Promise<void> => {
      for (let round = 1; performance.now() < end_ms; round++) {
        await query('writer', 'INSERT INTO grows VALUES (NULL)');
        // A table without a NULL that DuckDB knows to have none.
        if (round % 8 === 0)
          await query('writer', 'CREATE OR REPLACE TABLE grows AS FROM grows WHERE v IS NOT NULL');
      }
    };
    const read = async (name: string): Promise<void> => {
      const reader = await server.session(name);
      const sql = 'SELECT (SELECT count(*) FROM grows WHERE v IS NULL), (SELECT count(*) FROM grows) - 1000';
      while (performance.now() < end_ms) {
        const [[nulls, added] = []] = (await reader.query(sql)).rows;
        assert.equal(nulls, added);
      }
    };
    await Promise.all([write(), ...['a', 'b', 'c', 'd'].map(read)]);
  });

  it('change with every execution where they should', { timeout: 60_000 }, async () => {
    await query('writer', 'CREATE SEQUENCE counted');
    for (const sql of [
      'SELECT random()',
      'SELECT gen_random_uuid()',
      "SELECT nextval('counted')",
      'SELECT clock_timestamp()',
    ]) {
      const seen = new Set<string>();
      for (let time = 0; time < 6; time++) seen.add(String(await rowsOf('own', sql)));
      assert.equal(seen.size, 6, sql);
    }
    // Within a transaction the time stands still.
    await query('own', 'BEGIN');
    const times = new Set<string>();
    for (let time = 0; time < 3; time++) times.add(String(await rowsOf('own', 'SELECT now()')));
    await query('own', 'COMMIT');
    times.add(String(await rowsOf('own', 'SELECT now()')));
    assert.equal(times.size, 2);
  });
});
