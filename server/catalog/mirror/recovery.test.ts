/** What happens to those who wait when the mirror's process, its directory or its server goes away. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEntry } from '../../../common/child-entry.ts';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { ask, ENDLESS, openMirror, temporaryDataDir, value } from './mirror.testing.ts';
import { Mirror } from './mirror.ts';

const OID = `SELECT 'public.cars'::regclass::oid`;
const fill = (mirror: Mirror): Promise<void> => mirror.apply(['CREATE TABLE public.cars (id int)']);

let dataDir: Awaited<ReturnType<typeof temporaryDataDir>>;
let mirror: Mirror;
let oid: string | null | undefined;

before(async () => {
  dataDir = await temporaryDataDir();
  const opened = await openMirror({ dataDir: dataDir.path }, fill);
  mirror = opened.mirror;
  oid = await value(mirror, OID);
  assert.equal(opened.rebuilds(), 1);
});

after(async () => {
  await mirror.close();
  await dataDir.remove();
});

/** The same directory, served by another mirror. */
async function reopen(options: { readonly version?: string } = {}): Promise<() => number> {
  await mirror.close();
  const opened = await openMirror({ dataDir: dataDir.path, ...options }, fill);
  mirror = opened.mirror;
  await mirror.start();
  console.log(`started in ${mirror.stats().lastStart_ms} ms`);
  return opened.rebuilds;
}

function killProcess(): void {
  const { pid } = mirror.stats();
  assert.ok(pid !== undefined, 'there is a process to kill');
  process.kill(pid, 'SIGKILL');
}

test('a later start finds everything, under the same OIDs', async () => {
  const rebuilds = await reopen();
  assert.equal(await value(mirror, OID), oid);
  assert.equal(rebuilds(), 0);
  assert.equal(mirror.stats().rebuilds, 0);
});

test('another version brings its own functions and keeps the content', async () => {
  const rebuilds = await reopen({ version: '99.1' });
  assert.match((await value(mirror, 'SELECT version()')) ?? '', /\(SQLens 99\.1\)$/);
  assert.equal(await value(mirror, OID), oid);
  assert.equal(await value(mirror, `SELECT pg_get_indexdef(0)`), null);
  assert.equal(rebuilds(), 0);
});

test('requests that wait when the process is killed are answered all the same', async () => {
  const answers = Array.from({ length: 40 }, (_, index) =>
    value(mirror, `SELECT ${index} FROM pg_class LIMIT 1`),
  );
  setTimeout(killProcess, 5);
  assert.deepEqual(
    await Promise.all(answers),
    answers.map((_, index) => String(index)),
  );
  killProcess();
  assert.equal(await value(mirror, OID), oid, 'nor when nothing ran');
});

test('a change during which the process is killed is made once, or not at all and then again', async () => {
  const columns = Array.from({ length: 30 }, (_, index) => `c${index} int`).join(', ');
  for (const delay_ms of [0, 5, 20, 40, 80, 160]) {
    const statements = Array.from(
      { length: 40 },
      (_, index) => `CREATE TABLE public.k${delay_ms}_${index} (${columns})`,
    );
    await mirror.start();
    const change = mirror.apply(statements);
    setTimeout(killProcess, delay_ms);
    await change;
    assert.equal(
      await value(mirror, `SELECT count(*) FROM pg_class WHERE relname LIKE 'k${delay_ms}\\_%'`),
      '40',
      `killed after ${delay_ms} ms`,
    );
    await sleep(delay_ms);
  }
  assert.equal(await value(mirror, OID), oid);
});

test('who cancels is answered at once, the others a little later', async () => {
  const cancel = new AbortController();
  const reason = new SqlensError({ sqlState: SqlState.queryCanceled, message: 'statement timeout' });
  const cancelled = ask(mirror, ENDLESS, { signal: cancel.signal });
  const waiting = value(mirror, 'SELECT 7');
  const hopeless = ask(mirror, 'SELECT 8', { signal: cancel.signal });
  setTimeout(() => cancel.abort(reason), 50);
  await assert.rejects(cancelled, reason);
  await assert.rejects(hopeless, reason);
  assert.equal(await waiting, '7');
  await assert.rejects(ask(mirror, 'SELECT 9', { signal: AbortSignal.abort() }), { sqlState: '57014' });
  // One that ends by itself in time costs nobody anything.
  const { starts } = mirror.stats();
  const short = new AbortController();
  const quick = ask(mirror, 'SELECT pg_sleep(0.05)', { signal: short.signal });
  setTimeout(() => short.abort(), 20);
  await assert.rejects(quick, { sqlState: '57014' });
  assert.equal(await value(mirror, 'SELECT 10'), '10');
  assert.equal(mirror.stats().starts, starts);
});

test('a request under which the process ends again and again is told so', async () => {
  await mirror.start();
  const poison = ask(mirror, ENDLESS);
  const innocent = value(mirror, 'SELECT 7');
  let isTold = false;
  const killer = setInterval(() => {
    if (!isTold && mirror.stats().pid !== undefined) killProcess();
  }, 100);
  await assert.rejects(poison, { sqlState: 'XX000', message: /again and again/ });
  isTold = true;
  clearInterval(killer);
  assert.equal(await innocent, '7');
});

test('deadlines and a full queue', async () => {
  const own = await temporaryDataDir();
  const { mirror: small } = await openMirror({ dataDir: own.path, deadline_ms: 400, maxWaiting: 3 }, fill);
  await small.start();
  const overdue = ask(small, ENDLESS);
  await sleep(50);
  const waiting = [1, 2, 3].map((n) => value(small, `SELECT ${n}`));
  await assert.rejects(ask(small, 'SELECT 4'), { sqlState: '53300' });
  await assert.rejects(overdue, { sqlState: '57014', message: /0\.4 s/ });
  assert.deepEqual(await Promise.all(waiting), ['1', '2', '3']);
  const last = ask(small, ENDLESS);
  const closed = assert.rejects(last, { sqlState: '57P01' });
  await sleep(50);
  await small.close();
  await closed;
  await assert.rejects(ask(small, 'SELECT 5'), { sqlState: '57P01' });
  await own.remove();
});

test('a directory that is damaged, unfinished or of another layout is made anew, and filled', async () => {
  const root = path.join(dataDir.path, 'catalog');
  const damages: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['no pg_control', () => rm(path.join(root, 'postgres/global/pg_control'))],
    ['an empty pg_control', () => truncate(path.join(root, 'postgres/global/pg_control'), 0)],
    ['no log', () => rm(path.join(root, 'postgres/pg_wal'), { recursive: true })],
    ['initdb was killed', () => rm(path.join(root, 'layout'))],
    ['another layout', () => writeFile(path.join(root, 'layout'), 'sqlens catalog 0\n')],
  ];
  for (const [what, damage] of damages) {
    await mirror.close();
    await damage();
    const rebuilds = await reopen();
    assert.equal(rebuilds(), 1, what);
    assert.equal(await value(mirror, `SELECT to_regclass('public.cars')`), 'cars', what);
    assert.equal(await value(mirror, 'SELECT current_user'), 'ann', what);
  }
});

test('an owner who cannot fill the mirror fails the start; the next one begins at the beginning', async () => {
  await mirror.close();
  await rm(path.join(dataDir.path, 'catalog'), { recursive: true });
  let tries = 0;
  mirror = Mirror.create({ dataDir: dataDir.path, version: '1' });
  mirror.onRebuilt = async () => {
    tries++;
    await fill(mirror);
    if (tries === 1) throw new SqlensError({ sqlState: SqlState.internalError, message: 'no content' });
  };
  await assert.rejects(mirror.start(), { message: 'no content' });
  assert.equal(mirror.stats().state, 'stopped');
  await mirror.ensureRoles([['ann', 'analyst']]);
  assert.equal(await value(mirror, `SELECT to_regclass('public.cars')`), 'cars');
  assert.equal(tries, 2);
});

test('where nothing can be written, that is what is said', async () => {
  const own = await temporaryDataDir();
  const file = path.join(own.path, 'file');
  await writeFile(file, '');
  const nowhere = Mirror.create({ dataDir: file, version: '1' });
  await assert.rejects(nowhere.start(), {
    sqlState: '58030',
    message: /catalog's directory .* cannot be written/,
  });
  await assert.rejects(ask(nowhere, 'SELECT 1'), { sqlState: '58030' });
  await nowhere.close();
  await own.remove();
});

test('the process goes when its server is killed, busy or not', {
  skip: process.platform === 'linux' ? false : 'looks into /proc',
}, async () => {
  const own = await temporaryDataDir();
  const server = fork(childEntry(import.meta.url, './doomed-owner.testing'), [own.path], {
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--test')),
  });
  const [pid] = await once(server, 'message');
  assert.ok(typeof pid === 'number');
  assert.ok((await readdir('/proc')).includes(String(pid)));
  server.kill('SIGKILL');
  for (let look = 0; ; look++) {
    if (!(await readdir('/proc')).includes(String(pid))) break;
    assert.ok(look < 100, 'it still runs after ten seconds');
    await sleep(100);
  }
  await own.remove();
});
