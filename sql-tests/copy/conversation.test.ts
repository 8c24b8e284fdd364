/** COPY interrupted: cancelled, out of time, by a client that leaves or stalls, by lines without end; and who may. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';
import { RawConnection, shown } from './raw-connection.ts';

const empty = ['D "0"', 'C SELECT 1', 'Z I'];
const mebibyte = 1024 * 1024;

describe('COPY, interrupted', () => {
  let folders: WorkFolders;
  let server: TestServer;
  let connection: RawConnection;

  before(async () => {
    folders = await makeFolders();
    await folders.reset(undefined);
    server = new TestServer(folders);
    await server.start();
    connection = await RawConnection.open(server.port, 'slt');
    await connection.run('CREATE TABLE t (a int, b text)');
  });

  after(async () => {
    connection?.close();
    await server?.close();
    await folders?.remove();
  });

  test('a cancel request while the server waits for data', async () => {
    connection.query('COPY t FROM STDIN');
    await connection.until('G');
    connection.send('d', '1\ta\n');
    await connection.cancel();
    const answer = shown(await connection.until('Z'));
    assert.deepEqual(answer, ['E ERROR 57014 canceling statement due to user request', 'Z I']);
    // What was on its way is ignored.
    connection.send('d', '2\tb\n');
    connection.send('c');
    assert.deepEqual(await connection.run('SELECT count(*) FROM t'), empty);
  });

  test('a cancel request while rows are sent', async () => {
    connection.query('COPY (SELECT * FROM range(1000000000)) TO STDOUT');
    await connection.until('d');
    await connection.cancel();
    const last = shown(await connection.until('Z')).slice(-2);
    assert.deepEqual(last, ['E ERROR 57014 canceling statement due to user request', 'Z I']);
  });

  test('statement_timeout counts the wait for data', async () => {
    await connection.run('SET statement_timeout = 100');
    connection.query('COPY t FROM STDIN');
    await connection.until('G');
    const answer = shown(await connection.until('Z'));
    assert.deepEqual(answer, ['E ERROR 57014 canceling statement due to statement timeout', 'Z I']);
    await connection.run('SET statement_timeout = 0');
  });

  test('a client that leaves in the middle has copied nothing', async () => {
    const leaver = await RawConnection.open(server.port, 'slt');
    leaver.query('COPY t FROM STDIN');
    await leaver.until('G');
    leaver.send('d', '7\tgone\n');
    leaver.close();
    const reader = await RawConnection.open(server.port, 'slt');
    reader.query('COPY (SELECT * FROM range(1000000000)) TO STDOUT');
    await reader.until('d');
    reader.close();
    // Both statements end: nothing runs any more but the question itself.
    const unfinished = `SELECT count(*) FROM sqlens.queries WHERE query LIKE 'SELECT * FROM range%'`;
    let running: string | undefined;
    for (let tries = 0; tries < 100 && running !== 'D "0"'; tries++) {
      [running] = await connection.run(unfinished);
      await delay(50);
    }
    assert.equal(running, 'D "0"');
    assert.deepEqual(await connection.run('SELECT count(*) FROM t'), empty);
  });

  test('a line without end is refused', async () => {
    const data = Buffer.alloc(65 * mebibyte, 'a');
    const answer = await connection.copyIn('COPY t FROM STDIN', data, mebibyte);
    assert.match(answer[1] ?? '', /^E ERROR 54000 a line is longer than 67108864 bytes/);
    const quoted = await connection.copyIn(
      'COPY t FROM STDIN CSV',
      Buffer.concat([Buffer.from('1,"'), data]),
      mebibyte,
    );
    assert.match(quoted[1] ?? '', /^E ERROR 54000 /);
  });

  test('a value of 20 MB in small pieces', async () => {
    const data = Buffer.concat([Buffer.from('1\t'), Buffer.alloc(20 * mebibyte, 'b'), Buffer.from('\n')]);
    assert.equal((await connection.copyIn('COPY t FROM STDIN', data, 4096))[1], 'C COPY 1');
    const length = await connection.run('SELECT length(b) FROM t');
    assert.equal(length[0], `D "${20 * mebibyte}"`);
    await connection.run('DELETE FROM t');
  });

  const header = 'PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0';
  const binary: readonly (readonly [data: string, answer: string])[] = [
    ['', 'E ERROR 22P04 COPY file signature not recognized'],
    ['PGCOPX\n\xff\r\n\0', 'E ERROR 22P04 COPY file signature not recognized'],
    ['PGCOPY\n\xff\r\n\0', 'E ERROR 22P04 invalid COPY file header (missing flags)'],
    ['PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0', 'E ERROR 22P04 invalid COPY file header (WITH OIDS)'],
    ['PGCOPY\n\xff\r\n\0\x80\0\0\0\0\0\0\0', 'E ERROR 22P04 unrecognized critical flags in COPY file header'],
    [header, 'C COPY 0'],
    [`${header}\0\x03`, 'E ERROR 22P04 row field count is 3, expected 2 (COPY t, line 1)'],
    [`${header}\xff\xffjunk`, 'E ERROR 22P04 received copy data after EOF marker (COPY t, line 1)'],
    [`${header}\0\x02\0\0\0\x04\0\0`, 'E ERROR 22P04 unexpected EOF in COPY data (COPY t, line 1, column a)'],
    [
      `${header}\0\x02\0\0\0\x04\0\0\0\x01\0\0\0\x01\0`,
      'E ERROR 22021 invalid byte sequence for encoding "UTF8": 0x00 (COPY t, line 1, column b)',
    ],
  ];
  test('binary data that is none: as PostgreSQL 15 answered', async () => {
    for (const [data, expected] of binary) {
      for (const piece_bytes of [1000, 1]) {
        const answer = await connection.copyIn(
          'COPY t FROM STDIN (FORMAT binary)',
          Buffer.from(data, 'latin1'),
          piece_bytes,
        );
        assert.equal(answer[1], expected, JSON.stringify(data));
      }
    }
  });

  test('a portal is not suspended by COPY', async () => {
    connection.send('P', '\0COPY (SELECT * FROM range(3)) TO STDOUT\0\0\0');
    connection.send('B', '\0\0\0\0\0\0\0\0');
    connection.send('E', '\0\0\0\0\x01');
    connection.send('E', '\0\0\0\0\x01');
    connection.send('S');
    const answer = shown(await connection.until('Z'));
    assert.deepEqual(answer.slice(0, 9), [
      '1 ',
      '2 ',
      'H 0000010000',
      'd "0\\n"',
      'd "1\\n"',
      'd "2\\n"',
      'c ',
      'C COPY 3',
      'E ERROR 55000 portal "" cannot be run',
    ]);
  });
});
