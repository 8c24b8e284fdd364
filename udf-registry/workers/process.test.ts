import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ask, faultyInference, fixtureTask, numbers } from '../inference.testing.ts';

describe('a worker process', { timeout: 60_000, skip: process.platform !== 'linux' }, () => {
  test('runs under its memory limit, with few malloc arenas, and without the settings of the server', async () => {
    process.env.SQLENS_PASSWORD = 'secret';
    const memory_bytes = 1_234 * 1024 ** 2;
    const inference = faultyInference({ workers: 1, limits: { worker_memory_bytes: memory_bytes } });
    try {
      await ask(inference, fixtureTask('affine'), [numbers(1, 2, 3)]);
      const pid = inference.stats().workers[0]?.pid;
      const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
      assert.match(limits, new RegExp(`Max data size +${memory_bytes} +${memory_bytes} +bytes`));
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      assert.ok(environment.includes('MALLOC_ARENA_MAX=2'));
      assert.ok(environment.includes('UV_THREADPOOL_SIZE=4'));
      assert.deepEqual(
        environment.filter((variable) => variable.startsWith('SQLENS_')),
        [],
      );
    } finally {
      delete process.env.SQLENS_PASSWORD;
      await inference.close();
    }
  });
});
