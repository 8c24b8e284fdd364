/** Text and binary formats against what a real PostgreSQL prints and sends (fixtures/postgres-text.json). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  DOUBLE,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  FLOAT,
} from '@duckdb/node-api';
import { binaryEncoder } from './binary.ts';
import { decodeParameter } from './decode.ts';
import { postgresCases } from './fixtures/postgres-cases.ts';
import { pgTypeOf } from './pg-type.ts';
import { textEncoder } from './text.ts';
import { TimeZone } from './time-zone.ts';

interface Expected {
  readonly duckdb: string;
  readonly timeZone: string;
  readonly oid: number;
  readonly text: string;
  readonly binary: string;
}

const fixture: {
  readonly cases: readonly Expected[];
  readonly float4: readonly (readonly [string, string])[];
  readonly float8: readonly (readonly [string, string])[];
} = JSON.parse(readFileSync(new URL('fixtures/postgres-text.json', import.meta.url), 'utf8'));

let connection: DuckDBConnection;

before(async () => {
  const instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});

after(() => connection.closeSync());

async function evaluate(expression: string): Promise<{ value: DuckDBValue; type: DuckDBType }> {
  const result = await connection.run(`SELECT ${expression} AS v`);
  const rows = await result.getRows();
  return { value: rows[0]?.[0] ?? null, type: result.columnType(0) };
}

test('the fixture has every case', () => {
  assert.deepEqual(
    fixture.cases.map(({ duckdb }) => duckdb),
    postgresCases.map(({ duckdb }) => duckdb),
  );
});

describe('as PostgreSQL writes it', () => {
  for (const { duckdb, timeZone, oid, text, binary } of fixture.cases) {
    test(`${duckdb} (${timeZone})`, async () => {
      const settings = { timeZone: new TimeZone(timeZone) };
      const { value, type } = await evaluate(duckdb);
      assert.equal(pgTypeOf(type).oid, oid);
      assert.equal(textEncoder(type, settings)(value), text);
      assert.equal(binaryEncoder(type, settings)(value).toString('hex'), binary);
    });
  }
});

describe('and reads it back as a parameter', () => {
  for (const { duckdb, timeZone, oid, text, binary } of fixture.cases) {
    test(`${duckdb} (${timeZone})`, () => {
      const settings = { timeZone: new TimeZone(timeZone) };
      const source = { declaredOid: oid, resolvedType: undefined };
      const fromText = decodeParameter({ ...source, format: 'text', bytes: Buffer.from(text) }, settings);
      assert.ok(fromText.type !== undefined);
      assert.equal(textEncoder(fromText.type, settings)(fromText.value), text);
      const fromBinary = decodeParameter(
        { ...source, format: 'binary', bytes: Buffer.from(binary, 'hex') },
        settings,
      );
      assert.ok(fromBinary.type !== undefined);
      assert.equal(binaryEncoder(fromBinary.type, settings)(fromBinary.value).toString('hex'), binary);
      assert.equal(textEncoder(fromBinary.type, settings)(fromBinary.value), text);
    });
  }
});

test('float4 digits', () => {
  const encode = textEncoder(FLOAT, { timeZone: new TimeZone('UTC') });
  assert.ok(fixture.float4.length > 400);
  for (const [bits, text] of fixture.float4) {
    assert.equal(encode(Buffer.from(bits, 'hex').readFloatBE()), text, bits);
  }
});

test('float8 digits', () => {
  const encode = textEncoder(DOUBLE, { timeZone: new TimeZone('UTC') });
  assert.ok(fixture.float8.length > 300);
  for (const [bits, text] of fixture.float8) {
    assert.equal(encode(Buffer.from(bits, 'hex').readDoubleBE()), text, bits);
  }
});
