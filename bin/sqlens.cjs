#!/usr/bin/env node
// CommonJS, because libuv reads its pool size at the first use of the pool, which loading ES modules already is:
// every statement that runs in the engine occupies one of these threads, and files need some beside them.
const { existsSync } = require('node:fs');
const path = require('node:path');

const [major, minor] = process.versions.node.split('.').map(Number);
const main = path.join(__dirname, '..', 'dist', 'server', 'main.js');

if (major < 20 || (major === 20 && minor < 9)) {
  fail(`SQLens needs Node.js 20.9 or newer; this is ${process.version}.`);
} else if (!existsSync(main)) {
  fail(`it is not built yet: ${main} is missing\n  Run "npm run build" in ${path.dirname(__dirname)} first.`);
} else {
  process.env.UV_THREADPOOL_SIZE ??= '64';
  import('../dist/server/main.js').catch((error) => {
    fail(
      `it cannot be loaded: ${error.message}\n  Run "npm ci" and "npm run build" in ${path.dirname(__dirname)}.`,
    );
  });
}

function fail(message) {
  process.stderr.write(`sqlens: ${message}\n`);
  process.exitCode = 1;
}
