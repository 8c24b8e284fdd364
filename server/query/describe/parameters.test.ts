import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTEGER, VARCHAR } from '@duckdb/node-api';
import { tokenize } from '../text/tokens.ts';
import { castParameters, parameterCount } from './parameters.ts';

test('parameters get casts, and positions map back', () => {
  const sql = "SELECT $1, '$2', $2 + x FROM t";
  const typed = castParameters(sql, tokenize(sql), (number) => (number === 1 ? VARCHAR : INTEGER));
  assert.equal(typed.text, "SELECT $1::VARCHAR, '$2', $2::INTEGER + x FROM t");
  for (const word of ['$1', "'$2'", 'x', 'FROM', 't']) {
    const at = typed.text.lastIndexOf(word);
    assert.equal(typed.original(at + 1), sql.lastIndexOf(word) + 1, word);
  }
});

test('the count is the highest number', () => {
  assert.equal(parameterCount(tokenize('SELECT $3, $1')), 3);
  assert.equal(parameterCount(tokenize("SELECT '$3'")), 0);
  assert.throws(() => parameterCount(tokenize('SELECT $0')));
  assert.throws(() => parameterCount(tokenize('SELECT $name')));
});
