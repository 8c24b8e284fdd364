#!/usr/bin/env node
// CommonJS, because libuv reads its pool size at the first use of the pool, which loading ES modules already is:
// every statement that runs in the engine occupies one of these threads, and files need some beside them.
process.env.UV_THREADPOOL_SIZE ??= '64';
import('../dist/server/main.js').catch((error) => {
  process.stderr.write(`sqlens: ${error.message}\n  Run "npm run build" first.\n`);
  process.exitCode = 1;
});
