import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input, Task } from './api.ts';
import { type Batch, Batcher, type Submission, taskKey } from './batcher.ts';
import { fixtureTask, numbers } from './inference.testing.ts';

const LIMITS = { batch_bytes: 1_000 };

function submission(queryId: string, task: Task, inputs: readonly Input[]): Submission {
  return {
    task,
    key: taskKey(task),
    inputs,
    options: { queryId, signal: new AbortController().signal, onAnswer: () => undefined },
    resolve: () => undefined,
    reject: () => undefined,
    next: 0,
    remaining: inputs.length,
    isOver: false,
  };
}

function inputs(count: number): Input[] {
  return Array.from({ length: count }, (_, i) => numbers(i));
}

/** "a0 a1 b0": the rows of a batch by query and position. */
function rowsOf(batch: Batch | undefined): string {
  return (batch?.rows ?? []).map((row) => `${row?.submission.options.queryId}${row?.index}`).join(' ');
}

test('queries take turns by batch', () => {
  const batcher = new Batcher(LIMITS);
  const task = fixtureTask('affine', { batchSize: 2 });
  batcher.add(submission('a', task, inputs(1_000_000)));
  assert.equal(rowsOf(batcher.take(99)), 'a0 a1');
  batcher.add(submission('b', task, inputs(3)));
  batcher.add(submission('c', task, inputs(2)));
  const turns = Array.from({ length: 6 }, () => rowsOf(batcher.take(99)));
  assert.deepEqual(turns, ['a2 a3', 'b0 b1', 'c0 c1', 'a4 a5', 'b2 a6', 'a7 a8']);
});

test('calls of one query take turns within its share', () => {
  const batcher = new Batcher(LIMITS);
  const first = fixtureTask('affine', { batchSize: 2, tag: 'first' });
  const second = fixtureTask('affine', { batchSize: 2, tag: 'second' });
  batcher.add(submission('a', first, inputs(4)));
  batcher.add(submission('a', second, inputs(4)));
  batcher.add(submission('b', first, inputs(4)));
  const turns = Array.from({ length: 6 }, () => {
    const task = batcher.peek();
    return `${task?.kind === 'model' ? task.digest : ''}: ${rowsOf(batcher.take(99))}`;
  });
  assert.deepEqual(turns, [
    'affine-first: a0 a1',
    'affine-first: b0 b1',
    'affine-second: a0 a1',
    'affine-first: b2 b3',
    'affine-first: a2 a3',
    'affine-second: a2 a3',
  ]);
  assert.equal(batcher.peek(), undefined);
  assert.equal(batcher.waiting, 0);
});

test('what is removed is not taken', () => {
  const batcher = new Batcher(LIMITS);
  const task = fixtureTask('affine', { batchSize: 2 });
  const a = submission('a', task, inputs(4));
  batcher.add(a);
  batcher.add(submission('b', task, inputs(1)));
  batcher.take(99);
  batcher.remove(a);
  batcher.remove(a);
  assert.equal(batcher.waiting, 1);
  assert.equal(rowsOf(batcher.take(99)), 'b0');
  assert.equal(batcher.take(99), undefined);
});

test('batches are cut by bytes, but a large input alone still goes', () => {
  const batcher = new Batcher(LIMITS);
  const task = fixtureTask('affine', { batchSize: 8 });
  const sizes = [400, 500, 300, 5_000, 1];
  const files = sizes.map((size): Input => ({ kind: 'bytes', bytes: new Uint8Array(size) }));
  batcher.add(submission('a', task, files));
  const turns = Array.from({ length: 4 }, () => rowsOf(batcher.take(99)));
  assert.deepEqual(turns, ['a0 a1', 'a2', 'a3', 'a4']);
});

test('tasks share batches only when they do the same', () => {
  const keys = [
    taskKey(fixtureTask('affine')),
    taskKey(fixtureTask('affine', { tag: 'other' })),
    taskKey({ kind: 'image_info' }),
    taskKey({ kind: 'image_decode' }),
    taskKey({ kind: 'image_thumbnail', size_px: 32 }),
    taskKey({ kind: 'image_thumbnail', size_px: 64 }),
  ];
  assert.equal(new Set(keys).size, keys.length);
});
