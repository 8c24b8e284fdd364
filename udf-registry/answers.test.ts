import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlensError } from '../common/errors.ts';
import { AnswerStore, FAILED, QueryAnswers } from './answers.ts';
import { ABSENT } from './key-index.ts';

const LIMITS = { idle_bytes: 50_000, busy_bytes: 200_000 };

test('answers come back as they were stored, one slot for one identity', () => {
  const store = new AnswerStore(2, { idle_bytes: 1 << 22, busy_bytes: 1 << 22 });
  const slots = Array.from({ length: 3000 }, (_, at) => store.add(`i${at}`, Float32Array.of(at, -at), 8));
  assert.equal(store.add('i5', Float32Array.of(9, 9), 8), slots[5]);
  const target = new Float32Array(4);
  store.copyFloats(slots[2999] ?? 0, target, 1);
  assert.deepEqual([...target], [0, 2999, -2999, 0]);
  assert.equal(store.find('i7'), slots[7]);
  assert.equal(store.find('nosuch'), undefined);
});

test('a query keeps its own keys apart: others do not see what holds only for it', () => {
  const store = new AnswerStore(1, LIMITS);
  const one = new QueryAnswers(store);
  const two = new QueryAnswers(store);
  const key = Uint32Array.of(1, 2, 3, 4);
  one.own.set(key, 0, store.add('a', Float32Array.of(1), 4));
  assert.equal(one.lookup(key, 0, false), 0);
  assert.equal(two.lookup(key, 0, false), ABSENT);
  two.own.set(key, 0, FAILED);
  assert.equal(two.lookup(key, 0, true), FAILED);
  store.keys.set(key, 0, 0);
  assert.equal(two.lookup(key, 0, true), 0);
  assert.equal(two.lookup(key, 0, false), FAILED);
});

test('a store is emptied when it has grown too large and the last query lets go of it', () => {
  const store = new AnswerStore(undefined, LIMITS);
  const one = new QueryAnswers(store);
  const two = new QueryAnswers(store);
  store.add('big', {}, 100_000);
  one.release();
  assert.equal(store.count, 1);
  two.release();
  assert.equal(store.count, 0);
});

test('more than memory allows is an error with a hint', () => {
  const store = new AnswerStore(undefined, LIMITS);
  store.add('big', {}, 150_000);
  assert.throws(
    () => store.add('bigger', {}, 150_000),
    (error) => error instanceof SqlensError && error.sqlState === '53200' && error.hint !== undefined,
  );
});
