/**
 * SELECTs by key are answered from rows kept in memory: whatever is written between them, and by whom, each must see
 * what was committed when it began, and its own transaction's changes. Checked against a model of the table.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { makeFolders, type WorkFolders } from './slt/sandbox-folder.ts';
import { TestServer } from './slt/test-server.ts';

const SEED = 20_261_122;
const KEYS = 1500;
let folders: WorkFolders;
let server: TestServer;

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

async function valuesOf(name: string, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  return (await query(name, sql)).rows;
}

describe(`points (seed ${SEED})`, () => {
  let state = SEED;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };

  before(async () => {
    await query('writer', 'CREATE TABLE points (id INTEGER PRIMARY KEY, v VARCHAR, n BIGINT)');
    await query('writer', `INSERT INTO points SELECT i, 'v' || i, i FROM range(${KEYS}) AS r(i)`);
  });

  it('see what is committed, whoever writes in between', { timeout: 120_000 }, async () => {
    const committed = new Map(Array.from({ length: KEYS }, (_, id) => [id, `v${id}`]));
    let own: Map<number, string> | undefined;
    const check = async (name: string, id: number): Promise<void> => {
      const seen = name === 'writer' && own !== undefined ? own : committed;
      const value = seen.get(id);
      const rows = await valuesOf(name, `SELECT v, id FROM points WHERE id = ${id}`);
      assert.deepEqual(rows, value === undefined ? [] : [[value, String(id)]], `${name}, ${id}`);
    };
    for (let step = 0; step < 60; step++) {
      const target = own ?? committed;
      const id = random(KEYS + 50);
      switch (random(8)) {
        case 0:
          await query('writer', `UPDATE points SET v = 'u${step}' WHERE id = ${id}`);
          if (target.has(id)) target.set(id, `u${step}`);
          break;
        case 1:
          await query('writer', `DELETE FROM points WHERE id = ${id}`);
          target.delete(id);
          break;
        case 2:
          if (own === undefined) {
            await query('writer', 'BEGIN');
            own = new Map(committed);
          }
          break;
        case 3:
          if (own !== undefined) {
            const commits = random(2) === 0;
            await query('writer', commits ? 'COMMIT' : 'ROLLBACK');
            if (commits) {
              committed.clear();
              for (const [key, value] of own) committed.set(key, value);
            }
            own = undefined;
          }
          break;
        case 4:
          await query('other', `UPDATE points_of_others SET v = 'o${step}'`).catch(() => undefined);
          break;
        default:
          break;
      }
      // Enough of them in a row that pages are read, and asked again.
      for (let lookup = 0; lookup < 14; lookup++) {
        await check(lookup % 3 === 0 ? 'writer' : 'reader', lookup % 2 === 0 ? id : random(KEYS + 50));
      }
    }
    if (own !== undefined) await query('writer', 'ROLLBACK');
  });

  it('follow definitions: another type, another table, a view, one of the session alone', {
    timeout: 60_000,
  }, async () => {
    const warm = async (name: string, sql: string): Promise<readonly (readonly (string | null)[])[]> => {
      for (let lookup = 0; lookup < 12; lookup++) await valuesOf(name, sql);
      return valuesOf(name, sql);
    };
    const sql = 'SELECT * FROM moving WHERE id = 7';
    await query('writer', 'CREATE TABLE moving (id INTEGER, v INTEGER)');
    await query('writer', 'INSERT INTO moving VALUES (7, 1), (7, 2), (8, 3)');
    assert.deepEqual((await warm('reader', sql)).toSorted(), [
      ['7', '1'],
      ['7', '2'],
    ]);
    await query('writer', "ALTER TABLE moving ADD COLUMN w VARCHAR DEFAULT 'x'");
    assert.deepEqual((await warm('reader', sql)).toSorted(), [
      ['7', '1', 'x'],
      ['7', '2', 'x'],
    ]);
    await query('reader', 'CREATE TEMP TABLE moving (id INTEGER, other VARCHAR)');
    assert.deepEqual(await warm('reader', sql), []);
    assert.equal((await warm('writer', sql)).length, 2);
    await query('reader', 'DROP TABLE moving');
    await query('writer', 'DROP TABLE moving');
    await query('writer', 'CREATE TABLE moved (id INTEGER)');
    await query('writer', 'INSERT INTO moved VALUES (7)');
    await query('writer', 'CREATE VIEW moving AS SELECT id, random() AS r FROM moved');
    await warm('reader', sql);
    const seen = new Set((await Promise.all([1, 2, 3, 4].map(() => valuesOf('reader', sql)))).map(String));
    assert.ok(seen.size > 1, 'a view is read anew each time');
  });

  it('follow the search path, and tell columns from functions', { timeout: 60_000 }, async () => {
    await query('writer', 'CREATE SCHEMA elsewhere');
    await query('writer', 'CREATE TABLE elsewhere.twice (id INTEGER, v INTEGER)');
    await query('writer', 'CREATE TABLE twice (id INTEGER, v INTEGER)');
    await query('writer', 'INSERT INTO twice VALUES (1, 10)');
    await query('writer', 'INSERT INTO elsewhere.twice VALUES (1, 20)');
    const sql = 'SELECT v FROM twice WHERE id = 1';
    for (let lookup = 0; lookup < 12; lookup++) assert.deepEqual(await valuesOf('reader', sql), [['10']]);
    await query('reader', 'SET search_path = elsewhere, public');
    for (let lookup = 0; lookup < 12; lookup++) assert.deepEqual(await valuesOf('reader', sql), [['20']]);
    await query('reader', 'RESET search_path');
    for (let lookup = 0; lookup < 12; lookup++) assert.deepEqual(await valuesOf('reader', sql), [['10']]);
    const today = 'SELECT id, current_date FROM twice WHERE id = 1';
    for (let lookup = 0; lookup < 12; lookup++) {
      assert.match(String(await valuesOf('reader', today)), /^1,\d{4}-\d\d-\d\d$/);
    }
  });
});
