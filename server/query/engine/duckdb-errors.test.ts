import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { fromDuckDBError } from './duckdb-errors.ts';

test('errors of a real engine get their SQLSTATE and position', async () => {
  const instance = await DuckDBInstance.create(':memory:', { errors_as_json: 'true' });
  const connection = await instance.connect();
  await connection.run('CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR NOT NULL); INSERT INTO t VALUES (1, 1)');
  const cases: [sql: string, sqlState: string, position: number | undefined][] = [
    ['SELEC 1', '42601', 1],
    ["SELECT 'ü', nosuch FROM t", '42703', 13],
    ['SELECT * FROM nosuch', '42P01', 15],
    ['SELECT nosuch(1)', '42883', 8],
    ['SELECT a, count(*) FROM t', '42803', 8],
    ["SELECT 'x'::INT", '22P02', 11],
    ['SELECT 99999999999::INT', '22003', 19],
    ["INSERT INTO t VALUES (1, 'a')", '23505', undefined],
    ['INSERT INTO t VALUES (2, NULL)', '23502', undefined],
    ['CREATE TABLE t (a INT)', '42P07', undefined],
    ['DROP TABLE nosuch', '42P01', undefined],
    ['SELECT (SELECT i FROM range(3) r(i))', '21000', undefined],
    ["SELECT error('mine')", '22000', undefined],
  ];
  for (const [sql, sqlState, position] of cases) {
    const error = await connection.run(sql).then(
      () => assert.fail(sql),
      (thrown: unknown) => fromDuckDBError(thrown, { sql }),
    );
    assert.equal(error.sqlState, sqlState, `${sql}: ${error.message}`);
    assert.equal(error.position, position, sql);
    assert.doesNotMatch(error.message, /exception_type/);
  }
  connection.closeSync();
  instance.closeSync();
});

test('hints say what to do about the engine and never suggest what cannot be found', async () => {
  const instance = await DuckDBInstance.create(':memory:', { errors_as_json: 'true' });
  const connection = await instance.connect();
  await connection.run('CREATE SCHEMA public; CREATE SCHEMA other; CREATE TABLE other.kept (a INT)');
  await connection.run('SET enable_external_access = false');
  const errorOf = async (sql: string) => {
    const thrown = await connection.run(sql).then(
      () => assert.fail(sql),
      (error: unknown) => error,
    );
    return fromDuckDBError(thrown, { sql });
  };
  assert.match((await errorOf("SELECT ([{'class': 'a'}]).class")).hint ?? '', /\[1\]\.class/);
  assert.match((await errorOf("SELECT * FROM read_csv('x.csv')")).hint ?? '', /--allow-path/);
  assert.match((await errorOf('SELECT * FROM kept')).hint ?? '', /other\.kept/);
  connection.closeSync();
  instance.closeSync();
});

test('a dropped table is not suggested, and drafts of COPY and the plumbing of models are not named', () => {
  const errorOf = (type: string, message: string) =>
    fromDuckDBError(new Error(`${type} Error: ${message}`), { sql: '' });
  const dropped = errorOf(
    'Catalog',
    'Table with name photos does not exist!\nDid you mean "store.public.photos"?',
  );
  assert.match(dropped.hint ?? '', /^It was dropped/);
  const draft = 'Cannot open file "/a/.0e984725-c51c-4bf4-9960-e1c80e27aba0.part.x.csv": No such file';
  assert.equal(errorOf('IO', draft).message, 'Cannot open file "/a/x.csv": No such file');
  const call = 'array_extract(list_transform(list_value(image)), CAST(1 AS BIGINT))';
  const field = errorOf('Binder', `Cannot extract field 'class' from expression "${call}" because it is not`);
  assert.equal(field.message, "Cannot extract field 'class' from a model's result, which is not a struct");
});
