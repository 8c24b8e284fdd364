import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DuckDBInstance, type DuckDBType } from '@duckdb/node-api';
import { vectorMemory } from '../../query/run/vector-memory.ts';
import { ByteSink } from '../codec/byte-sink.ts';
import { binaryEncoder } from './binary.ts';
import { putBinary, putText } from './from-memory.ts';
import { textEncoder } from './text.ts';
import { TimeZone } from './time-zone.ts';

const instance = await DuckDBInstance.create(':memory:');
const settings = { timeZone: new TimeZone('America/St_Johns') };

/** Every value of a query's only column, from memory and by value: the same bytes, and NULL where NULL is. */
async function compare(sql: string): Promise<number> {
  const connection = await instance.connect();
  try {
    const result = await connection.stream(sql);
    const type: DuckDBType = result.columnType(0);
    let count = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return count;
      const memory = vectorMemory(chunk, 0, type, chunk.rowCount);
      assert.ok(memory !== undefined, `no memory for ${type}`);
      const vector = chunk.getColumnVector(0);
      const text = putText(type, memory, settings);
      const binary = putBinary(type, memory);
      assert.ok(text !== undefined && binary !== undefined);
      const encodeText = textEncoder(type, settings);
      const encodeBinary = binaryEncoder(type, settings);
      for (let row = 0; row < chunk.rowCount; row++) {
        const value = vector.getItem(row);
        const valid: boolean | number =
          memory.validity === undefined || ((memory.validity[row >> 3] ?? 0) >> (row & 7)) & 1;
        assert.equal(value !== null, Boolean(valid), `${sql}, row ${row}`);
        if (value === null) continue;
        const sink = new ByteSink(16);
        text(row, sink);
        assert.equal(sink.take(16).toString(), encodeText(value), `${sql}, row ${row}`);
        const expected = bytesOrError(() => encodeBinary(value));
        const given = bytesOrError(() => {
          binary(row, sink);
          return sink.take(16);
        });
        assert.equal(given, expected, `${sql}, row ${row}, binary`);
        count++;
      }
    }
  } finally {
    connection.closeSync();
  }
}

function bytesOrError(work: () => Buffer): string {
  try {
    return work().toString('hex');
  } catch (error) {
    return String(error);
  }
}

const EDGES: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ['true', 'false'],
  TINYINT: ['-128', '127', '0'],
  UTINYINT: ['0', '255'],
  SMALLINT: ['-32768', '32767', '9', '10', '99', '100'],
  USMALLINT: ['0', '65535'],
  INTEGER: ['-2147483648', '2147483647', '0', '-1', '999999999', '1000000000', '-1000000000'],
  UINTEGER: ['0', '4294967295', '2147483648'],
  BIGINT: [
    "'-9223372036854775808'",
    "'9223372036854775807'",
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '-9007199254740991',
    '-9007199254740993',
    '4294967296',
    '999999999',
    '1000000000',
    '1000000001',
    '-5',
  ],
  FLOAT: ["'nan'", "'inf'", "'-inf'", "'-0'", '0', '1.5', '1e-45', '3.4028235e38', '0.1', '16777216'],
  DOUBLE: [
    "'nan'",
    "'inf'",
    "'-inf'",
    "'-0'",
    '0',
    '1e15',
    '999999999999999',
    '999999999999999.9',
    '1e-4',
    '0.00009999',
    '0.0001234',
    '0.1',
    '-0.1',
    '-12345.6789',
    '12345.67891',
    '5e-324',
    '1.7976931348623157e308',
    '18014398509481984',
    '99999999999.9999',
    '100000000000.5',
    '0.30000000000000004',
    '2.5',
    '1234567.0001',
  ],
  DATE: [
    "'infinity'",
    "'-infinity'",
    "'0001-01-01'",
    "'0001-12-31 (BC)'",
    "'9999-12-31'",
    "'10000-01-01'",
    "'1970-01-01'",
    "'2000-02-29'",
    "'1900-03-01'",
    "'5877642-06-25 (BC)'",
    "'5881580-07-10'",
  ],
  TIMESTAMP: [
    "'infinity'",
    "'-infinity'",
    "'0001-01-01 00:00:00'",
    "'1684-01-01 00:00:00.000001'",
    "'1969-12-31 23:59:59.999999'",
    "'1970-01-01 00:00:00'",
    "'2024-02-29 12:34:56.5'",
    "'2255-06-05 23:47:34.740993'",
    "'9999-12-31 23:59:59.999999'",
    "'290309-12-22 (BC) 00:00:00'",
  ],
  TIMESTAMPTZ: ["'infinity'", "'1900-01-01 00:00:00+00'", "'2024-07-01 00:00:00.25+00'"],
  VARCHAR: [
    "''",
    "'a'",
    "'twelve bytes'",
    "'thirteen byte'",
    "'ä€😀'",
    "'ä€😀ä€😀ä€😀'",
    "repeat('x', 63)",
    "repeat('y', 65)",
    "repeat('ü', 100000)",
    "'a' || chr(0) || 'b'",
  ],
};

describe('values from memory', () => {
  for (const [type, values] of Object.entries(EDGES)) {
    it(`${type}: its edges, and NULL among them`, async () => {
      const rows = values.map((value) => `(CAST(${value} AS ${type})), (NULL)`).join(', ');
      assert.equal(await compare(`SELECT v FROM (VALUES ${rows}) AS t(v)`), values.length);
    });
  }

  it('every day of the years 1 to 9999, and some around', { timeout: 60_000 }, async () => {
    const count = await compare(
      "SELECT DATE '0001-01-01' + (i - 500)::INTEGER FROM range(3653059) t(i) WHERE i < 160000 OR i % 17 = 0 OR i > 3652000",
    );
    assert.ok(count > 300_000);
  });

  it('random bits', async () => {
    const random = (bits: number): string => `hash(i + 77) % ${2n ** BigInt(bits)}`;
    const counts = [
      await compare(`SELECT (${random(32)})::BIGINT - 2147483648 FROM range(20000) t(i)`),
      await compare(`SELECT ((${random(32)})::BIGINT - 2147483648)::INTEGER FROM range(20000) t(i)`),
      await compare(`SELECT ((${random(22)})::BIGINT - 2097152)::INTEGER FROM range(20000) t(i)`),
      await compare(`SELECT DATE '1970-01-01' + ((${random(22)})::INTEGER - 2097152) FROM range(20000) t(i)`),
      await compare(
        `SELECT make_timestamp((${random(59)})::BIGINT - 288230376151711744) FROM range(20000) t(i)`,
      ),
      await compare(
        `SELECT make_timestamp((${random(52)})::BIGINT - 2251799813685248) FROM range(20000) t(i)`,
      ),
      await compare(`SELECT sqrt((${random(50)})::DOUBLE) FROM range(20000) t(i)`),
      await compare(
        `SELECT ((${random(40)})::BIGINT - 549755813888) / 10000.0::DOUBLE FROM range(20000) t(i)`,
      ),
      await compare(
        `SELECT pow(10.0::DOUBLE, (${random(9)})::INTEGER - 256) * (i + 1) FROM range(20000) t(i)`,
      ),
      await compare(`SELECT sin(i)::FLOAT * pow(10, i % 60 - 30)::FLOAT FROM range(20000) t(i)`),
    ];
    assert.deepEqual(
      counts,
      counts.map(() => 20_000),
    );
  });

  it('long strings in any order: fresh, from a dictionary, from a file, few among NULLs', async () => {
    const connection = await instance.connect();
    await connection.run(`CREATE TABLE strings AS
      SELECT i, CASE WHEN i % 5 = 0 THEN NULL ELSE 'this is the string number ' || (hash(i) % 5000) END AS few,
             repeat('lorem ipsum ', (hash(i) % 40)::INTEGER) AS long FROM range(30000) t(i)`);
    connection.closeSync();
    assert.equal(await compare('SELECT few FROM strings'), 24_000);
    assert.equal(await compare('SELECT long FROM strings'), 30_000);
    assert.equal(await compare('SELECT long FROM strings ORDER BY hash(i)'), 30_000);
    assert.equal(await compare("SELECT few || 'x' FROM strings ORDER BY hash(i)"), 24_000);
    assert.equal(await compare('SELECT a.few FROM strings a JOIN strings b ON a.i = 29999 - b.i'), 24_000);
    assert.equal(await compare('SELECT max(long) FROM strings GROUP BY i % 3000'), 3000);
  });

  it('reads by what the memory is, not by what was described', async () => {
    const connection = await instance.connect();
    const chunk = await (await connection.stream('SELECT 1::BIGINT')).fetchChunk();
    const other = (await connection.stream("SELECT 'x'")).columnType(0);
    assert.ok(chunk !== null);
    assert.equal(vectorMemory(chunk, 0, other, 1), undefined);
    connection.closeSync();
  });
});
