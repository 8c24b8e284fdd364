import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from './statements.ts';
import { tokenize } from './tokens.ts';

const kindOf = (sql: string) => {
  const statement = classify(tokenize(sql));
  return 'verb' in statement ? statement.verb : statement.kind;
};

test('statements are told apart by their keywords', () => {
  const expected: Record<string, string> = {
    'SELECT 1': 'query',
    'FROM t': 'query',
    'VALUES (1)': 'query',
    '(SELECT 1) UNION SELECT 2': 'query',
    'WITH a AS (SELECT 1), b(x) AS MATERIALIZED (SELECT 2) SELECT * FROM a, b': 'query',
    'WITH RECURSIVE a(n) AS (SELECT 1) INSERT INTO t SELECT * FROM a': 'insert',
    'WITH a AS (SELECT 1) UPDATE t SET x = 1': 'update',
    'DELETE FROM t': 'delete',
    'MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE': 'merge',
    'CREATE OR REPLACE TEMP TABLE t AS SELECT 1': 'create-table-as',
    "CREATE TABLE t (a INT, b TEXT DEFAULT ('as'))": 'ddl',
    'CREATE VIEW v AS SELECT 1': 'ddl',
    "CREATE OR REPLACE MODEL m FROM 'x'": 'create-model',
    'CREATE EXTERNAL TABLE t OPTIONS ()': 'create-image-table',
    'DROP MODEL m': 'drop-model',
    'DROP FOREIGN TABLE t': 'drop-image-table',
    'REFRESH TABLE t': 'refresh-table',
    'SHOW MODELS': 'show-models',
    'SHOW NAMED MODELS': 'show-named-models',
    'SHOW TABLES': 'show-engine',
    'SHOW search_path': 'show',
    'DESCRIBE MODEL m': 'describe-model',
    'DESC MODEL m VERSION 2': 'describe-model',
    'SHOW MODEL VERSIONS m': 'show-model-versions',
    'ALTER MODEL m SET DEFAULT_VERSION = 2': 'alter-model',
    'DESCRIBE t': 'show-engine',
    "SELECT register_keras_udf('a', 'b')": 'register-keras-udf',
    BEGIN: 'begin',
    'START TRANSACTION': 'begin',
    END: 'commit',
    'ROLLBACK TO x': 'rollback-to',
    'ROLLBACK WORK TO SAVEPOINT x': 'rollback-to',
    "COMMIT PREPARED 'x'": 'two-phase',
    'SELECT pg_advisory_lock(1)': 'session-call',
    'SELECT pg_advisory_lock(1) FROM t': 'query',
    VACUUM: 'upkeep',
    'GRANT SELECT ON t TO u': 'unsupported',
    ABORT: 'rollback',
    'EXPLAIN ANALYZE SELECT 1': 'explain',
    "COPY t TO 'x'": 'copy',
    "ATTACH 'x'": 'refused',
    'SELECT 1 INTO t': 'create-table-as',
    'CREATE SECRET s (TYPE s3)': 'refused',
    'DROP DATABASE x': 'unsupported',
    'UPDATE EXTENSIONS': 'refused',
    'CLOSE ALL': 'close',
  };
  for (const [sql, kind] of Object.entries(expected)) assert.equal(kindOf(sql), kind, sql);
});

test('EXPLAIN knows whether it runs the statement', () => {
  assert.deepEqual(classify(tokenize('EXPLAIN SELECT 1')), { kind: 'explain', analyze: false });
  assert.deepEqual(classify(tokenize('EXPLAIN ANALYZE SELECT 1')), { kind: 'explain', analyze: true });
});
