/** postgres.js. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import postgres from 'postgres';
import { type ClientServer, connectionConfig, startSqlens } from './harness.ts';

describe('postgres.js', () => {
  let server: ClientServer;
  let sql: postgres.Sql;
  before(async () => {
    server = await startSqlens();
    const { host, port, user, database } = connectionConfig(server);
    sql = postgres({ host, port, user, database, max: 3, fetch_types: true, onnotice: () => undefined });
  });
  after(async () => {
    await sql.end();
    await server.close();
  });

  test('values of every type', async () => {
    const [row] = await sql`SELECT * FROM kinds WHERE id = ${1}`;
    assert.deepEqual(
      [
        row?.a_bool,
        row?.a_int8,
        row?.a_numeric,
        row?.a_text,
        row?.a_uuid,
        row?.a_json,
        row?.ints.length,
        row?.texts[0],
      ],
      [
        true,
        '9007199254740993',
        '12345678.90',
        'grün',
        '00112233-4455-6677-8899-aabbccddeeff',
        { a: [1, null] },
        // NULLs in arrays are NaN and 'NULL' to postgres.js, on PostgreSQL too.
        3,
        'a b',
      ],
    );
    assert.deepEqual(row?.a_timestamptz, new Date(Date.UTC(2024, 1, 29, 12, 34, 56)));
    assert.deepEqual(row?.a_bytea, Buffer.from([0, 255, 16]));
  });

  test('parameters, whose types the server says', async () => {
    const day = new Date(Date.UTC(2024, 1, 29));
    const [row] =
      await sql`SELECT ${true}::bool AS b, ${'x'} AS t, ${day}::timestamptz AS d, ${sql.json({ a: 1 })}::json AS j, ${sql.array([1, 2])}::int[] AS a, ${null}::int AS n`;
    assert.deepEqual({ ...row }, { b: true, t: 'x', d: day, j: { a: 1 }, a: [1, 2], n: null });
    const found = await sql`SELECT name FROM customers WHERE id IN ${sql([1, 2])} ORDER BY id`;
    assert.deepEqual(
      found.map(({ name }) => name),
      ['Ada', 'Zoë'],
    );
    assert.deepEqual(
      found.columns.map(({ name }) => name),
      ['name'],
    );
  });

  test('insert and update helpers', async () => {
    await sql`CREATE TABLE helped (id int PRIMARY KEY, v text)`;
    const rows = [1, 2, 3].map((id) => ({ id, v: `v${id}` }));
    assert.equal((await sql`INSERT INTO helped ${sql(rows)}`).count, 3);
    assert.deepEqual(
      [...(await sql`UPDATE helped SET ${sql({ v: 'new' }, 'v')} WHERE id = ${2} RETURNING *`)],
      [{ id: 2, v: 'new' }],
    );
    await sql`DROP TABLE helped`;
  });

  test('cursors', async () => {
    let count = 0;
    await sql`SELECT i FROM range(3000) AS t(i)`.cursor(500, (rows) => {
      count += rows.length;
    });
    assert.equal(count, 3000);
    for await (const rows of sql`SELECT i FROM range(100000000) AS t(i)`.cursor(10)) {
      assert.equal(rows.length, 10);
      break;
    }
    await sql`SELECT i FROM range(300) AS t(i)`.forEach(() => {
      count++;
    });
    assert.equal(count, 3300);
  });

  test('listen', async () => {
    const heard: string[] = [];
    const { unlisten } = await sql.listen('news', (payload) => heard.push(payload));
    await sql.notify('news', 'grüße');
    for (let at = 0; at < 100 && heard.length < 1; at++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await unlisten();
    assert.deepEqual(heard, ['grüße']);
  });

  test('several statements in one text', async () => {
    const results = await sql.unsafe("SELECT 1 AS a; SELECT 'x' AS b, 'y' AS c");
    assert.deepEqual(JSON.parse(JSON.stringify(results)), [[{ a: 1 }], [{ b: 'x', c: 'y' }]]);
    const [row] = await sql.unsafe('SELECT $1::int + $2::int AS n', [1, 2], { prepare: true });
    assert.deepEqual(row, { n: 3 });
  });

  test('COPY both ways', async () => {
    await sql`CREATE TABLE copied (id int, v text)`;
    const lines = Array.from({ length: 3000 }, (_, at) => `${at}\tv${at}\n`);
    await pipeline(Readable.from(lines), await sql`COPY copied FROM STDIN`.writable());
    let text = '';
    // A client of its own: transactions wait for ever where postgres.js has read from COPY, on PostgreSQL too.
    const { host, port, user, database } = connectionConfig(server);
    const reader = postgres({ host, port, user, database, max: 1 });
    for await (const chunk of await reader`COPY (SELECT * FROM copied ORDER BY id) TO STDOUT`.readable())
      text += chunk;
    assert.equal(text, lines.join(''));
    await reader.end({ timeout: 1 });
    await sql`DROP TABLE copied`;
  });

  test('transactions and savepoints', async () => {
    await assert.rejects(
      sql.begin(async (tx) => {
        await tx`INSERT INTO shop.items (sku, label) VALUES ('p', 'not for long')`;
        throw new Error('away with it');
      }),
      /away with it/,
    );
    const seen = await sql.begin('read write', async (tx) => {
      const inside = await tx.savepoint((nested) => nested`SELECT 'nested' AS v`);
      await tx
        .savepoint((nested) => nested`SELECT nothing`)
        .catch((error: unknown) => assert.match(String(error), /nothing/));
      return [...inside, ...(await tx`SELECT count(*)::int AS n FROM shop.items`)];
    });
    assert.deepEqual(seen, [{ v: 'nested' }, { n: 2 }]);
  });

  test('cancel, describe, and errors', async () => {
    const endless = sql`SELECT count(*) FROM range(100000000000) AS t(i)`.execute();
    setTimeout(() => endless.cancel(), 200);
    await assert.rejects(endless, { code: '57014' });
    const { types, columns } = await sql`SELECT id, name FROM customers WHERE id = ${1}`.describe();
    assert.deepEqual(
      [types, columns.map(({ name, type }) => [name, type])],
      [
        [23],
        [
          ['id', 23],
          ['name', 25],
        ],
      ],
    );
    await assert.rejects(sql`SELECT 1 / 0`, { code: '22012' });
  });

  test('many at once on few connections', async () => {
    const results = await Promise.all(Array.from({ length: 60 }, (_, at) => sql`SELECT ${at}::int AS n`));
    assert.deepEqual(
      results.map(([row]) => row?.n),
      results.map((_, at) => at),
    );
  });
});
