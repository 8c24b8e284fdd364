/** What COPY wrote, COPY reads: the engine's own types in every format; and that an error leaves the table as it was. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';
import { RawConnection } from './raw-connection.ts';
import { engineValues } from './type-values.ts';

/** More than a chunk of the engine's. */
const rowCount = 3000;

describe('COPY and back', () => {
  let folders: WorkFolders;
  let server: TestServer;
  let connection: RawConnection;

  before(async () => {
    folders = await makeFolders();
    await folders.reset(undefined);
    server = new TestServer(folders);
    await server.start();
    connection = await RawConnection.open(server.port, 'slt');
  });

  after(async () => {
    connection?.close();
    await server?.close();
    await folders?.remove();
  });

  async function done(sql: string): Promise<void> {
    const answer = await connection.run(sql);
    assert.doesNotMatch(answer[0] ?? '', /^E/, sql);
  }

  for (const [type, expression] of Object.entries(engineValues)) {
    test(`${type}, ${rowCount} rows`, async () => {
      await done('DROP TABLE IF EXISTS source');
      await done(`CREATE TABLE source (i int, v ${type})`);
      await done(
        `INSERT INTO source SELECT i, ${expression} FROM range(${rowCount}) AS r(i) WHERE i % 13 <> 5`,
      );
      await done(`INSERT INTO source SELECT i, NULL FROM range(${rowCount}) AS r(i) WHERE i % 13 = 5`);
      for (const format of ['text', 'csv', 'binary']) {
        await done('DROP TABLE IF EXISTS target');
        await done(`CREATE TABLE target (i int, v ${type})`);
        const data = await connection.copyOut(`COPY source TO STDOUT (FORMAT ${format})`);
        const copied = await connection.copyIn(`COPY target FROM STDIN (FORMAT ${format})`, data, 997);
        assert.deepEqual(copied.slice(1), [`C COPY ${rowCount}`, 'Z I'], format);
        const differing = 'SELECT count(*) FROM (SELECT * FROM source EXCEPT SELECT * FROM target)';
        assert.deepEqual(await connection.run(differing), ['D "0"', 'C SELECT 1', 'Z I'], format);
      }
    });
  }

  const refused: readonly (readonly [type: string, text: string, code: string])[] = [
    ['TINYINT', '128', '22003'],
    ['UTINYINT', '-1', '22003'],
    ['HUGEINT', `1${'0'.repeat(50)}`, '22003'],
    [`ENUM('a', 'b')`, 'c', '22P02'],
    ['JSON', '{', '22P02'],
    ['STRUCT(x INTEGER)', '{"x": "no"}', '22P02'],
    ['STRUCT(x INTEGER)', '{"y": 3}', '22P02'],
    ['STRUCT(x INTEGER)[]', '[{"x": 1}, 2]', '22P02'],
    ['MAP(VARCHAR, INTEGER)', '[1]', '22P02'],
    ['UNION(i INTEGER, s VARCHAR)', '{"z": 1}', '22P02'],
    ['INTEGER[]', '{{1}}', '22P02'],
    ['INTEGER[][]', '{1}', '22P02'],
    ['INTEGER[2]', '{1,2,3}', '22P02'],
    ['DECIMAL(4,2)', '100', '22003'],
    ['DECIMAL(4,2)', '1e999999', '22003'],
    ['DATE', '2020-02-30', '22008'],
    ['BOOLEAN', 'maybe', '22P02'],
    ['TIMESTAMP_NS', '5000-01-01', '22003'],
    ['BLOB', '\\\\xzz', '22023'],
    ['UUID', 'x', '22P02'],
  ];
  for (const [type, text, code] of refused) {
    test(`${type} takes no ${text.slice(0, 20)}: the error names the line, and nothing is copied`, async () => {
      await done('DROP TABLE IF EXISTS target');
      await done(`CREATE TABLE target (v ${type})`);
      const answer = await connection.copyIn(
        'COPY target FROM STDIN',
        Buffer.from(`\\N\n\\N\n${text}\n\\N\n`),
      );
      assert.match(answer[1] ?? '', new RegExp(`^E ERROR ${code} .*\\(COPY target, line 3, column v: `, 's'));
      assert.deepEqual(await connection.run('SELECT count(*) FROM target'), ['D "0"', 'C SELECT 1', 'Z I']);
    });
  }

  test('defaults, generated columns, sequences and constraints hold', async () => {
    await done('CREATE SEQUENCE numbers');
    await done(`CREATE TABLE ruled (id int PRIMARY KEY DEFAULT nextval('numbers'), v int NOT NULL CHECK (v > 0),
      w text DEFAULT 'given', twice int GENERATED ALWAYS AS (v * 2))`);
    assert.equal(
      (await connection.copyIn('COPY ruled (v) FROM STDIN', Buffer.from('5\n6\n')))[1],
      'C COPY 2',
    );
    assert.equal((await connection.copyIn('COPY ruled FROM STDIN', Buffer.from('7\t8\tx\n')))[1], 'C COPY 1');
    const expected = ['1\t5\tgiven', '2\t6\tgiven', '7\t8\tx', ''];
    assert.equal((await connection.copyOut('COPY ruled TO STDOUT')).toString(), expected.join('\n'));
    const failing: readonly (readonly [data: string, pattern: RegExp])[] = [
      ['8\t1\tx\n8\t2\ty\n', /^E ERROR 23505 .*8.*\(COPY ruled, rows 1 to 2\)/s],
      ['7\t1\tx\n', /^E ERROR 23505 .*7.*\(COPY ruled, row 1\)/s],
      ['9\t0\tx\n', /^E ERROR 23514 /],
      ['9\t\\N\tx\n', /^E ERROR 23502 .*"v".*\(COPY ruled, line 1: "9\t\\N\tx"\)/s],
    ];
    for (const [data, pattern] of failing) {
      assert.match((await connection.copyIn('COPY ruled FROM STDIN', Buffer.from(data)))[1] ?? '', pattern);
    }
    assert.equal((await connection.copyOut('COPY ruled TO STDOUT')).toString(), expected.join('\n'));
    const generated = await connection.copyIn('COPY ruled (twice) FROM STDIN', Buffer.from('1\n'));
    assert.match(generated[0] ?? '', /^E ERROR 42P10 column "twice" is a generated column/);
  });

  test('rows of the catalog, of a view and of DuckDB beside each other', async () => {
    await done('CREATE TABLE shown (a int)');
    await done('CREATE VIEW seen AS SELECT 1 AS x');
    const names = await connection.copyOut(
      `COPY (SELECT relname FROM pg_class WHERE relname = 'shown') TO STDOUT`,
    );
    assert.equal(names.toString(), 'shown\n');
    assert.equal((await connection.copyOut('COPY seen TO STDOUT')).toString(), '1\n');
    assert.match((await connection.copyIn('COPY seen FROM STDIN', Buffer.from('1\n')))[0] ?? '', /^E ERROR/);
  });

  test('more than a batch, with an error in the last row: nothing stays', async () => {
    await done('CREATE TABLE many (a int, b text)');
    const rows = Array.from({ length: 150_000 }, (_, at) => `${at}\tsome longer text ${at}\n`).join('');
    const failed = await connection.copyIn('COPY many FROM STDIN', Buffer.from(`${rows}x\ty\n`));
    assert.match(failed[1] ?? '', /^E ERROR 22P02 .*COPY many, line 150001, column a: "x"/s);
    assert.deepEqual(await connection.run('SELECT count(*) FROM many'), ['D "0"', 'C SELECT 1', 'Z I']);
    assert.equal((await connection.copyIn('COPY many FROM STDIN', Buffer.from(rows)))[1], 'C COPY 150000');
    assert.equal((await connection.copyOut('COPY many TO STDOUT')).toString(), rows);
  });
});
