/** Every .slt file beside this one, each on a server of its own, over a real socket. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runSltFile } from './slt/run-file.ts';
import { makeFolders, type WorkFolders } from './slt/sandbox-folder.ts';

const room = path.dirname(fileURLToPath(import.meta.url));
/** `SLT=joins,copy npx tsx --test sql-tests/run.test.ts` runs only files whose names contain one of these. */
const only = process.env.SLT?.split(',');
const files = readdirSync(room)
  .filter((file) => file.endsWith('.slt'))
  .filter((file) => only === undefined || only.some((part) => file.includes(part)))
  .sort();

let folders: WorkFolders;
before(async () => {
  folders = await makeFolders();
});
after(() => folders.remove());

test('there are .slt files', () => {
  assert.ok(files.length > 0);
});

for (const file of files) {
  test(file, { timeout: 120_000 }, async () => {
    const { recordCount } = await runSltFile(path.join(room, file), folders);
    assert.ok(recordCount > 0, 'no record was run');
  });
}
