/**
 * Versions of models while others use them: whatever is changed when, a statement has one version from its first row to
 * its last, and there is one default. Version 1 of `warmth` answers numbers and version 2 lists, so that every row tells.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { makeFolders, type WorkFolders } from './slt/sandbox-folder.ts';
import { TestServer, type TestSession } from './slt/test-server.ts';

const ROUNDS = 4;
const ROWS = 4_000;

let folders: WorkFolders;
let server: TestServer;
let offset = 0;

before(async () => {
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
  const admin = await server.session('admin');
  await admin.query(`CREATE MODEL warmth FROM '${folders.allowed}/models/warmth.keras'`);
  await admin.query(
    `CREATE OR REPLACE MODEL warmth FROM '${folders.allowed}/models/warmth.keras' RETURNS FLOAT[]`,
  );
});
after(async () => {
  await server.close();
  await folders.remove();
});

/** Rows whose inputs nobody has asked for yet, so that they take several passes. */
function freshRows(): string {
  offset += ROWS;
  return `SELECT i, warmth([i, 0, 1]::FLOAT[])::VARCHAR AS w FROM range(${offset}, ${offset + ROWS}) AS r(i)`;
}

/** @throws unless all rows are right and of one version */
function versionOf(rows: readonly (readonly (string | null)[])[], firstRow: number): 1 | 2 {
  const version = rows[0]?.[1]?.startsWith('[') ? 2 : 1;
  for (const [at, [i, w]] of rows.entries()) {
    const expected = `${firstRow + at - 1}.0`;
    assert.deepEqual([i, w], [String(firstRow + at), version === 2 ? `[${expected}]` : expected]);
  }
  return version;
}

async function setDefault(session: TestSession, version: number): Promise<void> {
  await session.query(`ALTER MODEL warmth SET DEFAULT_VERSION = ${version}`);
}

describe('a statement has one version', () => {
  it('while the default changes under it', { timeout: 120_000 }, async () => {
    const admin = await server.session('admin');
    const reader = await server.session('reader');
    let changes = 0;
    for (let round = 0; round < ROUNDS || changes === 0; round++) {
      const text = freshRows();
      const running = { is: true };
      const rows = reader.query(text).finally(() => {
        running.is = false;
      });
      while (running.is) {
        await setDefault(admin, (changes % 2) + 1);
        changes++;
      }
      const { rows: got } = await rows;
      assert.equal(got.length, ROWS);
      versionOf(got, offset);
    }
  });

  it('also in what it writes', { timeout: 120_000 }, async () => {
    const admin = await server.session('admin');
    const writer = await server.session('writer');
    let changes = 0;
    const running = { is: true };
    const text = freshRows();
    const written = writer.query(`CREATE TABLE written AS ${text}`).finally(() => {
      running.is = false;
    });
    while (running.is) await setDefault(admin, (changes++ % 2) + 1);
    await written;
    versionOf((await writer.query('SELECT * FROM written ORDER BY i')).rows, offset);
  });

  it('while a portal is open', async () => {
    const admin = await server.session('admin');
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'slt', database: 'sqlens' });
    await client.connect();
    try {
      for (const block of [false, true]) {
        for (const version of [1, 2] as const) {
          await setDefault(admin, version);
          const text = freshRows();
          if (block) await client.query('BEGIN');
          const cursor = client.query(new Cursor(text, [], { rowMode: 'array' }));
          const rows: [string, string][] = await cursor.read(10);
          await setDefault(admin, 3 - version);
          for (let more = await cursor.read(1_000); more.length > 0; more = await cursor.read(1_000)) {
            rows.push(...more);
          }
          await cursor.close();
          assert.equal(rows.length, ROWS);
          assert.equal(versionOf(rows, offset), version);
          // A transaction keeps what it has seen.
          const again = await client.query({ text, rowMode: 'array' });
          assert.equal(versionOf(again.rows, offset), block ? version : 3 - version);
          if (block) await client.query('COMMIT');
          const after = await client.query({ text, rowMode: 'array' });
          assert.equal(versionOf(after.rows, offset), 3 - version);
        }
      }
    } finally {
      await client.end();
    }
  });

  it('and the next one has what was committed, prepared or not, in every session', async () => {
    const admin = await server.session('admin');
    const names = ['reader', 'writer', 'other'];
    const text = freshRows();
    await admin.query(`CREATE OR REPLACE VIEW seen AS SELECT warmth([5, 0, 1]::FLOAT[])::VARCHAR AS w`);
    for (let step = 0; step < 12; step++) {
      const version = (step % 2) + 1;
      await setDefault(admin, version);
      for (const name of names) {
        const session = await server.session(name);
        assert.equal(
          versionOf(
            (await session.query(`${text} WHERE i < $1 ORDER BY i`, [String(offset + 3)], 'p')).rows,
            offset,
          ),
          version,
        );
        const { rows } = await session.query('SELECT w FROM seen');
        assert.equal(rows[0]?.[0], version === 1 ? '4.0' : '[4.0]');
      }
    }
  });
});

describe('there is one default', () => {
  it('after many have changed it at once', { timeout: 120_000 }, async () => {
    const names = ['a', 'b', 'c', 'd'];
    const outcomes = await Promise.all(
      names.map(async (name, which) => {
        const session = await server.session(name);
        let refused = 0;
        for (let step = 0; step < 10; step++) {
          const sql =
            which === 3 && step % 2 === 0
              ? 'CREATE OR REPLACE MODEL warmth FROM MODEL warmth VERSION 1'
              : `ALTER MODEL warmth SET DEFAULT_VERSION = ${((step + which) % 2) + 1}`;
          await session.query(sql).catch((error: unknown) => {
            // Somebody else was faster five times in a row.
            assert.ok(error instanceof pg.DatabaseError && error.code === '40001', String(error));
            refused++;
          });
        }
        return refused;
      }),
    );
    const admin = await server.session('admin');
    const { rows } = await admin.query(
      "SELECT version, is_default, returns FROM sqlens.models WHERE name = 'warmth' ORDER BY version",
    );
    const versions = rows.map(([version]) => Number(version));
    assert.deepEqual(
      versions,
      versions.map((_, i) => i + 1),
    );
    assert.ok(versions.length > 2 && versions.length <= 7, `${versions.length}, ${outcomes}`);
    const defaults = rows.filter(([, isDefault]) => isDefault === 't');
    assert.equal(defaults.length, 1);
    // What is called is what is said to be called.
    const { rows: called } = await admin.query('SELECT warmth([3, 0, 1]::FLOAT[])::VARCHAR');
    assert.equal(called[0]?.[0], defaults[0]?.[2] === 'vector' ? '[2.0]' : '2.0');
    await admin.query('DROP MODEL warmth');
    const { rows: left } = await admin.query("SELECT count(*) FROM sqlens.models WHERE name = 'warmth'");
    assert.equal(left[0]?.[0], '0');
  });
});

/** With a thousand it is the same, and takes minutes on a busy machine. */
const MANY = Number(process.env.SQLENS_VERSIONS ?? 200);

describe(`${MANY} versions`, () => {
  it('are kept, shown and chosen from', { timeout: 300_000 }, async () => {
    const admin = await server.session('admin');
    await admin.query(`CREATE MODEL many FROM '${folders.allowed}/models/warmth.keras'`);
    await admin.query('BEGIN');
    for (let version = 2; version <= MANY; version++) {
      await admin.query('CREATE OR REPLACE MODEL many FROM MODEL many');
    }
    await admin.query('COMMIT');
    const { rows } = await admin.query('SHOW MODEL VERSIONS many');
    assert.deepEqual([rows.length, rows[0]?.[0], rows[MANY - 1]?.[0]], [MANY, String(MANY), '1']);
    await server.close();
    await server.start();
    const again = await server.session('admin');
    await again.query('ALTER MODEL many SET DEFAULT_VERSION = 100');
    const { rows: called } = await again.query('SELECT many([3, 0, 1]::FLOAT[])');
    assert.equal(called[0]?.[0], '2');
    const { rows: shown } = await again.query('SHOW MODELS');
    assert.deepEqual(
      shown.map((row) => row.slice(0, 3)),
      [['many', '100', String(MANY)]],
    );
    await assert.rejects(again.query(`ALTER MODEL many SET DEFAULT_VERSION = ${MANY + 1}`), /has no version/);
  });
});
