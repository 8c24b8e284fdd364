import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlensError } from '../../common/errors.ts';
import { quoteIdentifier, quoteLiteral, splitStatements, tokenize } from './tokens.ts';

const values = (sql: string) => tokenize(sql).map((token) => `${token.kind}:${token.value}`);

test('words, names, strings, numbers, parameters and operators', () => {
  assert.deepEqual(values(`SELECT "Up""x", 'it''s', E'a\\n\\'', $1, $tag$a;b$tag$, $$q$$, 1.5e3, x::int`), [
    'word:select',
    'quoted:Up"x',
    'operator:,',
    "string:it's",
    'operator:,',
    "string:a\n'",
    'operator:,',
    'parameter:$1',
    'operator:,',
    'string:a;b',
    'operator:,',
    'string:q',
    'operator:,',
    'number:1.5e3',
    'operator:,',
    'word:x',
    'operator:::',
    'word:int',
  ]);
});

test('comments nest and hide semicolons', () => {
  assert.deepEqual(
    splitStatements("/* a; /* b; */ c; */ SELECT 1; -- x;\n;; SELECT ';' ;").map((part) => part.text),
    ['SELECT 1', "SELECT ';'"],
  );
});

test('statements know where they began', () => {
  const sql = 'SELECT 1;\n  SELECT 2';
  for (const { text, offset } of splitStatements(sql))
    assert.equal(sql.slice(offset, offset + text.length), text);
});

test('what is never closed is an error with its place', () => {
  for (const [sql, position] of [
    ["SELECT 'abc", 8],
    ['SELECT "abc', 8],
    ['SELECT /* abc', 8],
    ['SELECT $x$ abc', 8],
  ] as const) {
    assert.throws(
      () => tokenize(sql),
      (error) => error instanceof SqlensError && error.sqlState === '42601' && error.position === position,
    );
  }
});

test('what is quoted reads back', () => {
  for (const text of ["a'b", 'a"b', '', "''", 'ü;--']) {
    assert.equal(tokenize(quoteLiteral(text))[0]?.value, text);
    assert.equal(tokenize(quoteIdentifier(text))[0]?.value, text);
  }
});
