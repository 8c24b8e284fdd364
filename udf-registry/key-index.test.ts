import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ABSENT, KeyIndex } from './key-index.ts';

function keyOf(text: string): Uint32Array {
  const digest = createHash('sha256').update(text).digest();
  return new Uint32Array(new Uint8Array(digest).buffer, 0, 4);
}

test('finds what was set and nothing else, across growth', () => {
  const index = new KeyIndex();
  const count = 20_000;
  for (let i = 0; i < count; i++) index.set(keyOf(`key ${i}`), 0, i);
  assert.equal(index.count, count);
  for (let i = 0; i < count; i++) assert.equal(index.get(keyOf(`key ${i}`), 0), i);
  for (let i = 0; i < 1000; i++) assert.equal(index.get(keyOf(`other ${i}`), 0), ABSENT);
});

test('keys that collide in the first word stay apart', () => {
  const index = new KeyIndex(4);
  const words = new Uint32Array(40);
  for (let i = 0; i < 10; i++) words.set([7, 7, 7, i], i * 4);
  for (let i = 0; i < 10; i++) index.set(words, i * 4, i);
  for (let i = 0; i < 10; i++) assert.equal(index.get(words, i * 4), i);
  index.set(words, 0, 99);
  assert.equal(index.get(words, 0), 99);
  assert.equal(index.count, 10);
});

test('clear forgets', () => {
  const index = new KeyIndex();
  index.set(keyOf('a'), 0, 1);
  index.clear();
  assert.equal(index.get(keyOf('a'), 0), ABSENT);
});
