/** No statement writes to the server's own standard output, or reads its standard input, however it is put. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { childEntry } from '../../common/child-entry.ts';
import { RawConnection } from './raw-connection.ts';

const mark = 'only-for-the-client';
let folder: string;
let child: ChildProcess;
let printed = '';
let connection: RawConnection;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sqlens-copy-'));
  child = fork(childEntry(import.meta.url, './stdout-server'), [path.join(folder, 'data')], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    cwd: folder,
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.stdin?.write('1\tfrom the standard input\n');
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { readonly port: number }) => resolve(message.port));
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  connection = await RawConnection.open(port, 'copier');
  await connection.run('CREATE TABLE t (a int, b text)');
  await connection.run(`INSERT INTO t VALUES (1, '${mark}')`);
});

after(async () => {
  connection.close();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.send('close');
  await exited;
  await rm(folder, { recursive: true, force: true });
});

test('COPY TO STDOUT goes to the client', async () => {
  const data = await connection.copyOut('COPY t TO STDOUT');
  assert.equal(data.toString(), `1\t${mark}\n`);
});

const devices = [
  '/dev/stdout',
  '/dev/stderr',
  '/dev/fd/1',
  '/proc/self/fd/1',
  '//dev//stdout',
  '/dev/../dev/stdout',
  'file:///dev/stdout',
  '/dev/tty',
];
const refused: readonly string[] = [
  ...devices.map((device) => `COPY t TO '${device}'`),
  ...devices.map((device) => `COPY (SELECT * FROM t) TO '${device}' (FORMAT csv)`),
  `COPY t FROM '/dev/stdin'`,
  `COPY t FROM '/proc/self/fd/0'`,
  'EXPLAIN COPY t TO STDOUT',
  'EXPLAIN ANALYZE COPY t TO STDOUT',
  'EXPLAIN (ANALYZE) COPY t TO STDOUT',
  `EXPLAIN ANALYZE COPY t TO '/dev/stdout'`,
  'EXPLAIN ANALYZE COPY t FROM STDIN',
  'PREPARE p AS COPY t TO STDOUT',
  `PREPARE q AS COPY t TO '/dev/stdout'`,
  'DECLARE c CURSOR FOR COPY t TO STDOUT',
  `EXPORT DATABASE '/dev/stdout'`,
  `COPY FROM DATABASE store TO memory`,
  'WITH x AS (COPY t TO STDOUT) SELECT 1',
  'CREATE TABLE u AS COPY t TO STDOUT',
  `COPY (COPY t TO STDOUT) TO STDOUT`,
  `COPY (EXPLAIN ANALYZE COPY t TO STDOUT) TO STDOUT`,
  `COPY t TO $$/dev/stdout$$`,
  `COPY t TO E'/dev/\\x73tdout'`,
  `COPY "t" TO PROGRAM 'cat'`,
];

for (const sql of refused) {
  test(`refused: ${sql}`, async () => {
    const answer = await connection.run(sql);
    assert.match(answer[0] ?? '', /^E ERROR (42601|42501|0A000|42P01|25P01)/);
  });
}

test('among several statements, it goes to the client as well', async () => {
  const answer = await connection.run('SELECT 1; COPY t TO STDOUT; COPY (SELECT 2) TO STDIN');
  assert.deepEqual(answer, [
    'D "1"',
    'C SELECT 1',
    'H 00000200000000',
    `d "1\\t${mark}\\n"`,
    'c ',
    'C COPY 1',
    'H 0000010000',
    'd "2\\n"',
    'c ',
    'C COPY 1',
    'Z I',
  ]);
});

test('a file of that name is a file', async () => {
  assert.deepEqual(await connection.run(`COPY t TO '${folder}/stdout' (FORMAT csv)`), ['C COPY 1', 'Z I']);
});

test('nothing was printed, and nothing read', async () => {
  const rows = await connection.run('SELECT count(*) FROM t');
  assert.deepEqual(rows, ['D "1"', 'C SELECT 1', 'Z I']);
  assert.equal(printed, '');
});
