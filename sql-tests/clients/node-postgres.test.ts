/** node-postgres with pg-cursor, pg-query-stream and pg-copy-streams. */
import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { type ClientServer, connectionConfig, startSqlens } from './harness.ts';

const ENDLESS = 'SELECT count(*) FROM range(100000000000) AS t(i)';

describe('node-postgres', () => {
  let server: ClientServer;
  let pool: pg.Pool;
  let client: pg.PoolClient;
  let open = 0;
  before(async () => {
    server = await startSqlens();
    pool = new pg.Pool({ ...connectionConfig(server), max: 4 });
    pool.on('connect', () => open++);
    pool.on('remove', () => open--);
    client = await pool.connect();
  });
  after(async () => {
    client.release();
    await pool.end();
    // The pool does not wait for its clients to be gone.
    while (open > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
  });

  test('values of every type', async () => {
    const { rows, fields } = await client.query('SELECT * FROM kinds WHERE id = $1', [1]);
    const { a_bytea, a_date, a_timestamp, a_timestamptz, an_interval, ...others } = rows[0];
    assert.deepEqual(others, {
      id: 1,
      a_bool: true,
      a_int2: -32768,
      a_int4: 2147483647,
      a_int8: '9007199254740993',
      a_float4: 0.25,
      a_float8: 0.1,
      a_numeric: '12345678.90',
      a_text: 'grün',
      a_time: '12:34:56.789',
      a_timetz: '12:34:56+02',
      a_uuid: '00112233-4455-6677-8899-aabbccddeeff',
      a_json: { a: [1, null] },
      ints: [1, null, 3],
      texts: ['a b', null, 'c"d'],
    });
    assert.deepEqual(a_bytea, Buffer.from([0, 255, 16]));
    assert.equal(a_date.toDateString(), 'Thu Feb 29 2024');
    assert.equal(a_timestamp.getMilliseconds(), 123);
    assert.equal(a_timestamptz.toISOString(), '2024-02-29T12:34:56.000Z');
    assert.deepEqual({ ...an_interval }, { days: 1, hours: 2, seconds: 3 });
    await client.query("SELECT 'kinds'::regclass");
    const described = await client.query('SELECT * FROM kinds');
    assert.deepEqual(
      described.fields.map(({ columnID }) => columnID),
      fields.map((_, at) => at + 1),
    );
  });

  test('nested values come as JSON', async () => {
    const { rows } = await client.query(
      'SELECT point, points, counts, either, huge, feeling, embedding FROM nested WHERE id = 1',
    );
    assert.deepEqual(rows, [
      {
        point: { x: 1.5, y: -2 },
        points: [{ x: 0, y: 1 }, null],
        counts: { a: 1, b: null },
        either: { num: 7 },
        huge: '170141183460469231731687303715884105727',
        feeling: 'glad',
        embedding: [0.5, 1, -1],
      },
    ]);
  });

  test('there and back', async () => {
    const values = [
      true,
      42,
      '9007199254740993',
      0.1,
      'grün 😀',
      Buffer.from([0, 255]),
      new Date(Date.UTC(2024, 1, 29, 12)),
      { a: [1] },
      [1, null, 3],
      ['a b', null, 'c"d,{}'],
      null,
    ];
    const types = [
      'bool',
      'int',
      'int8',
      'float8',
      'text',
      'bytea',
      'timestamptz',
      'json',
      'int[]',
      'text[]',
      'text',
    ];
    const sql = `SELECT ${types.map((type, at) => `$${at + 1}::${type} AS c${at}`).join(', ')}`;
    const { rows } = await client.query<Record<string, unknown>>(sql, values);
    assert.deepEqual(Object.values(rows[0] ?? {}), values);
  });

  test('a cursor reads in steps, and may be left', async () => {
    await client.query('BEGIN');
    const cursor = client.query(new Cursor('SELECT i FROM range(3000) AS t(i) WHERE i >= $1', [5]));
    let count = 0;
    for (;;) {
      const rows = await cursor.read(700);
      count += rows.length;
      if (rows.length === 0) break;
    }
    assert.equal(count, 2995);
    const left = client.query(new Cursor('SELECT i FROM range(100000000) AS t(i)'));
    assert.equal((await left.read(10)).length, 10);
    await left.close();
    assert.deepEqual((await client.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
    await client.query('COMMIT');
  });

  test('a query stream', async () => {
    let sum = 0;
    for await (const { i } of client.query(
      new QueryStream('SELECT i::int AS i FROM range(20000) AS t(i)', [], { batchSize: 300 }),
    ))
      sum += i;
    assert.equal(sum, 199990000);
    for await (const _ of client.query(new QueryStream('SELECT i FROM range(100000000) AS t(i)'))) break;
    assert.deepEqual((await client.query('SELECT 2 AS a')).rows, [{ a: 2 }]);
  });

  test('COPY both ways', async () => {
    await client.query('CREATE TABLE copied (id int, v text)');
    const lines = Array.from({ length: 5000 }, (_, at) => `${at}\t${at % 7 === 0 ? '\\N' : `wert ü${at}`}\n`);
    const into = client.query(copyFrom('COPY copied FROM STDIN'));
    await pipeline(Readable.from(lines), into);
    assert.equal(into.rowCount, 5000);
    const chunks: Buffer[] = [];
    const collect = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    await pipeline(client.query(copyTo('COPY (SELECT * FROM copied ORDER BY id) TO STDOUT')), collect);
    assert.equal(Buffer.concat(chunks).toString(), lines.join(''));
    await assert.rejects(
      pipeline(Readable.from(['1\tx\n', 'zwei\tx\n']), client.query(copyFrom('COPY copied FROM STDIN'))),
      {
        code: '22P02',
        where: /line 2/,
      },
    );
    assert.deepEqual((await client.query('SELECT count(*)::int AS n FROM copied')).rows, [{ n: 5000 }]);
    await client.query('DROP TABLE copied');
  });

  test('named statements, and a table that changes below one', async () => {
    await client.query('CREATE TABLE changing (id int)');
    await client.query('INSERT INTO changing VALUES (1)');
    const all = { name: 'all', text: 'SELECT * FROM changing' };
    assert.deepEqual((await client.query(all)).rows, [{ id: 1 }]);
    assert.deepEqual((await client.query(all)).rows, [{ id: 1 }]);
    await client.query("ALTER TABLE changing ADD COLUMN v text DEFAULT 'x'");
    await assert.rejects(client.query(all), {
      code: '0A000',
      message: 'cached plan must not change result type',
      routine: 'RevalidateCachedQuery',
    });
    assert.deepEqual((await client.query({ ...all, name: 'anew' })).rows, [{ id: 1, v: 'x' }]);
    await client.query('ALTER TABLE changing ALTER COLUMN id TYPE text');
    await assert.rejects(client.query({ ...all, name: 'anew' }), { code: '0A000' });
    await client.query('DROP TABLE changing');
  });

  test('queries sent without waiting', async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, at) => client.query('SELECT $1::int * 2 AS a', [at])),
    );
    assert.deepEqual(
      results.map(({ rows }) => rows[0].a),
      results.map((_, at) => at * 2),
    );
    const outcomes = await Promise.allSettled([
      client.query('SELECT 1'),
      client.query('SELECT nothing'),
      client.query('SELECT 2 AS b'),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  test('notifications', async () => {
    const heard: string[] = [];
    client.on('notification', ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
    await client.query('LISTEN news');
    await pool.query("NOTIFY news, 'from another session'");
    await pool.query('SELECT pg_notify($1, $2)', ['news', 'with parameters']);
    for (let at = 0; at < 100 && heard.length < 2; at++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(heard, ['news: from another session', 'news: with parameters']);
    await client.query('UNLISTEN *');
  });

  test('statement_timeout and query_timeout', async () => {
    const limited = new pg.Client({ ...connectionConfig(server), statement_timeout: 200 });
    await limited.connect();
    await assert.rejects(limited.query(ENDLESS), { code: '57014' });
    assert.deepEqual((await limited.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
    await limited.end();
    const impatient = new pg.Client({
      ...connectionConfig(server),
      query_timeout: 200,
      statement_timeout: 1000,
    });
    await impatient.connect();
    await assert.rejects(impatient.query(ENDLESS), /timeout/);
    await impatient.end();
  });

  test('transactions of a pool, and an error in one', async () => {
    const other = await pool.connect();
    await other.query('BEGIN');
    await other.query("INSERT INTO shop.items (sku, label) VALUES ('n', 'not for long')");
    await assert.rejects(other.query('SELECT 1 / 0'), { code: '22012' });
    await assert.rejects(other.query('SELECT 1'), { code: '25P02' });
    assert.equal((await other.query('COMMIT')).command, 'ROLLBACK');
    assert.deepEqual((await other.query('SELECT count(*)::int AS n FROM shop.items')).rows, [{ n: 2 }]);
    other.release();
  });

  test('a model function', async () => {
    const { rows } = await client.query(
      'SELECT colour_name(image) AS name, count(*)::int AS n FROM colours GROUP BY 1 ORDER BY 1',
    );
    assert.deepEqual(
      rows.map(({ name, n }) => [name, n]),
      [
        ['blue', 2],
        ['dark', 2],
        ['green', 2],
        ['red', 2],
      ],
    );
  });
});
