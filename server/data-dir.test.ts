import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { SqlensError } from '../common/errors.ts';
import { openDataDir } from './data-dir.ts';

test('one process owns it; what a killed one left is taken over', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-data-'));
  try {
    const lock = path.join(folder, 'lock');
    // Process 1 runs on every machine, but did not start at this time.
    await writeFile(lock, '1 12345678901234\n');
    const dataDir = await openDataDir(folder);
    assert.match(await readFile(lock, 'utf8'), new RegExp(`^${process.pid} `));
    const running = (await readFile('/proc/1/stat', 'utf8').catch(() => '')).split(') ')[1]?.split(' ')[19];
    if (running !== undefined) {
      await writeFile(lock, `1 ${running}\n`);
      await assert.rejects(
        openDataDir(folder),
        (error) =>
          error instanceof SqlensError && error.sqlState === '55006' && /process 1\b/.test(error.message),
      );
    }
    await dataDir.unlock();
    await (await openDataDir(folder)).unlock();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a place where no folder can be made is an error at once', {
  skip: process.platform !== 'linux',
}, async () => {
  await assert.rejects(
    openDataDir('/proc/sqlens/data'),
    (error) => error instanceof SqlensError && error.sqlState === '58030' && error.hint !== undefined,
  );
});

test('what the server keeps for itself is named: the catalog as well', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-data-'));
  try {
    const dataDir = await openDataDir(folder);
    const names = dataDir.privatePaths.map((file) => path.relative(dataDir.path, file)).sort();
    const expected = [
      'artifacts',
      'catalog',
      'drafts',
      'lock',
      'named-models',
      'store.duckdb',
      'store.duckdb.wal',
      'tmp',
    ];
    assert.deepEqual(names, expected);
    await dataDir.unlock();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
