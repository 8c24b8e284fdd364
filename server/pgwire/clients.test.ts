/** The libraries that people use: node-postgres and postgres.js, end to end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import postgres from 'postgres';
import { eventually, type Harness, startHarness } from './testing/harness.ts';

const certificate = (name: string): string =>
  readFileSync(new URL(`testing/fixtures/${name}.pem`, import.meta.url), 'utf8');
const tls = { cert: certificate('test-cert'), key: certificate('test-key') };
const endless = 'SELECT count(*) FROM range(100000000000) t(i)';

let harness: Harness;

before(async () => {
  harness = await startHarness({ passwords: new Map([['me', 'gehe\u00adim']]), tls });
});
after(async () => {
  assert.deepEqual(harness.errors, []);
  await harness.close();
});

function pgConfig(): pg.ClientConfig {
  return { host: '127.0.0.1', port: harness.port, user: 'me', database: 'd', password: 'geheim' };
}

describe('node-postgres', () => {
  let client: pg.Client;
  before(async () => {
    client = new pg.Client(pgConfig());
    await client.connect();
  });
  after(() => client.end());

  test('wrong passwords and unknown users are refused alike', async () => {
    for (const wrong of [{ password: 'falsch' }, { user: 'nobody' }]) {
      const refused = new pg.Client({ ...pgConfig(), ...wrong });
      await assert.rejects(refused.connect(), { severity: 'FATAL', code: '28P01' });
    }
  });

  test('TLS', async () => {
    const secure = new pg.Client({ ...pgConfig(), ssl: { ca: tls.cert, servername: 'localhost' } });
    await secure.connect();
    assert.deepEqual((await secure.query('SELECT $1::int AS a', [7])).rows, [{ a: 7 }]);
    const { rows } = await secure.query("SELECT repeat('x', 100000) AS x FROM range(50)");
    assert.deepEqual([rows.length, rows[49].x.length], [50, 100_000]);
    await secure.end();
  });

  test('parameters of every kind', async () => {
    const { rows } = await client.query(
      'SELECT $1::int AS i, $2 AS t, $3::blob AS b, $4::boolean AS f, $5::int AS n',
      [42, 'grün', Buffer.from([0, 255]), true, null],
    );
    assert.deepEqual(rows, [{ i: 42, t: 'grün', b: Buffer.from([0, 255]), f: true, n: null }]);
  });

  test('types arrive as JavaScript expects them', async () => {
    const { rows } =
      await client.query(`SELECT 1::smallint AS s, 9007199254740993 AS l, 1.50::decimal(5, 2) AS d,
      0.1::float AS f, date '2024-02-29' AS day, timestamptz '2024-02-29 12:00:00+00' AS t, [1, NULL, 3]::int[] AS a,
      [{'class': 'stop', 'probability': 0.25::float}] AS o, ['a b', 'c']::varchar[] AS v, interval '1 day 2 hours' AS i`);
    const [row] = rows;
    assert.deepEqual(
      { ...row, day: row.day.toDateString(), t: row.t.toISOString(), i: { ...row.i } },
      {
        s: 1,
        l: '9007199254740993',
        d: '1.50',
        f: 0.1,
        day: 'Thu Feb 29 2024',
        t: '2024-02-29T12:00:00.000Z',
        a: [1, null, 3],
        o: [{ class: 'stop', probability: 0.25 }],
        v: ['a b', 'c'],
        i: { days: 1, hours: 2 },
      },
    );
  });

  test('binary results', async () => {
    const binary = new pg.Client({ ...pgConfig(), ...{ binary: true } });
    await binary.connect();
    try {
      const { rows } = await binary.query('SELECT $1::int AS i, true AS b, 9007199254740993 AS l', [5]);
      assert.deepEqual(rows, [{ i: 5, b: true, l: '9007199254740993' }]);
    } finally {
      await binary.end();
    }
  });

  test('named statements, several statements, errors, and on', async () => {
    for (const n of [1, 2, 3]) {
      const { rows } = await client.query({ name: 'twice', text: 'SELECT $1::int * 2 AS a', values: [n] });
      assert.deepEqual(rows, [{ a: n * 2 }]);
    }
    const results: unknown = await client.query("SELECT 1 AS a; SELECT 'x' AS b");
    assert.ok(Array.isArray(results));
    assert.deepEqual(
      results.map(({ rows }) => rows),
      [[{ a: 1 }], [{ b: 'x' }]],
    );
    await assert.rejects(client.query('SELECT * FROM nope'), {
      code: '42P01',
      position: '15',
      hint: 'Create it.',
    });
    await assert.rejects(client.query('SELECT $1::int', ['x']), { code: '22P02' });
    assert.deepEqual((await client.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
  });

  test('transactions', async () => {
    await client.query('CREATE TABLE booked (i int)');
    await client.query('BEGIN');
    assert.equal((await client.query('INSERT INTO booked VALUES ($1), ($2)', [1, 2])).rowCount, 2);
    await client.query('ROLLBACK');
    assert.deepEqual((await client.query('SELECT * FROM booked')).rows, []);
  });

  test('a result larger than what may wait in memory', async () => {
    const { rows } = await client.query('SELECT i, i::varchar AS s, i / 2 AS d FROM range(150000) t(i)');
    assert.equal(rows.length, 150_000);
    assert.ok(rows.every((row, n) => row.i === String(n) && row.s === String(n) && row.d === n / 2));
  });

  test('a query that is canceled', async () => {
    const other = new pg.Client(pgConfig());
    await other.connect();
    const running = assert.rejects(other.query(endless), { code: '57014' });
    const busy = () =>
      [...harness.backend.sessions].some(
        ({ running: now, calls }) => now === undefined && calls.at(-1) === 'alone',
      );
    await eventually(busy, 'the statement runs');
    for (const session of harness.backend.sessions) session.cancel();
    await running;
    assert.deepEqual((await other.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
    await other.end();
  });
});

describe('postgres.js', () => {
  let sql: postgres.Sql;
  before(() => {
    sql = postgres({ ...connection(), max: 3 });
  });
  after(() => sql.end());

  function connection() {
    return {
      host: '127.0.0.1',
      port: harness.port,
      user: 'me',
      database: 'd',
      password: 'geheim',
      fetch_types: false,
      onnotice: () => {},
    };
  }

  test('parameters by their types', async () => {
    const when = new Date('2024-02-29T12:34:56.789Z');
    const rows =
      await sql`SELECT ${42}::int AS i, ${'x'} AS t, ${when}::timestamptz AS w, ${true}::boolean AS b,
      ${Buffer.from([1, 2])}::blob AS y, ${null}::int AS n, ${'12'}::bigint AS l`;
    assert.deepEqual(
      [...rows],
      [{ i: 42, t: 'x', w: when, b: true, y: Buffer.from([1, 2]), n: null, l: '12' }],
    );
  });

  test('transactions, pipelined', async () => {
    const rows = await sql.begin(async (each) => {
      await each`CREATE TABLE piped (i int)`;
      await Promise.all([1, 2, 3].map((n) => each`INSERT INTO piped VALUES (${n})`));
      return each`SELECT i FROM piped ORDER BY i`;
    });
    assert.deepEqual([...rows], [{ i: 1 }, { i: 2 }, { i: 3 }]);
    await assert.rejects(
      sql.begin(async (each) => {
        await each`INSERT INTO piped VALUES (4)`;
        await each`SELECT * FROM nope`;
      }),
      { code: '42P01' },
    );
    assert.deepEqual([...(await sql`SELECT count(*)::int AS n FROM piped`)], [{ n: 3 }]);
  });

  test('a cursor reads in portions', async () => {
    const sizes: number[] = [];
    for await (const rows of sql`SELECT i FROM range(2500) t(i)`.cursor(1000)) sizes.push(rows.length);
    assert.deepEqual(sizes, [1000, 1000, 500]);
  });

  test('statements described, unprepared and raw', async () => {
    const described = await sql`SELECT ${1}::int AS a, 'x' AS b`.describe();
    assert.deepEqual([described.types, described.columns.map(({ type }) => type)], [[23], [23, 25]]);
    const several = await sql.unsafe<{ a: number }[][]>('SELECT 1 AS a; SELECT 2 AS a');
    assert.deepEqual(
      several.map((rows) => [...rows]),
      [[{ a: 1 }], [{ a: 2 }]],
    );
    const query = sql.unsafe(endless);
    setTimeout(() => query.cancel(), 100);
    await assert.rejects(query.execute(), { code: '57014' });
  });

  test('TLS', async () => {
    const secure = postgres({ ...connection(), max: 1, ssl: { ca: tls.cert, servername: 'localhost' } });
    assert.deepEqual([...(await secure`SELECT 1 AS a`)], [{ a: 1 }]);
    await secure.end();
  });
});
