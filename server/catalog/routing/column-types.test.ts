import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayItems, duckdbTypeOf, jsonValueOf } from './column-types.ts';

test('items of arrays: quotes, escapes, NULL, lower bounds, nothing', () => {
  assert.deepEqual(arrayItems('{}'), []);
  assert.deepEqual(arrayItems('{a,NULL,"NULL","",b c}'), ['a', null, 'NULL', '', 'b c']);
  assert.deepEqual(arrayItems('{"x,y","{z}","a\\"b\\\\c"}'), ['x,y', '{z}', 'a"b\\c']);
  assert.deepEqual(arrayItems('[0:1]={1,2}'), ['1', '2']);
  assert.deepEqual(arrayItems('{postgres=arwdDxt/postgres,=r/postgres}'), [
    'postgres=arwdDxt/postgres',
    '=r/postgres',
  ]);
});

test('what joins with integers is an integer, what is a name is text, vectors are lists', () => {
  assert.equal(duckdbTypeOf(26), 'BIGINT');
  assert.equal(duckdbTypeOf(2205), 'VARCHAR');
  assert.equal(duckdbTypeOf(19), 'VARCHAR');
  assert.equal(duckdbTypeOf(22), 'SMALLINT[]');
  assert.equal(duckdbTypeOf(1034), 'VARCHAR[]');
  assert.equal(duckdbTypeOf(99_999), 'VARCHAR');
  assert.deepEqual(jsonValueOf(22, '1 -2 3'), ['1', '-2', '3']);
  assert.deepEqual(jsonValueOf(30, ''), []);
  assert.deepEqual(jsonValueOf(1000, '{t,f,NULL}'), ['true', 'false', null]);
  assert.equal(jsonValueOf(16, 't'), 'true');
  assert.equal(jsonValueOf(25, null), null);
});
