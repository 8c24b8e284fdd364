/** Worker processes that are killed and stopped under queries, one, all and again and again. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { graphs, isRightRow, makeScratch, type Scratch, writeColours } from './folders.testing.ts';
import { hasProc, processesWith, ServerProcess, sleep, until, within } from './server-process.testing.ts';

const IMAGES = 600;
const ALL = 'SELECT uri, slow(image) FROM imgs';
/** Its deadline is a minute. */
const soakOnly = process.env.SQLENS_SOAK === undefined && 'set SQLENS_SOAK=1';
const marker = `SQLENS_FAULTS_TEST=workers-${process.pid}`;

describe('workers that end', { timeout: 180_000, skip: !hasProc }, () => {
  let scratch: Scratch;
  let server: ServerProcess;

  before(async () => {
    scratch = makeScratch('workers');
    writeColours(`${scratch.allowed}/imgs`, 0, IMAGES);
    const [name, value] = marker.split('=');
    server = await ServerProcess.start({
      dataDir: scratch.dataDir,
      flags: ['--allow-path', scratch.allowed, '--allow-path', graphs, '--workers', '2'],
      env: { [name ?? '']: value ?? '' },
    });
    await server.query(
      `CREATE EXTERNAL TABLE imgs OPTIONS (format = 'image', uris = ['${scratch.allowed}/imgs/'])`,
    );
  });

  after(async () => {
    await server?.end('SIGKILL');
    scratch?.remove();
  });

  /** Answers that are known from an earlier query would need no worker. */
  async function forgetAnswers(): Promise<void> {
    writeColours(`${scratch.allowed}/imgs`, 0, IMAGES);
    await server.query('REFRESH TABLE imgs');
    await server.query(`CREATE OR REPLACE MODEL slow FROM '${graphs}/slow-channels.onnx'`);
    await until('two workers', async () => (await server.workerPids()).length === 2);
  }

  /** Both workers have answered something of a query and have more of it before them. */
  async function untilBusy(killed: ReadonlySet<number> = new Set()): Promise<number[]> {
    let busy: number[] = [];
    await until('two busy workers', async () => {
      const rows = await server.query(
        "SELECT pid FROM sqlens.workers WHERE state = 'busy' AND batch_count > 1 ORDER BY slot",
      );
      busy = rows.map(([pid]) => Number(pid)).filter((pid) => !killed.has(pid));
      return busy.length === 2;
    });
    return busy;
  }

  async function assertAllRight(rows: readonly (readonly (string | null)[])[]): Promise<void> {
    assert.equal(rows.length, IMAGES);
    assert.deepEqual(
      rows.filter((row) => !isRightRow(row)),
      [],
    );
  }

  test('one killed in the middle: the right rows, and a new worker within 5 s', async () => {
    await forgetAnswers();
    const asked = server.query(ALL);
    const [victim = 0] = await untilBusy();
    process.kill(victim, 'SIGKILL');
    const back_ms = await until('a new worker', async () => {
      const now = await server.workerPids();
      return now.length === 2 && !now.includes(victim);
    });
    console.log(`a new worker after ${Math.round(back_ms)} ms`);
    await assertAllRight(await within(60_000, 'the query', asked));
  });

  test('all killed at once, three times over one query: the right rows', async () => {
    await forgetAnswers();
    // A model that has never answered is quarantined by its second death; one that has is given more of them.
    await server.query(ALL.replace('FROM imgs', 'FROM (SELECT * FROM imgs LIMIT 1) AS one'));
    const asked = server.query(ALL);
    const killed = new Set<number>();
    for (let round = 0; round < 3; round++) {
      for (const pid of await untilBusy(killed)) {
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
    }
    await assertAllRight(await within(60_000, 'the query', asked));
    assert.equal(killed.size, 6);
  });

  test('a worker that is stopped hits its deadline, and the rows are right', { skip: soakOnly }, async () => {
    await forgetAnswers();
    const asked = server.query(ALL);
    const [victim = 0] = await untilBusy();
    process.kill(victim, 'SIGSTOP');
    await assertAllRight(await within(120_000, 'the query', asked));
    await until('the stopped worker to be gone', async () => !(await server.workerPids()).includes(victim));
  });

  test('after SIGTERM no process is left, and after SIGKILL none for long', async () => {
    assert.equal(await within(20_000, 'the server', server.end('SIGTERM')), 0);
    await until('no process of the server', () => processesWith(marker).length === 0, 5_000);
    const [name, value] = marker.split('=');
    server = await ServerProcess.start({
      dataDir: scratch.dataDir,
      flags: ['--allow-path', scratch.allowed, '--allow-path', graphs, '--workers', '2'],
      env: { [name ?? '']: value ?? '' },
    });
    await until('two workers', async () => (await server.workerPids()).length === 2);
    void server.query(ALL).catch(() => undefined);
    await sleep(300);
    await server.end('SIGKILL');
    await until('no process of the server', () => processesWith(marker).length === 0, 10_000);
  });
});
