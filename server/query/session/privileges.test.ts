import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { classify } from '../text/statements.ts';
import { tokenize } from '../text/tokens.ts';
import { checkPrivileges } from './privileges.ts';

/** What an analyst is told; undefined when the statement may run. */
function refusal(sql: string): string | undefined {
  const tokens = tokenize(sql);
  checkPrivileges('admin', tokens, classify(tokens));
  try {
    checkPrivileges('analyst', tokens, classify(tokens));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SqlensError, sql);
    assert.equal(error.sqlState, SqlState.insufficientPrivilege, sql);
    assert.notEqual(error.hint, undefined, sql);
    return error.message;
  }
}

describe('an analyst', () => {
  const allowed = [
    'SELECT moderate(image) FROM photos',
    'WITH insert AS (SELECT 1) SELECT * FROM insert',
    '(SELECT 1) UNION (SELECT 2)',
    "VALUES ('insert into t')",
    'TABLE t',
    'FROM t',
    'SELECT nextval FROM t',
    "SELECT 'nextval(1)'",
    'EXPLAIN SELECT 1',
    'EXPLAIN (ANALYZE) SELECT f(x) FROM t',
    'EXPLAIN ANALYZE (SELECT 1)',
    'DESCRIBE t',
    'SUMMARIZE t',
    'SHOW TABLES',
    'SHOW MODELS',
    'SHOW NAMED MODELS',
    'DESCRIBE MODEL m',
    "SET statement_timeout = '1s'",
    'SHOW ALL',
    'RESET ALL',
    'DISCARD ALL',
    'BEGIN',
    'COMMIT',
    'ROLLBACK',
    'PREPARE p AS SELECT $1',
    'PREPARE p (int) AS SELECT $1',
    'EXECUTE p(1)',
    'DEALLOCATE p',
    'DECLARE c CURSOR FOR SELECT 1',
    'FETCH ALL FROM c',
    'LISTEN news',
    "NOTIFY news, 'x'",
    'LOCK TABLE t IN ACCESS SHARE MODE',
    'ANALYZE',
    'SAVEPOINT s',
    'COPY t TO STDOUT',
    'COPY t (a, b) TO STDOUT (FORMAT csv)',
    'SHOW MODEL VERSIONS m',
    'DESCRIBE MODEL m VERSION 1',
    'COPY (SELECT * FROM t) TO stdout',
    'COPY (WITH x AS (SELECT 1) SELECT * FROM x) TO STDOUT WITH (FORMAT binary)',
  ];
  for (const sql of allowed) test(`may ${sql}`, () => assert.equal(refusal(sql), undefined));

  const refused: readonly (readonly [sql: string, message: string])[] = [
    ['INSERT INTO t VALUES (1)', 'permission denied for table t'],
    ['INSERT INTO public.t (a) SELECT 1', 'permission denied for table t'],
    ['INSERT INTO "My Table" VALUES (1)', 'permission denied for table My Table'],
    ['WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x', 'permission denied for table t'],
    ['WITH update AS (SELECT 1) DELETE FROM t', 'permission denied for table t'],
    ['UPDATE t SET a = 1', 'permission denied for table t'],
    ['UPDATE ONLY s.t SET a = 1', 'permission denied for table t'],
    ['/* read */ DELETE FROM t -- only', 'permission denied for table t'],
    ['MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE', 'permission denied for table t'],
    ['TRUNCATE t', 'permission denied for table t'],
    ['TRUNCATE TABLE ONLY t', 'permission denied for table t'],
    ['CREATE TABLE t (a int)', 'permission denied for schema public'],
    ['CREATE TABLE other.t (a int)', 'permission denied for schema other'],
    ['CREATE OR REPLACE TABLE t AS SELECT 1', 'permission denied for schema public'],
    ['CREATE TEMP TABLE t AS SELECT 1', 'permission denied to create temporary tables in database "sqlens"'],
    ['CREATE TEMPORARY TABLE t (a int)', 'permission denied to create temporary tables in database "sqlens"'],
    ['SELECT a INTO u FROM t', 'permission denied for schema public'],
    ['SELECT a INTO s.u FROM t', 'permission denied for schema s'],
    ['CREATE VIEW v AS SELECT 1', 'permission denied for schema public'],
    ['CREATE OR REPLACE MACRO f(x) AS x', 'permission denied for schema public'],
    ['CREATE FUNCTION f(x) AS x', 'permission denied for schema public'],
    ['CREATE SEQUENCE s', 'permission denied for schema public'],
    ["CREATE TYPE mood AS ENUM ('a')", 'permission denied for schema public'],
    ['CREATE SCHEMA s', 'permission denied for database sqlens'],
    ['CREATE UNIQUE INDEX i ON t (a)', 'must be owner of table t'],
    ['ALTER TABLE t ADD COLUMN b int', 'must be owner of table t'],
    ['ALTER TABLE IF EXISTS s.t RENAME TO u', 'must be owner of table t'],
    ['DROP TABLE IF EXISTS t', 'must be owner of table t'],
    ['DROP VIEW v', 'must be owner of view v'],
    ['DROP MACRO f', 'must be owner of function f'],
    ["COMMENT ON TABLE t IS 'x'", 'must be owner of table t'],
    ["COMMENT ON COLUMN s.t.a IS 'x'", 'must be owner of table t'],
    ['COPY t FROM STDIN', 'permission denied for table t'],
    ['COPY s.t (a) FROM stdin (FORMAT csv)', 'permission denied for table t'],
    ["COPY t FROM '/f.csv'", 'permission denied to COPY from a file'],
    ["COPY t TO '/f.csv'", 'permission denied to COPY to a file'],
    ['COPY t TO "stdout"', 'permission denied to COPY to a file'],
    ["COPY (SELECT ' TO STDOUT') TO '/f.csv'", 'permission denied to COPY to a file'],
    ['COPY (DELETE FROM t RETURNING *) TO STDOUT', 'permission denied for table t'],
    ['EXPLAIN ANALYZE INSERT INTO t VALUES (1)', 'permission denied for table t'],
    ['EXPLAIN (ANALYZE, FORMAT json) DELETE FROM t', 'permission denied for table t'],
    ['EXPLAIN UPDATE t SET a = 1', 'permission denied for table t'],
    ['EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1', 'permission denied for schema public'],
    ['PREPARE p AS INSERT INTO t VALUES ($1)', 'permission denied for table t'],
    ['PREPARE p (int) AS DELETE FROM t', 'permission denied for table t'],
    ["CREATE MODEL m FROM 'm.h5'", 'permission denied for schema public'],
    ["CREATE OR REPLACE MODEL m FROM 'm.h5'", 'permission denied for schema public'],
    ["SELECT register_keras_udf('m', 'm.h5')", 'permission denied for schema public'],
    ['DROP MODEL IF EXISTS m', 'must be owner of model m'],
    ['ALTER MODEL m SET DEFAULT_VERSION = 1', 'must be owner of model m'],
    ['ALTER MODEL IF EXISTS "M 1" SET DEFAULT_VERSION = 1', 'must be owner of model M 1'],
    ['DROP MODEL m VERSION 1', 'must be owner of model m'],
    ['CREATE MODEL m FROM MODEL n VERSION 1', 'permission denied for schema public'],
    ["CREATE EXTERNAL TABLE i OPTIONS (format = 'image')", 'permission denied for schema public'],
    ['DROP EXTERNAL TABLE IF EXISTS i', 'must be owner of foreign table i'],
    ['REFRESH TABLE i', 'must be owner of table i'],
    ["SELECT nextval('s')", 'permission denied for sequence s'],
    ["SELECT setval('s', 1)", 'permission denied for sequence s'],
    ['LOCK TABLE t', 'permission denied for table t'],
    ['LOCK s.t IN EXCLUSIVE MODE', 'permission denied for table t'],
    ['LOCK TABLE ONLY t IN ROW SHARE MODE', 'permission denied for table t'],
    [`SELECT "nextval" ('s')`, 'permission denied for sequence s'],
    ["EXECUTE p(main.NextVal('s'))", 'permission denied for sequence s'],
  ];
  for (const [sql, message] of refused) test(`may not ${sql}`, () => assert.equal(refusal(sql), message));
});
