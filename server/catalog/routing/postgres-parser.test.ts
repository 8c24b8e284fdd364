import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteOffsets, MAX_PARSED_LENGTH, parse } from './postgres-parser.ts';

test('a syntax error has PostgreSQL’s words and its position in characters', async () => {
  const outcome = await parse("SELECT 'é😀' FROM x WHERE AND 1");
  assert.ok(outcome.kind === 'syntax-error');
  assert.equal(outcome.error.sqlState, '42601');
  assert.equal(outcome.error.message, 'syntax error at or near "AND"');
  // PostgreSQL counts code points.
  assert.equal(outcome.error.position, 26);
});

test('what is too long, too deep or holds NUL is not read, and the next statement is', async () => {
  const deep = `SELECT ${'(SELECT '.repeat(4_000)}1${')'.repeat(4_000)}`;
  const wide = `SELECT ${'('.repeat(40_000)}1${')'.repeat(40_000)}`;
  const sums = `SELECT 1${' + 1'.repeat(40_000)}`;
  for (const sql of [deep, wide, sums, 'SELECT 1\0', `SELECT '${'x'.repeat(MAX_PARSED_LENGTH)}'`]) {
    assert.equal((await parse(sql)).kind, 'too-complex');
    assert.equal((await parse('SELECT 1')).kind, 'parsed');
  }
});

test('parses at once do not harm each other when one of them traps', async () => {
  const deep = `SELECT ${'(SELECT '.repeat(4_000)}1${')'.repeat(4_000)}`;
  const kinds = await Promise.all(
    ['SELECT 1', deep, 'SELECT 2', deep, 'SELEC'].map(async (sql) => (await parse(sql)).kind),
  );
  assert.deepEqual(kinds, ['parsed', 'too-complex', 'parsed', 'too-complex', 'syntax-error']);
});

test('offsets in bytes become offsets in characters', () => {
  const sql = 'aé😀b';
  const offset = byteOffsets(sql);
  assert.deepEqual([0, 1, 3, 7, 8].map(offset), [0, 1, 2, 4, 5]);
  assert.equal(byteOffsets('abc')(2), 2);
});
