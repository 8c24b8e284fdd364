import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from './statements.ts';
import { tokenize } from './tokens.ts';
import { askingSelects, writeTarget } from './writes.ts';

const selectsOf = (sql: string) => {
  const tokens = tokenize(sql);
  return askingSelects(sql, tokens, classify(tokens).kind);
};

test('a write asks by SELECTs over the same rows', () => {
  const expected: Record<string, string[]> = {
    'CREATE TABLE t AS SELECT m(a) FROM s': ['SELECT m(a) FROM s'],
    'CREATE TABLE t AS SELECT 1 WITH NO DATA': [],
    'INSERT INTO t SELECT m(a) FROM s ON CONFLICT DO NOTHING': ['SELECT m(a) FROM s'],
    "INSERT INTO p.t AS x (a, b) VALUES (m('u'), DEFAULT)": ["VALUES (m('u'), NULL)"],
    'INSERT INTO t BY NAME SELECT m(a) AS b FROM s': ['SELECT m(a) AS b FROM s'],
    'INSERT INTO t DEFAULT VALUES': [],
    'INSERT INTO t (a) SELECT u FROM s RETURNING m(a)': [
      'SELECT u FROM s',
      'SELECT m(a) FROM (SELECT a FROM t WHERE FALSE UNION ALL (SELECT u FROM s)) AS t',
    ],
    'WITH c AS (SELECT 1) INSERT INTO t SELECT * FROM c': ['WITH c AS (SELECT 1) SELECT * FROM c'],
    "UPDATE t AS x SET a = m(u), b = b + 1 FROM s WHERE m(u) = 'c' AND s.i = x.i RETURNING a": [
      "SELECT m(u), b + 1, a FROM t AS x, s WHERE m(u) = 'c' AND s.i = x.i",
    ],
    'UPDATE t SET (a, b) = (m(u), DEFAULT)': ['SELECT (m(u), DEFAULT) FROM t'],
    "DELETE FROM t USING s WHERE m(t.u) = 'x' RETURNING u": ["SELECT u FROM t, s WHERE m(t.u) = 'x'"],
    'DELETE FROM t': ['SELECT 1 FROM t'],
    "COPY (SELECT m(u) FROM t) TO 'x.csv'": ['SELECT m(u) FROM t'],
    "COPY t TO 'x.csv'": [],
    'MERGE INTO t USING s ON t.i = s.i WHEN MATCHED AND s.k > 1 THEN UPDATE SET a = m(s.u) WHEN NOT MATCHED THEN INSERT (i, a) VALUES (s.i, m(s.u))':
      ['SELECT s.k > 1, m(s.u), s.i, m(s.u) FROM t FULL JOIN s ON t.i = s.i'],
  };
  for (const [sql, selects] of Object.entries(expected)) assert.deepEqual(selectsOf(sql), selects, sql);
});

test('the target of a write is found behind its modifiers', () => {
  const targetOf = (sql: string) => writeTarget(tokenize(sql), classify(tokenize(sql)).kind)?.parts;
  assert.deepEqual(targetOf('INSERT OR REPLACE INTO public."T" VALUES (1)'), ['public', 'T']);
  assert.deepEqual(targetOf('DELETE FROM t'), ['t']);
  assert.deepEqual(targetOf('UPDATE s.t SET a = 1'), ['s', 't']);
  assert.deepEqual(targetOf('ALTER TABLE IF EXISTS t ADD COLUMN a INT'), ['t']);
  assert.deepEqual(targetOf('TRUNCATE TABLE t'), ['t']);
});
