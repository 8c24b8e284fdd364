/** Rules: what they leave alone, that parts of a statement may be read twice, and where positions lead back to. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { classify } from '../text/statements.ts';
import { tokenize } from '../text/tokens.ts';
import { resultNames, translate } from './index.ts';
import { formatNumber } from './number-templates.ts';
import { similarToRegular } from './rules/like-escape.ts';
import { formatText } from './text-format.ts';

const translated = (sql: string) => {
  const tokens = tokenize(sql);
  return translate(sql, tokens, classify(tokens));
};

/** Every statement of the pg_compat files. */
function* statements(): Generator<string> {
  const room = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../sql-tests');
  for (const file of readdirSync(room).filter((name) => name.startsWith('pg_compat_'))) {
    for (const record of readFileSync(path.join(room, file), 'utf8').split(/\n\n+/)) {
      const lines = record.split('\n');
      const at = lines.findIndex((line) => /^(statement|query) /.test(line));
      const sql = lines[at + 1];
      if (at >= 0 && sql !== undefined) yield sql;
    }
  }
}

test('what has been translated stays as it is', () => {
  let count = 0;
  for (const sql of statements()) {
    let once: string;
    try {
      once = translated(sql).text;
    } catch {
      continue;
    }
    // Several statements for one: those are checked, but never read as one again.
    if (once.includes(';\n')) continue;
    count++;
    // Keywords that rules write may change their case.
    assert.equal(translated(once).text.toLowerCase(), once.toLowerCase(), sql);
  }
  assert.ok(count > 300, `${count} statements`);
});

test("DuckDB's own syntax is left alone", () => {
  for (const sql of [
    'from t select a',
    'select * exclude (a) replace (b + 1 as b) from t',
    'select columns(c -> c <> 1) from t',
    'select list_transform([1, 2], lambda x: x + 1), [y * 2 for y in [1, 2]]',
    "select {'a': 1}.a, map {'k': 1}['k']",
    "select '~ # ?', \"a~b\", $$ -> 'x' $$ /* ~ ? */ -- 'a' ~ 'b'",
    'select list_sum(generate_series(1, 3))',
    "select format('{} is {}', 1, 2)",
    'select a from t qualify row_number() over (order by a) = 1',
    'select x from t order by all',
    'select count(*) as n from (select 1 as a union by name select 2 as b)',
    'select a.b.c from t a',
    "select interval 3 day + '1 day'::interval",
  ]) {
    assert.equal(translated(sql).text, sql);
  }
});

test('positions lead back to what was typed', () => {
  for (const sql of [
    "SELECT 'a' ~ 'b', nothing FROM (SELECT count(*) FROM t) s",
    "SELECT '{1,2}'::int[], E'\\u00e4', nothing",
    "SELECT FOO, BAR, 'x' ~ 'y', nothing FROM (VALUES (1)) v",
    "SELECT to_char(d, 'Day'), nothing FROM t FOR UPDATE",
  ]) {
    const { text, original } = translated(sql);
    assert.notEqual(text, sql);
    assert.equal(original(text.indexOf('nothing') + 1), sql.indexOf('nothing') + 1, text);
    assert.equal(original(1), 1);
  }
});

test('names that nobody can know stay', () => {
  const names = (sql: string, ...given: string[]) => {
    const tokens = tokenize(sql);
    return resultNames(tokens, classify(tokens), given);
  };
  assert.deepEqual(names('SELECT count(*), t.*, 1 FROM t', 'x', 'a', 'b', 'y'), [
    'count',
    'a',
    'b',
    '?column?',
  ]);
  assert.deepEqual(names('SELECT 1, a.*, 2, b.*, 3 FROM a, b', '1', 'p', '2', 'q', '3'), [
    '?column?',
    'p',
    '2',
    'q',
    '?column?',
  ]);
  assert.deepEqual(names('FROM t SELECT max(a)', 'max(a)'), ['max(a)']);
  assert.deepEqual(names('SELECT unnest(s) FROM t', 'a', 'b'), ['a', 'b']);
});

test('long statements take linear time', () => {
  const list = Array.from({ length: 60_000 }, (_, at) => `f(${at}) + "A"`).join(', ');
  const nested = `${'SELECT * FROM ('.repeat(2_000)}SELECT count(*)${') s'.repeat(2_000)}`;
  const series = Array.from({ length: 10_000 }, (_, at) => `generate_series(1, ${at}) AS g${at}`).join(', ');
  for (const sql of [
    `SELECT * FROM ${series}`,
    `SELECT ${list} FROM T`,
    `SELECT * FROM (SELECT ${list}) s`,
    nested,
  ]) {
    assert.ok(translated(sql).text.length >= sql.length);
  }
});

// Expected values from PostgreSQL 15.
test('templates of numbers', () => {
  const cases: [number: string, template: string, text: string][] = [
    ['1234.5', '9,999.99', ' 1,234.50'],
    ['-5', '999', '  -5'],
    ['0.5', '0.00', ' 0.50'],
    ['1234567', 'FM9,999,999', '1,234,567'],
    ['-1234', '9999MI', '1234-'],
    ['485', 'RN', '        CDLXXXV'],
    ['12345678', '99999', ' #####'],
    ['1e3', 'FM99999', '1000'],
  ];
  for (const [number, template, text] of cases) assert.equal(formatNumber(number, template), text, template);
});

test('patterns and formats', () => {
  assert.equal(similarToRegular('%(a|b)_c.', '\\'), '(?s).*(a|b).c\\.');
  assert.equal(similarToRegular('a#%[^.]', '#'), '(?s)a\\%[^.]');
  assert.equal(formatText('%2$s %1$-4s|%I %L%%', ['a', 'b', 'C d']), "b a   |b 'C d'%");
  assert.throws(() => formatText('%s %s', ['a']), /too few arguments/);
});

test('drivers cast to types by the names that the catalog has', () => {
  for (const [sql, expected] of [
    ['select quote_literal($1::"pg_catalog"."int4")', 'select quote_literal($1::"int4")'],
    [
      'select $1::pg_catalog._text, cast($2 as "pg_catalog"."_int8")',
      'select $1::text[], cast($2 as int8[])',
    ],
    ['select 1 as _int4, _text from t', 'select 1 as _int4, _text from t'],
  ] as const) {
    assert.equal(translated(sql).text, expected);
  }
});
