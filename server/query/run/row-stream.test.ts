/** What DuckDB tells of a stream that has ended: everything rests on it, so that it is tried in every way a stream can break. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api';
import { CheckedStream, IncompleteStreamError } from './row-stream.ts';

const ROWS = 200_000;
const SEED = 20_261;
const ROUNDS = 60;

/** Statements over all rows, that fail at row `k`; -1 for none that fails. */
const SHAPES: readonly ((k: number) => string)[] = [
  (k) => `SELECT CASE WHEN id = ${k} THEN error('x') ELSE id END FROM big`,
  (k) => `SELECT CAST(CASE WHEN id = ${k} THEN 'x' ELSE '1' END AS INTEGER) FROM big`,
  (k) => `SELECT id FROM big WHERE CASE WHEN id = ${k} THEN error('x')::BOOLEAN ELSE true END ORDER BY g, id`,
  (k) => `SELECT CASE WHEN id = ${k} THEN error('x') ELSE id END FROM (SELECT * FROM big ORDER BY g, id)`,
  (k) => `SELECT a.id FROM big a JOIN big b USING (id) WHERE a.id IS NOT NULL OR a.id = ${k}
          UNION ALL SELECT error('x')::BIGINT FROM range(1) WHERE ${k} >= 0`,
];

describe('the end of a stream', () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;

  before(async () => {
    instance = await DuckDBInstance.create(':memory:', { threads: '4' });
    connection = await instance.connect();
    await connection.run(`CREATE TABLE big AS SELECT i AS id, i % 1000 AS g FROM range(${ROWS}) AS t(i)`);
    await connection.run("SET streaming_buffer_size = '64KiB'");
  });
  after(() => {
    connection.closeSync();
    instance.closeSync();
  });

  const read = async (result: DuckDBResult, meanwhile?: (chunk: number) => Promise<void> | void) => {
    const stream = new CheckedStream(result);
    let rows = 0;
    for (let number = 0; ; number++) {
      await meanwhile?.(number);
      const chunk = await stream.nextChunk();
      if (chunk === undefined) return rows;
      rows += chunk.rowCount;
    }
  };

  it('is whole, or an error', async () => {
    let state = SEED;
    const below = (count: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * count);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const shape = SHAPES[round % SHAPES.length];
      const k = round % 3 === 0 ? -1 : [below(ROWS), ROWS - 1, 0, ROWS - 1 - below(2048)][below(4)];
      const sql = shape?.(k ?? -1) ?? '';
      const rows = await connection
        .stream(sql)
        .then(read)
        .catch(() => 'failed');
      assert.equal(rows, k === -1 ? ROWS : 'failed', `seed ${SEED}, round ${round}: ${sql}`);
    }
  });

  it('is an error after an interrupt, also behind the last row', async () => {
    for (const [sql, at] of [
      ['SELECT * FROM big', 5],
      ['SELECT * FROM range(2048)', 1],
      ['SELECT * FROM range(3000)', 2],
      ['SELECT 1', 1],
    ] as const) {
      const result = await connection.stream(sql);
      const reading = read(result, (chunk) => {
        if (chunk === at) connection.interrupt();
      });
      await assert.rejects(reading, IncompleteStreamError, sql);
    }
  });

  it('is an error when another statement takes the connection', async () => {
    for (const take of [() => connection.run('SELECT 1'), () => connection.prepare('SELECT 1')]) {
      const result = await connection.stream('SELECT * FROM big');
      const reading = read(result, async (chunk) => {
        if (chunk === 5) await take();
      });
      await assert.rejects(reading, IncompleteStreamError);
    }
  });

  it('is nothing else for no rows', async () => {
    assert.equal(await read(await connection.stream('SELECT * FROM big WHERE id < 0')), 0);
    assert.equal(await read(await connection.stream('SELECT 1')), 1);
  });
});
