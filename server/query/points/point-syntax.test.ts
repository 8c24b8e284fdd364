import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokenize } from '../text/tokens.ts';
import { pointSelect } from './point-syntax.ts';

const read = (sql: string) => pointSelect(tokenize(sql));

describe('point SELECTs', () => {
  it('are columns of a table by a whole number', () => {
    assert.deepEqual(read('SELECT Id, "Name" FROM public.T WHERE id = 42'), {
      schema: 'public',
      table: 't',
      columns: ['id', 'Name'],
      keyColumn: 'id',
      key: { literal: 42 },
    });
    assert.deepEqual(read('select * from t where id=$2'), {
      schema: undefined,
      table: 't',
      columns: undefined,
      keyColumn: 'id',
      key: { parameter: 1 },
    });
  });

  for (const sql of [
    'SELECT * FROM t WHERE id = 1 AND x = 2',
    'SELECT * FROM t WHERE id = 1.5',
    'SELECT * FROM t WHERE id = 1e3',
    'SELECT * FROM t WHERE id = -1',
    'SELECT * FROM t WHERE id = 1::bigint',
    'SELECT * FROM t WHERE id = 1 LIMIT 0',
    'SELECT * FROM t WHERE id = 12345678901234567890',
    "SELECT * FROM t WHERE id = '1'",
    'SELECT * FROM t WHERE t.id = 1',
    'SELECT * FROM t u WHERE id = 1',
    'SELECT * FROM a.b.t WHERE id = 1',
    'SELECT * FROM t. WHERE id = 1',
    'SELECT * FROM t, u WHERE id = 1',
    'SELECT * FROM range(3) WHERE id = 1',
    'SELECT *, id FROM t WHERE id = 1',
    'SELECT id AS x FROM t WHERE id = 1',
    'SELECT count(*) FROM t WHERE id = 1',
    'SELECT current_date FROM t WHERE id = 1',
    'SELECT DISTINCT id FROM t WHERE id = 1',
    'SELECT rowid FROM t WHERE id = 1',
    'SELECT id, FROM t WHERE id = 1',
    'SELECT FROM t WHERE id = 1',
    'SELECT id FROM t WHERE id > 1',
    'SELECT id FROM t WHERE id = $name',
    'FROM t WHERE id = 1',
  ]) {
    it(`not ${sql}`, () => assert.equal(read(sql), undefined));
  }
});
