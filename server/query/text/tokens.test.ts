import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { SqlensError } from '../../../common/errors.ts';
import { quoteIdentifier, quoteLiteral, splitStatements, tokenize, withPlainSpaces } from './tokens.ts';

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

test('reads every character as DuckDB does', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const columnNames = async (sql: string) => {
    try {
      return (await connection.runAndReadAll(sql)).columnNames();
    } catch {
      return undefined;
    }
  };
  const wrong: string[] = [];
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
  const codes = [...range(0x80, 0x100), 0x301, 0x1680, 0x180e, ...range(0x2000, 0x2070), 0x3000, 0x3001];
  for (const code of [9, 10, 12, 13, 32, ...codes, 0x4e00, 0xfeff, 0xff21, 0x1f600]) {
    const character = String.fromCodePoint(code);
    const isLetter = tokenize(`a${character}b`).length === 1;
    // A letter makes one name of it; a space parts the column from its alias.
    const names = await columnNames(`SELECT a${character}b FROM (SELECT 1 AS a, 2 AS "a${character}b")`);
    if (names?.[0] !== (isLetter ? `a${character}b` : 'b')) wrong.push(code.toString(16));
  }
  assert.deepEqual(wrong, []);
});

test('ends comments, strings, numbers and dollar quotes where DuckDB does', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  // Each hides `hidden` from whoever reads it otherwise; that DuckDB sees the column is the oracle.
  const texts = [
    'SELECT 1 -- x\r, 1 AS hidden',
    "SELECT $😀$ ' $😀$, 1 AS hidden -- '",
    "SELECT $e\u0301$ ' $e\u0301$, 1 AS hidden -- '",
    "SELECT E'a'\n'b\\', 1 AS hidden --', 1 AS hidden --",
    "SELECT E'a' -- c\r  --\n'b\\', 1 AS hidden --', 1 AS hidden --",
    "SELECT 😀e'\\', 1 AS hidden -- '",
    "SELECT /* ' */ x\u200be'\\', 1 AS hidden -- '",
    "SELECT 0xe, 1 AS hidden -- '",
    "SELECT 1_0e1_0, 1 AS hidden, 'x'",
    "SELECT 1e$$x$$, 1 AS hidden -- '",
    "SELECT 'a'/* \n */, 1 AS hidden -- '",
  ];
  for (const type of ['😀e', 'x\u200be', 'x']) await connection.run(`CREATE TYPE "${type}" AS VARCHAR`);
  for (const text of texts) {
    const tokens = tokenize(text);
    const plain = withPlainSpaces(text, tokens);
    const seen = await connection
      .runAndReadAll(plain)
      .then((reader) => reader.columnNames().includes('hidden'))
      .catch(() => false);
    const found = tokens.some((token) => token.value === 'hidden');
    assert.equal(found, seen, JSON.stringify(text));
  }
});

test('strings that continue on the next line are one', () => {
  assert.deepEqual(values("'a'  \n\t -- c\n 'b''c'"), ["string:ab'c"]);
  assert.deepEqual(values("E'\\'' -- c\r'\\n'"), ["string:'\n"]);
  assert.deepEqual(values("'a' 'b'"), ['string:a', 'string:b']);
});

test('dashes and blanks without an end take no time to read', () => {
  assert.equal(tokenize(`'a' ${'-- '.repeat(20_000)}`).length, 1);
  assert.equal(tokenize(`'a' \n${' \n--\n'.repeat(20_000)}1`).length, 2);
});

test('a long text is read the same way again, alone and behind a semicolon', () => {
  const list = Array.from({ length: 20_000 }, (_, at) => at).join(', ');
  const sql = `SELECT 1 WHERE 1 IN (${list})`;
  const [statement] = splitStatements(`${sql};`);
  assert.equal(statement?.text, sql);
  const tokens = tokenize(sql);
  assert.equal(tokens.length, 2 * 20_000 + 6);
  assert.equal(tokens.at(-1)?.end, sql.length);
  assert.deepEqual(tokenize(`${sql} `).slice(-1), tokens.slice(-1));
});
