/** What a killed server leaves behind, and who may have its data directory next. */
import assert from 'node:assert/strict';
import { readdirSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  graphs,
  isRightRow,
  kerasModels,
  makeScratch,
  type Scratch,
  unpackModel,
  writeColours,
} from './folders.testing.ts';
import {
  childrenOf,
  hasProc,
  memory_bytes,
  processesWith,
  ServerProcess,
  sleep,
  until,
  within,
} from './server-process.testing.ts';

const marker = `data-dir-${process.pid}`;

describe('the data directory of a killed server', { timeout: 300_000, skip: !hasProc }, () => {
  let scratch: Scratch;
  let server: ServerProcess | undefined;

  before(async () => {
    scratch = makeScratch('data-dir');
    writeColours(`${scratch.allowed}/imgs`, 0, 20);
  });
  after(async () => {
    await server?.end('SIGKILL');
    scratch?.remove();
  });

  function start(): Promise<ServerProcess> {
    return ServerProcess.start({
      dataDir: scratch.dataDir,
      flags: [
        '--allow-path',
        scratch.allowed,
        '--allow-path',
        kerasModels,
        '--allow-path',
        graphs,
        '--workers',
        '1',
      ],
      env: { SQLENS_FAULTS_TEST: marker },
    });
  }

  async function restarted(): Promise<ServerProcess> {
    await server?.end('SIGKILL');
    server = await start();
    return server;
  }

  test('a second server is refused while the first one runs, and the first one does not notice', async () => {
    const first = await restarted();
    await assert.rejects(
      start(),
      /belongs to a running server \(process \d+\)[\s\S]*choose another --data-dir/,
    );
    assert.deepEqual(await first.query('SELECT 42'), [['42']]);
  });

  test('of several that start at once over a stale lock, one gets it and the others are refused', async () => {
    await restarted().then((running) => running.end('SIGKILL'));
    server = undefined;
    const starts = await Promise.allSettled(Array.from({ length: 4 }, start));
    const up = starts.filter((outcome) => outcome.status === 'fulfilled').map((outcome) => outcome.value);
    const refused = starts
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }) => String(reason));
    server = up[0];
    for (const other of up.slice(1)) await other.end('SIGKILL');
    assert.equal(up.length, 1);
    for (const reason of refused) assert.match(reason, /belongs to a running server/);
    assert.deepEqual(await up[0]?.query('SELECT 42'), [['42']]);
  });

  test('the draft of a COPY is removed at the next start', async () => {
    const running = await restarted();
    void running
      .query(
        `COPY (SELECT i, repeat('y', 200) AS y FROM range(20000000) AS r(i)) TO '${scratch.allowed}/large.csv'`,
      )
      .catch(() => undefined);
    const drafts = () => readdirSync(scratch.allowed).filter((name) => name.includes('.part.'));
    await until('a draft', () => drafts().length > 0);
    await running.end('SIGKILL');
    assert.equal(drafts().length, 1);
    await restarted();
    assert.deepEqual(drafts(), []);
    assert.deepEqual(readdirSync(scratch.allowed), ['imgs']);
  });

  test('a compiler that loops ends with its server', async () => {
    const running = await restarted();
    const endless = await unpackModel('endless-loop.onnx', scratch.allowed);
    void running.query(`CREATE MODEL endless FROM '${endless}'`).catch(() => undefined);
    await until('a compiler', () => childrenOf(running.pid, 'compile-main').length > 0);
    const compilers = childrenOf(running.pid, 'compile-main');
    // Now it is in the loop: nothing that is sent to it is read any more.
    await sleep(2_000);
    await running.end('SIGKILL');
    await until('no process of the server', () => processesWith(marker).length === 0, 15_000);
    await until('no compiler', () => compilers.every((pid) => memory_bytes(pid, 'VmRSS') === 0), 15_000);
  });

  test('a damaged artifact is told at start and by whoever calls it, and registering again heals it', async () => {
    const running = await restarted();
    const create = `CREATE OR REPLACE MODEL channels FROM '${kerasModels}/channels.keras'`;
    await running.query(create);
    await running.query(
      `CREATE EXTERNAL TABLE imgs OPTIONS (format = 'image', uris = ['${scratch.allowed}/imgs/'])`,
    );
    const [[digest] = []] = await running.query("SELECT digest FROM sqlens.models WHERE name = 'channels'");
    await running.end('SIGKILL');
    truncateSync(path.join(scratch.dataDir, 'artifacts', `${digest}.onnx`), 100);
    const again = await restarted();
    assert.match(again.log, /model not loaded/);
    await assert.rejects(again.query('SELECT uri, channels(image) FROM imgs'), /channels|model|damaged/);
    await again.query(create);
    const rows = await within(
      30_000,
      'the healed model',
      again.query('SELECT uri, channels(image) FROM imgs'),
    );
    assert.equal(rows.length, 20);
    assert.ok(rows.every(isRightRow), JSON.stringify(rows));
  });
});
