/** COPY by those who use it: psql's \copy, pg-copy-streams, psycopg2 and asyncpg. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { from, to } from 'pg-copy-streams';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';

const run = promisify(execFile);
const psql = ['/usr/bin/psql', '/usr/local/bin/psql'].find((program) => existsSync(program));
const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find((program) => existsSync(program));

describe('clients that copy', () => {
  let folders: WorkFolders;
  let server: TestServer;

  before(async () => {
    folders = await makeFolders();
    await folders.reset(undefined);
    server = new TestServer(folders);
    await server.start();
  });

  after(async () => {
    await server?.close();
    await folders?.remove();
  });

  test('psql, \\copy out and in', { skip: psql === undefined && 'psql is not installed' }, async () => {
    const { port } = server;
    const say = async (...commands: string[]): Promise<string> => {
      const flags = ['-X', '-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'slt', '-d', 'sqlens'];
      const { stdout } = await run(psql ?? '', [
        ...flags,
        '-v',
        'ON_ERROR_STOP=1',
        ...commands.flatMap((c) => ['-c', c]),
      ]);
      return stdout;
    };
    await say(
      'CREATE TABLE p (a int, b text)',
      `INSERT INTO p SELECT i, 'line ' || i FROM range(5000) AS r(i)`,
    );
    for (const format of ['text', 'csv', 'binary']) {
      const file = path.join(folders.allowed, `p.${format}`);
      await say(`\\copy p TO '${file}' WITH (FORMAT ${format})`);
      await say('DELETE FROM p', `\\copy p FROM '${file}' WITH (FORMAT ${format})`);
      const again = `${file}.again`;
      await say(`\\copy p TO '${again}' WITH (FORMAT ${format})`);
      assert.deepEqual(await readFile(again), await readFile(file), format);
    }
    assert.equal(await say(`COPY (SELECT a FROM p WHERE a < 2 ORDER BY a) TO STDOUT`), '0\n1\n');
    await assert.rejects(say(`\\copy p FROM '${folders.allowed}/p.csv'`), /COPY p, line 1, column a/);
  });

  test('pg-copy-streams', async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'slt', database: 'sqlens' });
    await client.connect();
    try {
      await client.query('CREATE TABLE s (a int, b text)');
      const rows = Array.from({ length: 20_000 }, (_, at) => `${at}\tvalue ${at}\n`);
      await pipeline(Readable.from(rows), client.query(from('COPY s FROM STDIN')));
      const out = await buffer(client.query(to('COPY s TO STDOUT')));
      assert.equal(out.toString(), rows.join(''));
      const broken = pipeline(Readable.from(['1\tx\n', 'y\tz\n']), client.query(from('COPY s FROM STDIN')));
      await assert.rejects(broken, { code: '22P02', where: 'COPY s, line 2, column a: "y"' });
      const { rows: counted } = await client.query('SELECT count(*)::int AS n FROM s');
      assert.deepEqual(counted, [{ n: 20_000 }]);
    } finally {
      await client.end();
    }
  });

  test('psycopg2 and asyncpg', {
    skip: python === undefined && 'Python is not installed',
  }, async (context) => {
    const script = fileURLToPath(new URL('./copy-clients.py', import.meta.url));
    const { stdout } = await run(python ?? '', [script, String(server.port)]);
    const lines = stdout.trim().split('\n');
    for (const missing of lines.filter((line) => line.startsWith('no ')))
      context.diagnostic(`skipped: ${missing}`);
    assert.equal(lines.length, 2, stdout);
  });
});
