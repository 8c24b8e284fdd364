import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DIALECT_MACROS } from '../dialect/index.ts';
import { Definitions } from './definitions.ts';

describe('definitions', () => {
  it('count', () => {
    const definitions = new Definitions();
    const seen = new Set([definitions.version]);
    definitions.began('CREATE TABLE t (a INTEGER)');
    seen.add(definitions.version);
    definitions.changed();
    seen.add(definitions.version);
    assert.equal(seen.size, 3);
  });

  for (const text of [
    "SELECT * FROM glob('*.csv')",
    "SELECT * FROM read_csv('x')",
    "SELECT * FROM 'x.csv'",
    "SELECT * FROM t JOIN 'folder/x'",
    'SELECT * FROM t, "x.parquet"',
    "SELECT getvariable('x')",
    'SELECT * FROM duckdb_tables()',
  ]) {
    it(`know that planning fixes ${text}`, () => {
      assert.equal(new Definitions().lastsWhilePlanned(text), false);
      const definitions = new Definitions();
      definitions.began(`CREATE VIEW v AS ${text}`);
      assert.equal(definitions.lastsWhilePlanned('SELECT * FROM v'), false);
    });
  }

  it('let everything else be kept, with our own macros there', () => {
    const definitions = new Definitions();
    for (const macro of DIALECT_MACROS) definitions.began(`CREATE MACRO ${macro}`);
    for (const text of ['SELECT * FROM t WHERE a = $1', "SELECT 'from', count(*) FROM scans"]) {
      assert.equal(definitions.lastsWhilePlanned(text), true, text);
    }
  });
});
