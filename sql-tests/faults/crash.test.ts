/**
 * `kill -9` of the server at random moments under statements that write: what was acknowledged is there and works
 * after the next start, what was not is wholly there or wholly absent, and nothing half done is left.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  colourOf,
  isRightRow,
  kerasModels,
  makeScratch,
  type Scratch,
  writeColours,
} from './folders.testing.ts';
import {
  type Client,
  hasProc,
  processesWith,
  randomFrom,
  ServerProcess,
  sleep,
  until,
  within,
} from './server-process.testing.ts';

const ROUNDS = process.env.SQLENS_SOAK === undefined ? 4 : 60;
const SEED = Number(process.env.SQLENS_SEED ?? 20261122);
const IMAGES = 12;
const INSERTED = 3_000;
const marker = `crash-${process.pid}`;

/** What the tests know of the database: 'maybe' is what the crash left open. */
type Known = 'there' | 'absent' | 'maybe';

interface Expected {
  readonly models: Map<string, Known>;
  readonly tables: Map<string, Known>;
  readonly imageTables: Map<string, Known>;
  readonly inserts: Map<number, Known>;
  readonly copies: Map<string, Known>;
  /** The scalings that `scaled` may have now. */
  scalings: Set<'none' | 'unit'>;
  /** How many images `growing` may have. */
  sizes: Set<number>;
}

describe('kill -9 of the server', { timeout: 900_000, skip: !hasProc }, () => {
  let scratch: Scratch;
  const random = randomFrom(SEED);
  let number = 0;
  let files = IMAGES;
  const expected: Expected = {
    models: new Map(),
    tables: new Map(),
    imageTables: new Map(),
    inserts: new Map(),
    copies: new Map(),
    scalings: new Set(['none']),
    sizes: new Set([IMAGES]),
  };

  before(() => {
    console.log(`seed ${SEED}, ${ROUNDS} rounds`);
    scratch = makeScratch('crash');
    writeColours(`${scratch.allowed}/imgs`, 0, IMAGES);
    writeColours(`${scratch.allowed}/growing`, 0, IMAGES);
  });
  after(() => scratch?.remove());

  function start(): Promise<ServerProcess> {
    return ServerProcess.start({
      dataDir: scratch.dataDir,
      flags: ['--allow-path', scratch.allowed, '--allow-path', kerasModels, '--workers', '1'],
      env: { SQLENS_FAULTS_TEST: marker },
    });
  }

  function pick<K>(map: ReadonlyMap<K, Known>, state: Known): K | undefined {
    const keys = [...map].filter(([, known]) => known === state).map(([key]) => key);
    return keys[Math.floor(random() * keys.length)];
  }

  /** One statement at random; what it changes is 'maybe' until it is acknowledged. */
  async function writeSomething(client: Client): Promise<void> {
    const id = ++number;
    const change = async <K>(map: Map<K, Known>, key: K, to: Known, sql: string) => {
      map.set(key, 'maybe');
      await client.query(sql);
      map.set(key, to);
    };
    const kind = Math.floor(random() * 9);
    switch (kind) {
      case 0:
        return change(
          expected.models,
          `m${id}`,
          'there',
          `CREATE MODEL m${id} FROM '${kerasModels}/${random() < 0.5 ? 'channels' : 'brightness'}.keras'`,
        );
      case 1: {
        const to = random() < 0.5 ? 'none' : 'unit';
        expected.scalings.add(to);
        await client.query(
          `CREATE OR REPLACE MODEL scaled FROM '${kerasModels}/channels.keras' OPTIONS (preprocess = '${to}')`,
        );
        expected.scalings = new Set([to]);
        return;
      }
      case 2: {
        const name = pick(expected.models, 'there');
        if (name !== undefined) await change(expected.models, name, 'absent', `DROP MODEL ${name}`);
        return;
      }
      case 3:
        return change(
          expected.imageTables,
          `i${id}`,
          'there',
          `CREATE EXTERNAL TABLE i${id} OPTIONS (format = 'image', uris = ['${scratch.allowed}/imgs/'])`,
        );
      case 4: {
        const name = pick(expected.imageTables, 'there');
        if (name !== undefined)
          await change(expected.imageTables, name, 'absent', `DROP EXTERNAL TABLE ${name}`);
        return;
      }
      case 5: {
        writeColours(`${scratch.allowed}/growing`, files, files + 3);
        files += 3;
        expected.sizes.add(files);
        await client.query('REFRESH TABLE growing');
        expected.sizes = new Set([files]);
        return;
      }
      case 6:
        return change(
          expected.tables,
          `t${id}`,
          'there',
          `CREATE TABLE t${id} AS SELECT uri, channels(image) AS channels FROM imgs`,
        );
      case 7:
        return change(
          expected.inserts,
          id,
          'there',
          `INSERT INTO log SELECT ${id}, i, repeat('x', 100) FROM range(${INSERTED}) AS r(i)`,
        );
      default:
        return change(
          expected.copies,
          `c${id}.csv`,
          'there',
          `COPY (SELECT i, repeat('y', 50) AS y FROM range(100000) AS r(i)) TO '${scratch.allowed}/c${id}.csv'`,
        );
    }
  }

  test('everything that was acknowledged is there, nothing is there by half', async () => {
    let server = await start();
    await server.query('CREATE TABLE log (id INTEGER, i BIGINT, filling VARCHAR)');
    await server.query(
      `CREATE EXTERNAL TABLE imgs OPTIONS (format = 'image', uris = ['${scratch.allowed}/imgs/'])`,
    );
    await server.query(
      `CREATE EXTERNAL TABLE growing OPTIONS (format = 'image', uris = ['${scratch.allowed}/growing/'])`,
    );
    await server.query(`CREATE MODEL channels FROM '${kerasModels}/channels.keras'`);
    await server.query(`CREATE MODEL scaled FROM '${kerasModels}/channels.keras'`);
    await server.query('CREATE VIEW answered AS SELECT uri, channels(image) AS channels FROM imgs');
    for (let round = 1; round <= ROUNDS; round++) {
      const client = await server.connect();
      let dead = false;
      const killed = sleep(200 + random() * 2_500).then(() => {
        dead = true;
        return server.end('SIGKILL');
      });
      let acknowledged = 0;
      while (!dead) {
        try {
          await within(60_000, 'a statement', writeSomething(client));
          acknowledged++;
        } catch (error) {
          if (!dead) throw error;
        }
      }
      await within(10_000, 'the kill', killed);
      await client.close();
      server = await within(90_000, 'the next start', start());
      console.log(`round ${round}: ${acknowledged} statements acknowledged`);
      await assertWhole(server);
    }
    assert.equal(await server.end('SIGTERM'), 0);
    await until('no process of any server', () => processesWith(marker).length === 0, 15_000);
    assert.equal(existsSync(path.join(scratch.dataDir, 'lock')), false);
  });

  /** Compares what the server has with what is expected, and settles every 'maybe'. */
  async function assertWhole(server: ServerProcess): Promise<void> {
    const client = await server.connect();
    try {
      const names = async (sql: string) => new Set((await client.query(sql)).map(([name]) => String(name)));
      settle(expected.models, await names('SELECT name FROM sqlens.models'), ['channels', 'scaled']);
      settle(expected.imageTables, await names('SELECT name FROM sqlens.image_tables'), ['imgs', 'growing']);
      settle(
        expected.tables,
        await names(
          "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'public' AND table_name LIKE 't%'",
        ),
        [],
      );
      settle(
        expected.imageTables,
        await names(
          "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'public' AND table_name LIKE 'i%'",
        ),
        ['imgs'],
      );
      // The function of a model is there when, and only when, the model is.
      const functions = await names(
        "SELECT function_name FROM duckdb_functions() WHERE schema_name = 'public' AND function_type = 'macro'",
      );
      assert.deepEqual([...functions].sort(), [...(await names('SELECT name FROM sqlens.models'))].sort());
      for (const [name, known] of expected.models) {
        if (known !== 'there') continue;
        const rows = await client.query(`SELECT uri, ${name}(image) FROM imgs`);
        assert.equal(rows.length, IMAGES);
        assert.ok(
          rows.every((row) => row[1]?.includes(',') === false || isRightRow(row)),
          `${name} answers wrongly`,
        );
      }
      const answered = await client.query('SELECT uri, channels FROM answered');
      assert.equal(answered.length, IMAGES);
      assert.deepEqual(
        answered.filter((row) => !isRightRow(row)),
        [],
      );
      for (const [name, known] of expected.tables) {
        if (known !== 'there') continue;
        const rows = await client.query(`SELECT uri, channels FROM ${name}`);
        assert.equal(rows.length, IMAGES, name);
        assert.deepEqual(
          rows.filter((row) => !isRightRow(row)),
          [],
        );
      }
      for (const [name, known] of expected.imageTables) {
        if (known !== 'there') continue;
        assert.deepEqual(await client.query(`SELECT count(*) FROM ${name}`), [[String(IMAGES)]], name);
      }
      const [[size] = []] = await client.query('SELECT count(*) FROM growing');
      assert.ok(
        expected.sizes.has(Number(size)),
        `growing has ${size} images, not one of ${[...expected.sizes]}`,
      );
      expected.sizes = new Set([Number(size)]);
      await assertInserts(client);
      await assertScaling(client);
      assertFiles(await names('SELECT DISTINCT digest FROM sqlens.models'));
      const pids = new Set([server.pid, ...(await server.workerPids())]);
      await until(
        'no process of the killed server',
        () => processesWith(marker).every((pid) => pids.has(pid)),
        15_000,
      );
    } finally {
      await client.close();
    }
  }

  function settle(map: Map<string, Known>, actual: ReadonlySet<string>, others: readonly string[]): void {
    for (const [name, known] of map) {
      if (known === 'maybe') map.set(name, actual.has(name) ? 'there' : 'absent');
      else assert.equal(actual.has(name) ? 'there' : 'absent', known, name);
    }
    for (const name of actual) assert.ok(map.has(name) || others.includes(name), `${name} came from nowhere`);
  }

  async function assertInserts(client: Client): Promise<void> {
    const counts = new Map(
      (await client.query('SELECT id, count(*), count(DISTINCT i) FROM log GROUP BY id')).map(
        ([id, count, distinct]) => [Number(id), [Number(count), Number(distinct)]],
      ),
    );
    for (const [id, known] of expected.inserts) {
      const count = counts.get(id);
      assert.deepEqual(count ?? [INSERTED, INSERTED], [INSERTED, INSERTED], `insert ${id}`);
      if (known === 'there') assert.ok(count !== undefined, `insert ${id} is lost`);
      expected.inserts.set(id, count === undefined ? 'absent' : 'there');
    }
  }

  async function assertScaling(client: Client): Promise<void> {
    const [[uri, channels] = []] = await client.query(
      'SELECT uri, scaled(image) FROM imgs ORDER BY uri DESC LIMIT 1',
    );
    const sum = (channels ?? '')
      .replace(/[{}[\]]/g, '')
      .split(',')
      .map(Number)
      .reduce((a, b) => a + b, 0);
    const [colour = [0, 0, 0]] = Array.from({ length: IMAGES }, (_, i) => colourOf(i)).filter((rgb) =>
      uri?.endsWith(`/${rgb.join('-')}.png`),
    );
    const plain = colour[0] + colour[1] + colour[2];
    const scaling = [...expected.scalings].find(
      (mode) => Math.abs(sum - (mode === 'unit' ? plain / 255 : plain)) < 0.01,
    );
    assert.ok(scaling !== undefined, `scaled gives ${channels} for ${uri}: not ${[...expected.scalings]}`);
    expected.scalings = new Set([scaling]);
  }

  /** Every artifact is a model's, every copied file is whole, and there is no draft anywhere. */
  function assertFiles(digests: ReadonlySet<string>): void {
    const artifacts = readdirSync(path.join(scratch.dataDir, 'artifacts')).sort();
    assert.deepEqual(
      artifacts,
      [...digests].flatMap((digest) => [`${digest}.json`, `${digest}.onnx`]).sort(),
    );
    assert.deepEqual(readdirSync(path.join(scratch.dataDir, 'tmp')), []);
    assert.deepEqual(readdirSync(path.join(scratch.dataDir, 'uploads')), []);
    const copies = readdirSync(scratch.allowed).filter((name) => !['imgs', 'growing'].includes(name));
    settle(expected.copies, new Set(copies), []);
    for (const name of copies) {
      const lines = readFileSync(path.join(scratch.allowed, name), 'utf8').split('\n');
      assert.equal(lines.length, 100_002, `${name} is not whole`);
    }
  }
});
