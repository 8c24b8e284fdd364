// npm test: types, lint and architecture, then unit tests and the .slt files (sql-tests/run.test.ts).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const rooms = ['common', 'image-source', 'models', 'server', 'udf-registry', 'sql-tests'];
const only = process.argv.slice(2);

function run(title, ...args) {
  console.log(`\n== ${title}`);
  const [command, ...rest] = args;
  const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules', command), ...rest], {
    cwd: root,
    stdio: 'inherit',
    // The engine's statements and the file system share this pool.
    env: { UV_THREADPOOL_SIZE: '64', ...process.env },
  });
  if (status !== 0) {
    console.log(`\n${title} failed`);
    process.exit(status ?? 1);
  }
}

const tests = rooms
  .flatMap((room) =>
    readdirSync(path.join(root, room), { recursive: true }).map((file) => path.join(room, String(file))),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  .sort();

run('types', 'typescript/bin/tsc', '--noEmit');
run('lint and architecture', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.');
run(`tests (${tests.length} files)`, 'tsx/dist/cli.mjs', '--test', '--test-concurrency=2', ...tests);
