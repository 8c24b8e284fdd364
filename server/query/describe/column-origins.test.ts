import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTEGER } from '@duckdb/node-api';
import { tokenize } from '../text/tokens.ts';
import { type RelationOrigin, withOrigins } from './column-origins.ts';

const relations: Readonly<Record<string, RelationOrigin>> = {
  t: {
    oid: 100,
    attnums: new Map([
      ['id', 1],
      ['a', 2],
      ['b', 4],
    ]),
  },
  u: {
    oid: 200,
    attnums: new Map([
      ['id', 1],
      ['c', 2],
    ]),
  },
};

/** "table.attnum" per column, "-" for none. */
function origins(sql: string, names: string): string {
  const columns = names.split(' ').map((name) => ({ name, type: INTEGER }));
  const find = (schema: string | undefined, name: string) =>
    schema === undefined || schema === 'public' ? relations[name.toLowerCase()] : undefined;
  return withOrigins(tokenize(sql), columns, find)
    .map(({ origin }) => (origin === undefined ? '-' : `${origin.tableOid}.${origin.attnum}`))
    .join(' ');
}

const cases: readonly (readonly [sql: string, names: string, expected: string])[] = [
  ['SELECT id, a FROM t', 'id a', '100.1 100.2'],
  ['SELECT * FROM public.t WHERE a > 1', 'id a b', '100.1 100.2 100.4'],
  ['SELECT T.A AS x, b y, a + 1, count(*) FROM T GROUP BY 1', 'x y z count', '100.2 100.4 - -'],
  ['SELECT x.*, c FROM t AS x JOIN u ON (x.id = u.id) ORDER BY 1', 'id a b c', '100.1 100.2 100.4 200.2'],
  ['SELECT id, a, c FROM t, u', 'id a c', '- 100.2 200.2'],
  ['SELECT u.id, t.id FROM t LEFT JOIN u USING (id)', 'id id_1', '200.1 100.1'],
  ['SELECT a, x FROM t, (SELECT 1 AS x) s', 'a x', '- -'],
  ['SELECT t.a, x FROM t CROSS JOIN generate_series(1, 2) AS g(x)', 'a x', '100.2 -'],
  ['SELECT a FROM t UNION SELECT c FROM u', 'a', '-'],
  ['SELECT * EXCLUDE (id) FROM t', 'a b', '- -'],
  ['SELECT COLUMNS(*) FROM t', 'id a b', '- - -'],
  ['SELECT a FROM nowhere', 'a', '-'],
  ['SELECT a FROM t AS q(x, a, y)', 'a', '-'],
  ['FROM t SELECT a', 'a', '-'],
  ['WITH t AS (SELECT 1 AS a) SELECT a FROM t', 'a', '-'],
  ['SELECT "a" "b" FROM "t"', 'b', '100.2'],
  ['SELECT DISTINCT a FROM other.t', 'a', '-'],
  ['TABLE t', 'id a b', '100.1 100.2 100.4'],
  ['TABLE t UNION TABLE u', 'id a b', '- - -'],
  [
    "INSERT INTO t (id, a) VALUES (1, 'x') RETURNING *, a AS again",
    'id a b again',
    '100.1 100.2 100.4 100.2',
  ],
  ['INSERT INTO public.t AS x SELECT * FROM u RETURNING x.b, a || b', 'b ?column?', '100.4 -'],
  ['UPDATE t SET a = b WHERE id = 1 RETURNING t.a, id', 'a id', '100.2 100.1'],
  ['UPDATE t AS q SET a = 1 RETURNING q.*', 'id a b', '100.1 100.2 100.4'],
  ['UPDATE t SET a = c FROM u RETURNING a', 'a', '-'],
  ['DELETE FROM ONLY t q WHERE q.id = 1 RETURNING q.b', 'b', '100.4'],
  ['DELETE FROM t USING u WHERE t.id = u.id RETURNING b', 'b', '-'],
  ['DELETE FROM nowhere RETURNING a', 'a', '-'],
];

for (const [sql, names, expected] of cases) {
  test(sql, () => assert.equal(origins(sql, names), expected));
}
