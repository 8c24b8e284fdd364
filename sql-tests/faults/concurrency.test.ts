/**
 * Many sessions at once: asking the same and different models, replacing and dropping them, cancelling, timing out,
 * going away in the middle. Never a wrong row, never a hang, and at the end everything is free again.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DatabaseError } from 'pg';
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
  type Client,
  childrenOf,
  hasProc,
  memory_bytes,
  type Row,
  randomFrom,
  ServerProcess,
  sleep,
  until,
  within,
} from './server-process.testing.ts';

const MIB = 2 ** 20;
const SEED = Number(process.env.SQLENS_SEED ?? 20261122);
const SOAK_S = process.env.SQLENS_SOAK === undefined ? 15 : 180;
/** `SQLENS_STEPS=view,replace` leaves the others out. */
const only = process.env.SQLENS_STEPS?.split(',');
const SESSIONS = 10;
const IMAGES = 200;
/** No statement of these tests takes longer unless it hangs. */
const LIMIT_MS = 60_000;

let scratch: Scratch;
let server: ServerProcess;

describe('concurrency', { timeout: 900_000, skip: !hasProc }, () => {
  before(async () => {
    scratch = makeScratch('concurrency');
    writeColours(`${scratch.allowed}/imgs`, 0, IMAGES);
    server = await ServerProcess.start({
      dataDir: scratch.dataDir,
      flags: [
        '--allow-path',
        scratch.allowed,
        '--allow-path',
        kerasModels,
        '--allow-path',
        graphs,
        '--workers',
        '2',
      ],
    });
    await server.query(
      `CREATE EXTERNAL TABLE imgs OPTIONS (format = 'image', uris = ['${scratch.allowed}/imgs/'])`,
    );
    await server.query(`CREATE MODEL channels FROM '${kerasModels}/channels.keras'`);
    await server.query(`CREATE MODEL slow FROM '${graphs}/slow-channels.onnx'`);
    await server.query(`CREATE MODEL rounds FROM '${graphs}/rounds.onnx'`);
    await server.query(`CREATE MODEL shared FROM '${kerasModels}/channels.keras'`);
    await server.query('CREATE VIEW seen AS SELECT uri, shared(image) AS channels FROM imgs');
    await until('two workers', async () => (await server.workerPids()).length === 2);
  });
  after(async () => {
    await server?.end('SIGKILL');
    scratch?.remove();
  });

  /** Nothing runs, nothing is waited for, nothing is held: as before. */
  async function assertFree(baseline: { sockets: number; others: number }): Promise<void> {
    await until(
      'no statement to be left',
      async () =>
        (await server.query("SELECT 1 FROM sqlens.queries WHERE query NOT LIKE '%sqlens.queries%'"))
          .length === 0,
    );
    await until('connections to be closed', () => server.descriptors().sockets <= baseline.sockets, 10_000);
    const { others } = server.descriptors();
    assert.ok(others <= baseline.others + 8, `${others} descriptors, ${baseline.others} before`);
    // A transaction that somebody left open would be in the way of these.
    await within(LIMIT_MS, 'DDL', server.query('CREATE OR REPLACE TABLE after_all AS SELECT 42 AS x'));
    await server.query('DROP TABLE after_all');
  }

  /** Rows of (uri, channels) of one statement: all of one scaling, whichever it is. */
  function assertOneScaling(rows: readonly Row[]): void {
    if (rows.every(isRightRow)) return;
    const scaled = rows.map(([uri, channels]): Row => {
      const numbers = channels
        ?.replace(/[{}]/g, '')
        .split(',')
        .map((value) => Number(value) * 255);
      return [uri ?? null, numbers?.join(',') ?? null];
    });
    const wrong = scaled.filter((row) => !isRightRow(row));
    assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${rows.length} rows are wrong`);
  }

  test('a crowd: right rows or one clear error, whatever the others do', async () => {
    console.log(`seed ${SEED}, ${SOAK_S} s`);
    const baseline = server.descriptors();
    const end_ms = performance.now() + SOAK_S * 1_000;
    const outcomes = new Map<string, number>();
    const steps = STEPS.filter((step) => only === undefined || only.includes(step.name));
    const note = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
    const sessions = Array.from({ length: SESSIONS }, async (_, number) => {
      const random = randomFrom(SEED + number);
      let client = await server.connect();
      while (performance.now() < end_ms) {
        const step = steps[Math.floor(random() * steps.length)];
        if (step === undefined) continue;
        try {
          const again = await within(LIMIT_MS, step.name, step(client, random));
          note(step.name);
          if (again) {
            client = await server.connect();
          }
        } catch (error) {
          if (!(error instanceof DatabaseError)) throw new Error(`${step.name}: ${error}`, { cause: error });
          assert.match(error.code ?? '', EXPECTED, `${step.name}: ${error.code} ${error.message}`);
          note(`${step.name}: ${error.code}`);
          await client.query('ROLLBACK');
          await client.query('SET statement_timeout = 0');
        }
      }
      await client.close();
    });
    await Promise.all(sessions);
    for (const [what, count] of [...outcomes].sort()) console.log(`${String(count).padStart(6)} ${what}`);
    await assertFree(baseline);
    assertOneScaling(await server.query('SELECT uri, channels FROM seen'));
  });

  /**
   * Cancelled, timed out, dropped or replaced under a statement (also its name taken meanwhile), and two that write
   * the same at once.
   */
  const EXPECTED = /^(57014|42883|42704|40001|42710|42723|42P01|42P07|55006)$/;

  /** Each gives true when its session is gone. */
  const STEPS: readonly ((client: Client, random: () => number) => Promise<boolean>)[] = [
    async function simple(client) {
      const rows = await client.query('SELECT uri, channels(image) FROM imgs');
      assert.equal(rows.length, IMAGES);
      assert.deepEqual(
        rows.filter((row) => !isRightRow(row)),
        [],
      );
      return false;
    },
    async function sharedModel(client) {
      const rows = await client.query('SELECT uri, shared(image) FROM imgs');
      assert.equal(rows.length, IMAGES);
      assertOneScaling(rows);
      return false;
    },
    async function view(client) {
      const rows = await client.query('SELECT uri, channels FROM seen');
      assert.equal(rows.length, IMAGES);
      assertOneScaling(rows);
      return false;
    },
    async function prepared(client, random) {
      const limit = 1 + Math.floor(random() * IMAGES);
      const rows = await client.query('SELECT uri, shared(image) FROM imgs ORDER BY uri LIMIT $1', [
        String(limit),
      ]);
      assert.equal(rows.length, limit);
      assertOneScaling(rows);
      return false;
    },
    async function portal(client) {
      const rows = await client.portal('SELECT uri, shared(image) FROM imgs', 17);
      assert.equal(rows.length, IMAGES);
      assertOneScaling(rows);
      return false;
    },
    async function transaction(client) {
      await client.query('BEGIN');
      const first = await client.query('SELECT uri, shared(image) FROM imgs ORDER BY uri');
      await client.query('CREATE TEMP TABLE mine AS SELECT uri, shared(image) AS channels FROM imgs');
      const second = await client.query('SELECT uri, channels FROM mine ORDER BY uri');
      await client.query('ROLLBACK');
      assert.equal(first.length, IMAGES);
      assertOneScaling(first);
      assert.deepEqual(second, first);
      return false;
    },
    async function replace(client, random) {
      const preprocess = random() < 0.5 ? 'none' : 'unit';
      await client.query(
        `CREATE OR REPLACE MODEL shared FROM '${kerasModels}/channels.keras' OPTIONS (preprocess = '${preprocess}')`,
      );
      return false;
    },
    async function comeAndGo(client, random) {
      const name = `passing_${Math.floor(random() * 2)}`;
      await client.query(`CREATE MODEL ${name} FROM '${kerasModels}/channels.keras'`);
      const rows = await client.query(`SELECT uri, ${name}(image) FROM imgs`);
      assert.deepEqual(
        rows.filter((row) => !isRightRow(row)),
        [],
      );
      await client.query(`DROP MODEL ${name}`);
      return false;
    },
    async function passing(client, random) {
      const rows = await client.query(`SELECT uri, passing_${Math.floor(random() * 2)}(image) FROM imgs`);
      assert.equal(rows.length, IMAGES);
      assert.deepEqual(
        rows.filter((row) => !isRightRow(row)),
        [],
      );
      return false;
    },
    async function refresh(client) {
      await client.query('REFRESH TABLE imgs');
      return false;
    },
    async function cancelled(client, random) {
      const rounds = Math.floor(100 + random() * 400);
      const asked = client.query(`SELECT rounds([${rounds}.${number()}::FLOAT])`);
      void sleep(random() * 400).then(() => client.cancel());
      await asked;
      return false;
    },
    async function timedOut(client, random) {
      await client.query(`SET statement_timeout = ${Math.floor(1 + random() * 300)}`);
      await client.query(`SELECT uri, slow(image) FROM imgs`);
      await client.query('SET statement_timeout = 0');
      return false;
    },
    async function gone(client, random) {
      const statements = [
        `SELECT rounds([${Math.floor(100 + random() * 300)}.${number()}::FLOAT])`,
        'SELECT uri, shared(image) FROM imgs',
        "SELECT i, repeat('x', 100) FROM range(1000000) AS r(i)",
        'REFRESH TABLE imgs',
        `CREATE OR REPLACE MODEL passing_2 FROM '${kerasModels}/channels.keras'`,
      ];
      const asked = client.query(statements[Math.floor(random() * statements.length)] ?? '');
      asked.catch(() => undefined);
      await sleep(random() * 300);
      client.vanish();
      return true;
    },
  ];

  let lastNumber = 0;
  /** Digits that make an input new: one that was answered before needs no worker. */
  function number(): string {
    return String(++lastNumber).padStart(5, '0');
  }

  test('a statement that was cancelled or late leaves its session as it was', async () => {
    const random = randomFrom(SEED);
    const client = await server.connect();
    const late = [
      'SELECT uri, slow(image) FROM imgs',
      'SELECT sum(i) FROM range(1000000000) AS r(i)',
      'REFRESH TABLE imgs',
    ];
    for (let round = 0; round < 45; round++) {
      await client.query(`SET statement_timeout = ${1 + Math.floor(random() * 40)}`);
      await client.query(late[round % late.length] ?? '').catch((error) => assert.equal(error.code, '57014'));
      await client.query('SET statement_timeout = 0');
      assert.equal((await client.query('SELECT i FROM range(20000) AS r(i)')).length, 20_000);
      assert.deepEqual(
        (await client.query('SELECT uri, channels(image) FROM imgs')).filter((row) => !isRightRow(row)),
        [],
      );
    }
    await client.query('SET statement_timeout = 300');
    await assert.rejects(
      within(20_000, 'a late stream', client.query('SELECT max(i) FROM range(10000000) AS r(i) GROUP BY i')),
      { code: '57014' },
    );
    await client.close();
  });

  test('100 connections, and one more is refused', async () => {
    const baseline = server.descriptors();
    const clients = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
    await assert.rejects(
      server.connect(),
      (error) => error instanceof DatabaseError && error.code === '53300',
    );
    const answers = await Promise.all(clients.map((client) => client.query('SELECT 1')));
    assert.ok(answers.every((rows) => rows[0]?.[0] === '1'));
    await Promise.all(clients.map((client) => client.close()));
    await assertFree(baseline);
  });

  test('a client that stops reading takes no memory, and none is left when it goes', async () => {
    const baseline = server.descriptors();
    await server.query("SELECT i, repeat('x', 200) FROM range(100000) AS r(i)");
    const before_bytes = memory_bytes(server.pid, 'VmRSS');
    const clients = await Promise.all([1, 2, 3].map(() => server.connect()));
    for (const client of clients) {
      client.query("SELECT i, repeat('x', 1000) FROM range(5000000) AS r(i)").catch(() => undefined);
      client.raw.connection.stream.pause();
    }
    await sleep(4_000);
    const grown_MiB = Math.round((memory_bytes(server.pid, 'VmRSS') - before_bytes) / MIB);
    console.log(`three clients that do not read: ${grown_MiB} MiB`);
    assert.ok(grown_MiB < 300, `the server has grown by ${grown_MiB} MiB`);
    assert.deepEqual(await server.query('SELECT 1'), [['1']]);
    for (const client of clients) client.vanish();
    await assertFree(baseline);
  });

  test('a client that stops reading wide rows keeps none of them in memory, and gets all when it reads on', async () => {
    const baseline = server.descriptors();
    const rows = 10_000;
    const wide = `SELECT i, repeat(chr(65 + (i % 26)::INTEGER), 20000) FROM range(${rows}) AS r(i)`;
    await server.query(wide);
    const before_bytes = memory_bytes(server.pid, 'VmRSS');
    const client = await server.connect();
    const asked = client.query(wide);
    client.raw.connection.stream.pause();
    const grown_MiB = () => Math.round((memory_bytes(server.pid, 'VmRSS') - before_bytes) / MIB);
    const isIdle = async () =>
      (
        await server.query(
          "SELECT 1 FROM sqlens.queries WHERE query LIKE '%repeat(chr%' AND query NOT LIKE '%sqlens.queries%'",
        )
      ).length === 0;
    await until('the statement has ended without its reader', isIdle, 60_000);
    await until('its memory is free', () => grown_MiB() < 64, 30_000);
    console.log(`a client that does not read 200 MB: ${grown_MiB()} MiB`);
    client.raw.connection.stream.resume();
    const got = await within(60_000, 'the rows', asked);
    assert.equal(got.length, rows);
    assert.ok(
      got.every(
        ([i, text], n) => i === String(n) && text === String.fromCharCode(65 + (n % 26)).repeat(20_000),
      ),
    );
    await client.close();
    await assertFree(baseline);
  });

  test('CREATE MODEL ends soon when it is cancelled, times out or its client goes', async () => {
    const baseline = server.descriptors();
    const endless = await unpackModel('endless-loop.onnx', scratch.allowed);
    const create = `CREATE MODEL endless FROM '${endless}'`;
    const client = await server.connect();
    const cancelled = assert.rejects(client.query(create), { code: '57014' });
    await until('a compiler', () => childrenOf(server.pid, 'compile-main').length === 1);
    await sleep(500);
    await client.cancel();
    await within(5_000, 'the cancelled CREATE MODEL', cancelled);
    await until('no compiler', () => childrenOf(server.pid, 'compile-main').length === 0, 2_000);
    await client.query('SET statement_timeout = 1500');
    await within(6_000, 'the late CREATE MODEL', assert.rejects(client.query(create), { code: '57014' }));
    await client.query('SET statement_timeout = 0');
    client.query(create).catch(() => undefined);
    await until('a compiler', () => childrenOf(server.pid, 'compile-main').length === 1);
    client.vanish();
    await until('no compiler', () => childrenOf(server.pid, 'compile-main').length === 0, 5_000);
    await assertFree(baseline);
  });

  test('one model registered by several at once: one wins, the others are told, and it works', async () => {
    for (let round = 0; round < 4; round++) {
      const replace = round % 2 === 1 ? 'OR REPLACE ' : '';
      const outcomes = await Promise.allSettled(
        [1, 2, 3, 4].map((n) =>
          server.query(
            `CREATE ${replace}MODEL contested FROM '${kerasModels}/channels.keras' FUNCTION contested_${replace === '' ? 'f' : n}`,
          ),
        ),
      );
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') continue;
        assert.match(String(outcome.reason.code), /^(40001|42710|42723)$/, String(outcome.reason.message));
      }
      const won = outcomes.filter(({ status }) => status === 'fulfilled').length;
      console.log(`${replace}: ${won} of 4`);
      assert.ok(won >= 1 && (replace !== '' || won === 1), `${won} of 4 succeeded`);
      const models = await server.query(
        "SELECT function FROM sqlens.models WHERE name = 'contested' AND is_default",
      );
      assert.equal(models.length, 1);
      const functions = await server.query(
        "SELECT function_name FROM duckdb_functions() WHERE function_name LIKE 'contested%' ORDER BY 1",
      );
      assert.deepEqual(functions, models);
      const rows = await server.query(`SELECT uri, ${models[0]?.[0]}(image) FROM imgs`);
      assert.deepEqual(
        rows.filter((row) => !isRightRow(row)),
        [],
      );
      if (round < 3) await server.query('DROP MODEL contested');
    }
  });

  test('a model replaced and dropped under an open portal and an open transaction', async () => {
    const [reader, writer] = [await server.connect(), await server.connect()];
    await writer.query(`CREATE OR REPLACE MODEL shared FROM '${kerasModels}/channels.keras'`);
    await reader.query('BEGIN');
    const before = await reader.query('SELECT uri, shared(image) FROM imgs ORDER BY uri');
    await writer.query(
      `CREATE OR REPLACE MODEL shared FROM '${kerasModels}/channels.keras' OPTIONS (preprocess = 'unit')`,
    );
    // A transaction goes on with the model that it began with.
    assert.deepEqual(await reader.query('SELECT uri, shared(image) FROM imgs ORDER BY uri'), before);
    await writer.query('DROP MODEL shared');
    assert.deepEqual(await reader.query('SELECT uri, shared(image) FROM imgs ORDER BY uri'), before);
    await reader.query('COMMIT');
    await assert.rejects(reader.query('SELECT shared(image) FROM imgs'), { code: '42883' });
    await assert.rejects(reader.query('SELECT * FROM seen'), DatabaseError);
    await writer.query(`CREATE MODEL shared FROM '${kerasModels}/channels.keras'`);
    assertOneScaling(await reader.query('SELECT uri, channels FROM seen'));
    await Promise.all([reader.close(), writer.close()]);
  });
});
