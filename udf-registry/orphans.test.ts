import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { childEntry } from '../common/child-entry.ts';
import { until } from './inference.testing.ts';

/** Nothing of the process runs any more; whether its new parent has collected it is not ours to say. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  if (process.platform !== 'linux') return false;
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') ?? true;
  } catch {
    return true;
  }
}

test('a server that is killed leaves no worker, not even one in an endless run', {
  timeout: 60_000,
}, async () => {
  const server = fork(childEntry(import.meta.url, './doomed-server.testing'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const pids = await new Promise<number[]>((resolve) => {
    server.once('message', (message) => resolve(Array.isArray(message) ? message.map(Number) : []));
  });
  assert.equal(pids.length, 2);
  assert.ok(pids.every((pid) => !isGone(pid)));
  server.kill('SIGKILL');
  await until(() => pids.every(isGone));
});
