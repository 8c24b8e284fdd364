/** Two sessions: notifications, advisory locks, and cursors of one while the other writes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';

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

/** A client that keeps what it is notified of. */
async function client(): Promise<{ readonly db: pg.Client; readonly heard: string[]; readonly pid: number }> {
  const db = new pg.Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'slt',
    database: 'sqlens',
    password: 'unused',
  });
  const heard: string[] = [];
  db.on('notification', ({ channel, payload, processId }) =>
    heard.push(`${channel} ${payload} ${processId}`),
  );
  db.on('error', () => undefined);
  await db.connect();
  const { rows } = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return { db, heard, pid: rows[0]?.pid ?? 0 };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

test('a notification leaves with the commit and reaches an idle listener at once', async () => {
  const [listener, sender] = [await client(), await client()];
  await listener.db.query('LISTEN news; LISTEN "Other News"');
  await sender.db.query('BEGIN');
  await sender.db.query("NOTIFY news, 'one'");
  await sender.db.query("NOTIFY news, 'one'");
  await sender.db.query("SELECT pg_notify('Other News', $1)", ['two']);
  await sender.db.query("NOTIFY unheard, 'three'");
  await listener.db.query('SELECT 1');
  assert.deepEqual(listener.heard, []);
  await sender.db.query('COMMIT');
  await until('both arrive', () => listener.heard.length === 2);
  assert.deepEqual(listener.heard, [`news one ${sender.pid}`, `Other News two ${sender.pid}`]);
  await sender.db.query("BEGIN; NOTIFY news, 'lost'; ROLLBACK");
  await sender.db.query(
    "BEGIN; SAVEPOINT s; NOTIFY news, 'lost too'; ROLLBACK TO s; NOTIFY news, 'kept'; COMMIT",
  );
  await until('the last arrives', () => listener.heard.length === 3);
  assert.equal(listener.heard[2], `news kept ${sender.pid}`);
  await listener.db.end();
  await sender.db.end();
});

test('a listener in a transaction is told when that ends, and nothing after UNLISTEN', async () => {
  const [listener, sender] = [await client(), await client()];
  await listener.db.query('LISTEN news');
  await listener.db.query('BEGIN');
  await sender.db.query("NOTIFY news, 'while busy'");
  await listener.db.query('SELECT 1');
  assert.deepEqual(listener.heard, []);
  await listener.db.query('COMMIT');
  await until('it arrives', () => listener.heard.length === 1);
  await listener.db.query('UNLISTEN *');
  await sender.db.query("NOTIFY news, 'unheard'");
  await listener.db.query('LISTEN news');
  await sender.db.query("NOTIFY news, 'heard'");
  await until('it arrives', () => listener.heard.length === 2);
  assert.equal(listener.heard[1], `news heard ${sender.pid}`);
  await listener.db.end();
  await sender.db.end();
});

test('what PostgreSQL refuses to send is refused', async () => {
  const { db } = await client();
  await assert.rejects(db.query(`NOTIFY a, '${'x'.repeat(8000)}'`), { code: '22023' });
  await assert.rejects(db.query("SELECT pg_notify('', 'x')"), { code: '22023' });
  await db.end();
});

test('an advisory lock is waited for, a cancelled wait leaves nothing, a session takes its locks with it', async () => {
  const [holder, waiter, third] = [await client(), await client(), await client()];
  await holder.db.query('SELECT pg_advisory_lock(7)');
  const waiting = waiter.db.query('SELECT pg_advisory_lock(7)');
  await third.db.query("SET statement_timeout = '100ms'");
  await assert.rejects(third.db.query('SELECT pg_advisory_lock(7)'), { code: '57014' });
  // On a busy machine anything may take so long.
  await third.db.query('RESET statement_timeout');
  await holder.db.end();
  await waiting;
  const { rows } = await third.db.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(7) AS locked');
  assert.equal(rows[0]?.locked, false);
  await waiter.db.query('SELECT pg_advisory_unlock(7)');
  const again = await third.db.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(7) AS locked');
  assert.equal(again.rows[0]?.locked, true);
  await waiter.db.end();
  await third.db.end();
});

test('two sessions that wait for each other: one is told', async () => {
  const [a, b] = [await client(), await client()];
  await a.db.query('SELECT pg_advisory_lock(1)');
  await b.db.query('SELECT pg_advisory_lock(2)');
  // Who asks last closes the circle; on a busy machine that may be either.
  const ask = async ({ db }: typeof a, lock: number): Promise<string> => {
    try {
      await db.query(`SELECT pg_advisory_lock(${lock})`);
      return 'locked';
    } catch (error) {
      await db.query('SELECT pg_advisory_unlock_all()');
      return error instanceof pg.DatabaseError ? String(error.code) : 'failed';
    }
  };
  assert.deepEqual((await Promise.all([ask(a, 2), ask(b, 1)])).sort(), ['40P01', 'locked']);
  await a.db.end();
  await b.db.end();
});

test('a cursor shows what there was when it was declared, however others write', async () => {
  const [reader, writer] = [await client(), await client()];
  await writer.db.query('CREATE TABLE seen AS SELECT i FROM range(50000) AS r(i)');
  await reader.db.query('BEGIN');
  await reader.db.query('DECLARE c CURSOR FOR SELECT i FROM seen ORDER BY i');
  let sum = 0;
  for (let at = 0; ; at++) {
    const { rows } = await reader.db.query<{ i: string }>('FETCH 5000 FROM c');
    if (rows.length === 0) break;
    sum += rows.reduce((total, { i }) => total + Number(i), 0);
    if (at === 1) await writer.db.query('UPDATE seen SET i = 0');
    if (at === 2) await writer.db.query('DELETE FROM seen');
  }
  assert.equal(sum, (49_999 * 50_000) / 2);
  await reader.db.query('COMMIT');
  await reader.db.end();
  await writer.db.end();
});

test('idle_in_transaction_session_timeout ends the session', async () => {
  const { db } = await client();
  let ended = '';
  db.on('error', (error) => {
    if (error instanceof pg.DatabaseError) ended = error.code ?? '';
  });
  await db.query("SET idle_in_transaction_session_timeout = '100ms'");
  await db.query('SELECT 1');
  await db.query('BEGIN');
  await until('the session ends', () => ended !== '');
  assert.equal(ended, '25P03');
});
