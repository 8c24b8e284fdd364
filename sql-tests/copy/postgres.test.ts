/** COPY on SQLens and on PostgreSQL 15: the same messages for the same statements and data, byte for byte. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findPostgres, PostgresServer } from '../postgres-server.ts';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';
import { csvData, headers, options, outputs, single, statements, textData } from './cases.ts';
import { RawConnection } from './raw-connection.ts';
import { postgresValues } from './type-values.ts';

const programs = findPostgres();
const skip =
  programs === undefined && 'PostgreSQL 15 is not installed; set PG_BIN to the folder of its programs';
/** For PostgreSQL's random(). */
const seed = 0.42;

describe('COPY as PostgreSQL has it', { skip }, () => {
  let folders: WorkFolders;
  let server: TestServer;
  let postgres: PostgresServer;
  let ours: RawConnection;
  let theirs: RawConnection;

  before(async () => {
    folders = await makeFolders();
    await folders.reset(undefined);
    server = new TestServer(folders);
    await server.start();
    postgres = await PostgresServer.start(programs ?? '');
    ours = await RawConnection.open(server.port, 'slt');
    theirs = await RawConnection.open(postgres.port, 'wire');
    await both('CREATE TABLE t (a int, b text)');
    await both('CREATE TABLE one (x text)');
    await both(
      `INSERT INTO one VALUES ('\\.'), (''), (NULL), ('a,b'), ('a"b'), (E'x\\ty'), (E'b\\\\s'), ('nil'), (E'\\x01')`,
    );
  });

  after(async () => {
    ours?.close();
    theirs?.close();
    await postgres?.close();
    await server?.close();
    await folders?.remove();
  });

  async function both(sql: string): Promise<void> {
    assert.deepEqual(await ours.run(sql), await theirs.run(sql), sql);
  }

  async function bothIn(sql: string, data: string, piece_bytes: number, failure?: string): Promise<void> {
    const bytes = Buffer.from(data, 'latin1');
    const expected = await theirs.copyIn(sql, bytes, piece_bytes, failure);
    const about = `${sql} with ${JSON.stringify(data)} in pieces of ${piece_bytes}`;
    assert.deepEqual(await ours.copyIn(sql, bytes, piece_bytes, failure), expected, about);
  }

  /** In pieces of several sizes; what the table holds afterwards is compared too. */
  async function inPieces(sql: string, data: string, failure?: string): Promise<void> {
    for (const piece_bytes of [65_536, 3, 1]) {
      await bothIn(sql, data, piece_bytes, failure);
      await both('SELECT a, b FROM t ORDER BY a, b');
      await both('DELETE FROM t');
    }
  }

  test('text', async () => {
    for (const data of textData) await inPieces('COPY t FROM STDIN', data);
  });

  test('csv', async () => {
    for (const data of csvData) await inPieces('COPY t FROM STDIN (FORMAT csv)', data);
  });

  test('csv with a header', async () => {
    for (const data of headers) {
      await inPieces('COPY t FROM STDIN (FORMAT csv, HEADER match)', data);
      await inPieces('COPY t FROM STDIN CSV HEADER', data);
    }
  });

  test('other statements with data', async () => {
    for (const [sql, data] of statements) await inPieces(sql, data);
  });

  test('CopyFail', async () => {
    for (const data of ['1\ta\n', '1\ta\n2', '']) await inPieces('COPY t FROM STDIN', data, 'stop it');
  });

  test('options', async () => {
    for (const text of options) {
      await both(`COPY t TO STDOUT ${text}`);
      await bothIn(`COPY t FROM STDIN ${text}`, '', 1);
    }
  });

  test('statements without data', async () => {
    for (const sql of single) await bothIn(sql, '', 1);
    await both('DELETE FROM t');
  });

  test('output that needs escaping', async () => {
    for (const text of outputs) await both(`COPY one TO STDOUT ${text}`);
  });

  test('transactions', async () => {
    await both('BEGIN');
    await bothIn('COPY t FROM STDIN', '1\ta\n', 9);
    await bothIn('COPY t FROM STDIN', 'x\ta\n', 9);
    await bothIn('COPY t FROM STDIN', '1\ta\n', 9);
    await both('COPY t TO STDOUT');
    await both('COMMIT');
    await both('BEGIN');
    await both('SAVEPOINT s');
    await bothIn('COPY t FROM STDIN', 'x\ta\n', 9);
    await both('ROLLBACK TO s');
    await bothIn('COPY t FROM STDIN', '2\ta\n', 9);
    await both('COMMIT');
    await bothIn(`INSERT INTO t VALUES (5, 'e'); COPY t FROM STDIN; SELECT count(*) FROM t`, '1\ta\n', 9);
    await bothIn(`INSERT INTO t VALUES (6, 'f'); COPY t FROM STDIN; SELECT count(*) FROM t`, 'q\ta\n', 9);
    await bothIn('COPY t FROM STDIN; COPY t TO STDOUT; SELECT 1/0', '7\ta\n', 9);
    await both('SELECT * FROM t ORDER BY a');
    await both('DELETE FROM t');
  });

  test(`values of every type that both have, seed ${seed}`, async () => {
    await theirs.run(`SELECT setseed(${seed})`);
    for (const [type, expression] of Object.entries(postgresValues)) {
      await theirs.run('DROP TABLE IF EXISTS v');
      await theirs.run(`CREATE TABLE v (i int, v ${type})`);
      const value = `CASE WHEN i % 13 = 5 THEN NULL ELSE ${expression} END`;
      const made = await theirs.run(`INSERT INTO v SELECT i, ${value} FROM generate_series(1, 200) AS r(i)`);
      assert.deepEqual(made, ['C INSERT 0 200', 'Z I'], type);
      for (const format of ['text', 'csv', 'binary']) {
        await ours.run('DROP TABLE IF EXISTS v');
        await ours.run(`CREATE TABLE v (i int, v ${type})`);
        const data = await theirs.copyOut(`COPY v TO STDOUT (FORMAT ${format})`);
        const copied = await ours.copyIn(`COPY v FROM STDIN (FORMAT ${format})`, data, 997);
        assert.deepEqual(copied.slice(1), ['C COPY 200', 'Z I'], `${type} in ${format}`);
        for (const out of ['text', 'csv', 'binary']) {
          const sql = `COPY v TO STDOUT (FORMAT ${out})`;
          const [found, expected] = [await ours.copyOut(sql), await theirs.copyOut(sql)];
          assert.equal(found.toString('latin1'), expected.toString('latin1'), `${type}: ${format}, ${out}`);
        }
      }
    }
  });
});
