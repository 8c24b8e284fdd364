// Makes a fresh clone ready: installs what package-lock.json names and builds dist/, each only when it is missing or
// older than its sources. Plain JavaScript without imports from packages: it runs before there are any.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const installed = path.join(root, 'node_modules', '.sqlens-installed');
const built = path.join(root, 'dist', '.sqlens-built');
/** Rooms whose TypeScript is compiled; files of other kinds in `assets` are copied to the same place. */
const rooms = ['common', 'image-source', 'models', 'server', 'udf-registry'];
const assets = ['models/bundled/traffic-signs/traffic-signs.h5', 'models/bundled/traffic-signs/labels.txt'];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  console.error(`SQLens needs Node.js 20.9 or newer; this is ${process.version}.`);
  process.exit(1);
}

const modified_ms = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

function newestBelow(folder) {
  let newest_ms = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    const time_ms = entry.isDirectory() ? newestBelow(file) : modified_ms(file);
    newest_ms = Math.max(newest_ms, time_ms);
  }
  return newest_ms;
}

function run(command, args) {
  execFileSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    // As in .npmrc, which newer versions of npm do not pass on.
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env },
  });
}

if (modified_ms(installed) < modified_ms(path.join(root, 'package-lock.json'))) {
  console.error('sqlens: installing packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(installed, '');
}

if (!process.argv.includes('--packages-only')) {
  const newest_ms = Math.max(...rooms.map((room) => newestBelow(path.join(root, room))));
  if (modified_ms(built) < newest_ms) {
    console.error('sqlens: building');
    rmSync(path.join(root, 'dist'), { recursive: true, force: true });
    run(process.execPath, [
      path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      'tsconfig.build.json',
    ]);
    for (const asset of assets) cpSync(path.join(root, asset), path.join(root, 'dist', asset));
    writeFileSync(built, '');
  }
}
