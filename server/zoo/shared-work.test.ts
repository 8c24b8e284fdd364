import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedWork } from './shared-work.ts';

const waiter = (told: string[] = [], signal = new AbortController().signal) => ({
  signal,
  onProgress: (message: string) => told.push(message),
});

test('work that several want is done once, and all are told how it goes on', async () => {
  const work = new SharedWork<number>();
  const told: string[][] = [[], []];
  let begun = 0;
  let finish: (value: number) => void = () => undefined;
  const results = told.map((lines) =>
    work.run('key', waiter(lines), async (_signal, tell) => {
      begun++;
      await Promise.resolve();
      tell('half of it');
      return new Promise<number>((resolve) => {
        finish = resolve;
      });
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  finish(7);
  assert.deepEqual(await Promise.all(results), [7, 7]);
  assert.equal(begun, 1);
  assert.deepEqual(told, [['half of it'], ['half of it']]);
  assert.equal(await work.run('key', waiter(), async () => 8), 8);
});

test('who comes later hears at once how it stands', async () => {
  const work = new SharedWork<number>();
  let finish: (value: number) => void = () => undefined;
  const ask = (told: string[]) =>
    work.run('key', waiter(told), (_signal, tell) => {
      tell('begun');
      return new Promise<number>((resolve) => {
        finish = resolve;
      });
    });
  const first = ask([]);
  const late: string[] = [];
  const second = ask(late);
  assert.deepEqual(late, ['begun']);
  finish(1);
  assert.deepEqual(await Promise.all([first, second]), [1, 1]);
});

test('a failure reaches all who wait, and the next one begins anew', async () => {
  const work = new SharedWork<number>();
  const fail = () => work.run('key', waiter(), () => Promise.reject(new Error('broken')));
  await Promise.all([assert.rejects(fail(), /broken/), assert.rejects(fail(), /broken/)]);
  assert.equal(await work.run('key', waiter(), async () => 1), 1);
});

test('work that nobody waits for is aborted, and does not begin again before it is over', async () => {
  const work = new SharedWork<string>();
  const stop = new AbortController();
  const events: string[] = [];
  let release: () => void = () => undefined;
  const first = work.run('key', waiter([], stop.signal), async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    events.push('aborted');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    events.push('over');
    return 'late';
  });
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('gone'));
  await assert.rejects(first, /gone/);
  const second = work.run('key', waiter(), async () => {
    events.push('begun');
    return 'new';
  });
  await new Promise((resolve) => setImmediate(resolve));
  release();
  assert.equal(await second, 'new');
  assert.deepEqual(events, ['aborted', 'over', 'begun']);
});
