/** The catalog's process is killed, the server is stopped: clients wait, numbers stay, and nobody suffers for another. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { CatalogServer, cell, refusalOf, rowsOf } from './server.testing.ts';

let server: CatalogServer;
let anna: pg.Client;

before(async () => {
  server = await CatalogServer.start();
  anna = await server.connect('anna');
});

after(() => server.remove());

/** Processes that run PostgreSQL for this one. */
function mirrorPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
        return (
          parent === String(process.pid) &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mirror-process')
        );
      } catch {
        // Gone meanwhile.
        return false;
      }
    })
    .map(Number);
}

const NUMBERS = `SELECT relname, oid, (SELECT string_agg(attname || attnum, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid
    AND attnum > 0) FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY relname`;
const OTHERS = `SELECT 'type ' || typname, oid FROM pg_type WHERE typname IN ('t1', 'mood') UNION ALL
  SELECT 'constraint ' || conname, oid FROM pg_constraint WHERE conrelid = 't1'::regclass UNION ALL
  SELECT 'schema ' || nspname, oid FROM pg_namespace WHERE nspname = 'other' ORDER BY 1`;

test('numbers are the same after restarts, also when tables depend on functions of SQLens', async () => {
  await anna.query(`CREATE SCHEMA other; CREATE TYPE mood AS ENUM ('sad'); CREATE SEQUENCE s;
    CREATE TABLE t1 (a int PRIMARY KEY, db text DEFAULT current_database(), d text CHECK (d ~ '^x'), m mood);
    CREATE TABLE t2 (a int REFERENCES t1 (a)); CREATE VIEW v AS SELECT a FROM t1; CREATE INDEX i ON t1 (d)`);
  const before = [await rowsOf(anna, NUMBERS), await rowsOf(anna, OTHERS)];
  assert.equal(before[1]?.length, 5, JSON.stringify(before[1]));
  await anna.query('INSERT INTO t1 (a) VALUES (1)');
  await server.close();
  await server.open();
  anna = await server.connect('anna');
  assert.deepEqual([await rowsOf(anna, NUMBERS), await rowsOf(anna, OTHERS)], before);
  assert.deepEqual(await rowsOf(anna, 'SELECT a, db FROM t1'), [['1', 'sqlens']]);
  await anna.query('CREATE TABLE later (a int); DROP TABLE later');
  for (const pid of existsSync('/proc/self/stat') ? mirrorPids() : []) process.kill(pid, 'SIGKILL');
  assert.deepEqual([await rowsOf(anna, NUMBERS), await rowsOf(anna, OTHERS)], before);
});

test('killed again and again under load: every question is answered, only later', {
  skip: !existsSync('/proc/self/stat'),
}, async () => {
  const clients = await Promise.all(
    Array.from({ length: 8 }, (_, at) => server.connect(at % 2 === 0 ? 'bert' : 'anna')),
  );
  let isOver = false;
  let kills = 0;
  const killing = (async () => {
    for (let round = 0; round < 5; round++) {
      await sleep(700);
      for (const pid of mirrorPids()) {
        process.kill(pid, 'SIGKILL');
        kills++;
      }
    }
    isOver = true;
  })();
  let answers = 0;
  await Promise.all(
    clients.map(async (client, number) => {
      for (let round = 0; !isOver; round++) {
        if (number === 1) {
          await client.query(`CREATE TABLE k${round} (a int)`);
          assert.equal(
            await cell(client, 'SELECT count(*) FROM pg_class WHERE relname = $1', [`k${round}`]),
            '1',
          );
          await client.query(`DROP TABLE k${round}`);
        } else {
          assert.equal(await cell(client, `SELECT relname FROM pg_class WHERE oid = 't1'::regclass`), 't1');
          assert.equal(await cell(client, 'SELECT 1'), '1');
        }
        answers++;
      }
      await client.end();
    }),
  );
  await killing;
  assert.ok(kills >= 3 && answers >= 8, `${kills} kills, ${answers} answers`);
  assert.equal(
    await cell(
      anna,
      `SELECT count(*) FROM pg_class WHERE relname LIKE 'k%' AND relnamespace = 'public'::regnamespace`,
    ),
    '0',
  );
});

test('endless questions end by cancel, timeout or limit, and hold up nobody for long', async () => {
  const endless = 'SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_class d';
  const hostile = await server.connect('bert');
  const other = await server.connect('anna');
  await hostile.query('SET statement_timeout = 500');
  for (const sql of [
    endless,
    'SELECT count(*) FROM generate_series(1, 1e12), pg_class',
    `SELECT repeat('x', 1000000000) || relname FROM pg_class`,
  ]) {
    const refused = refusalOf(hostile, sql);
    assert.equal(await cell(other, 'SELECT relname FROM pg_class WHERE oid = 1259'), 'pg_class');
    assert.equal(await cell(other, 'SELECT a FROM t1'), '1');
    assert.match((await refused) ?? 'answered', /^(57014|54000|53200) /, sql);
  }
  await hostile.query('RESET statement_timeout');
  const pid = await cell(hostile, 'SELECT pg_backend_pid()');
  let refusal: string | undefined;
  const cancelled = refusalOf(hostile, endless).then((told) => {
    refusal = told ?? 'answered';
  });
  // Not by a row of the catalog, which would have to wait for what it is to end; again, since the first may come too early.
  while (refusal === undefined) {
    assert.equal(await cell(other, `SELECT pg_cancel_backend(${pid})`), 't');
    await sleep(100);
  }
  await cancelled;
  assert.match(refusal, /^57014 canceling statement due to user request/);
  assert.equal(await cell(hostile, 'SELECT relname FROM pg_class WHERE oid = 1259'), 'pg_class');
});
