// npm test: types, lint and architecture, then unit tests and the .slt files (sql-tests/run.test.ts).
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const rooms = ['common', 'image-source', 'models', 'server', 'udf-registry', 'sql-tests'];
const only = process.argv.slice(2);

/** Tests run compiled: a process of tsx takes a second of processor time to begin, and there are hundreds. */
const compiled = path.join(root, 'dist-test');

function run(title, args, env = {}) {
  console.log(`\n== ${title}`);
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    console.log(`\n${title} failed`);
    process.exit(status ?? 1);
  }
}

const tool = (file) => path.join(root, 'node_modules', file);

const tests = rooms
  .flatMap((room) =>
    readdirSync(path.join(root, room), { recursive: true }).map((file) => path.join(room, String(file))),
  )
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
  .sort();

rmSync(compiled, { recursive: true, force: true });
run('types', [tool('typescript/bin/tsc'), '-p', 'tsconfig.test.json']);
for (const kept of [...rooms, 'README.md', 'docs', 'package.json']) {
  const withoutSources = (file) => !file.endsWith('.ts');
  cpSync(path.join(root, kept), path.join(compiled, kept), { recursive: true, filter: withoutSources });
}
run('lint and architecture', [tool('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']);
run(
  `tests (${tests.length} files)`,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=2',
    ...tests.map((file) => path.join('dist-test', file.replace(/\.ts$/, '.js'))),
  ],
  // The engine's statements and the file system share this pool.
  { UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '64' },
);
