/** Runs the statements of docs/tensors-and-text.md, and compares what they give with what stands there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { makeFolders, type WorkFolders } from './slt/sandbox-folder.ts';
import { TestServer, type TextResult } from './slt/test-server.ts';

const page = readFileSync(new URL('../docs/tensors-and-text.md', import.meta.url), 'utf8');

/** Statements, and the rows that stand behind them. */
const examples = [...page.matchAll(/```sql\n([\s\S]*?)```(?:\n```text\n([\s\S]*?)```)?/g)].map(
  ([, sql = '', rows]) => ({ sql, rows }),
);

let folders: WorkFolders;
let server: TestServer;

before(async () => {
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
});
after(async () => {
  await server.close();
  await folders.remove();
});

test('the examples of docs/tensors-and-text.md', { timeout: 300_000 }, async () => {
  assert.ok(examples.length > 4);
  const session = await server.session('default');
  const models = folders.variables.get('MODELS') ?? '';
  for (const { sql, rows } of examples) {
    let last: TextResult | undefined;
    // A statement ends where a line does.
    for (const statement of sql.replaceAll("'models/", `'${models}/`).split(/;(?:\s*--[^\n]*)?\n/)) {
      if (statement.trim() !== '') last = await session.query(statement);
    }
    if (rows === undefined) continue;
    assert.equal(last?.rows.map((row) => row.join(' | ')).join('\n'), rows.trim(), sql);
  }
});
