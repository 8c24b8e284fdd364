import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { RowBatch } from '../../api.ts';
import type { Batch } from './batches.ts';
import { RowStore } from './row-store.ts';

/** More than a store keeps in memory. */
const LONG = 'x'.repeat(3 * 2 ** 20);

function columnsOf(batch: Batch | undefined): RowBatch['columns'] {
  assert.ok(batch !== undefined && 'columns' in batch);
  return batch.columns;
}

test('every type comes back from the table as it went in', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const described = await connection.runAndReadAll(
    `SELECT column_name FROM (DESCRIBE FROM test_all_types()) WHERE column_name NOT IN ('bignum', 'variant', 'geometry')`,
  );
  const names = described.getRows().map(([name]) => `"${name}"`);
  const reader = await connection.runAndReadAll(
    `SELECT ${names.join(', ')}, '${LONG}' AS filler FROM test_all_types()`,
  );
  const columns = reader.columnNames().map((name, at) => ({ name, type: reader.columnType(at) }));
  const store = new RowStore({ columns, connect: () => instance.connect(), spills: true });
  const values = reader.getColumns();
  await store.append({ rowCount: reader.currentRowCount, columns: values });
  assert.equal(store.isSmall, false);
  const kept = columnsOf(await store.read(0, 100));
  columns.forEach(({ name, type }, at) => {
    assert.deepEqual(kept[at], values[at], `${name} ${type}`);
  });
  store.close();
  connection.closeSync();
  instance.closeSync();
});

test('rows are read from anywhere, forward and backward, in memory and from the table', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const types = (await connection.runAndReadAll("SELECT 1 AS i, 'a' AS t")).columnTypes();
  const columns = types.map((type, at) => ({ name: `c${at}`, type }));
  for (const filler of ['short', 'y'.repeat(2000)]) {
    const store = new RowStore({ columns, connect: () => instance.connect(), spills: true });
    for (let first = 0; first < 5000; first += 700) {
      const rows = Array.from({ length: Math.min(700, 5000 - first) }, (_, at) => first + at);
      await store.append({ rowCount: rows.length, columns: [rows, rows.map(() => filler)] });
    }
    assert.equal(store.rowCount, 5000);
    assert.equal(store.isSmall, filler === 'short');
    let seen: unknown[] = [];
    for (let at = 4321; at < 5000; ) {
      const [numbers = []] = columnsOf(await store.read(at, 5000));
      seen.push(...numbers);
      at += numbers.length;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 679 }, (_, at) => 4321 + at),
    );
    seen = [];
    for (let before = 1500; before > 0; ) {
      const [numbers = []] = columnsOf(await store.readBackward(before, 5000));
      seen.push(...numbers);
      before -= numbers.length;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 1500 }, (_, at) => 1499 - at),
    );
    assert.equal(await store.read(5000, 1), undefined);
    assert.equal(await store.readBackward(0, 1), undefined);
    store.close();
  }
  connection.closeSync();
  instance.closeSync();
});
