/** What PostgreSQL has no counterpart for, or takes in more forms than it prints. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  LIST,
  SQLNULL,
  STRUCT,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { parseArray } from './array-text.ts';
import { binaryEncoder } from './binary.ts';
import { timestampText } from './calendar.ts';
import { decodeParameter, describedOid } from './decode.ts';
import { Oid, pgTypeOf } from './pg-type.ts';
import { textEncoder } from './text.ts';
import { TimeZone, utc } from './time-zone.ts';

const settings = { timeZone: utc };
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

describe('types without a counterpart', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    [
      "[{'class': 'stop', 'description': 'Halt \"!\"', 'probability': 0.1::float}, NULL]",
      Oid.json,
      '[{"class":"stop","description":"Halt \\"!\\"","probability":0.1},null]',
    ],
    // Names that look like numbers keep their place.
    ["{'b': 1, '1': 2, 'a': NULL}", Oid.json, '{"b":1,"1":2,"a":null}'],
    [
      "{'f': ['NaN'::float, 'Infinity'::float, 1e20::float], 'd': '-Infinity'::double, 'n': 1.50::decimal(5, 2)}",
      Oid.json,
      '{"f":["NaN","Infinity",1e+20],"d":"-Infinity","n":1.50}',
    ],
    [
      "{'h': 170141183460469231731687303715884105727, 'l': 9007199254740993}",
      Oid.json,
      '{"h":170141183460469231731687303715884105727,"l":9007199254740993}',
    ],
    [
      "{'t': '2024-02-29 12:00:00.5'::timestamp, 'z': '2024-02-29 12:00:00+00'::timestamptz, 'd': '2024-02-29'::date}",
      Oid.json,
      '{"t":"2024-02-29T12:00:00.5","z":"2024-02-29T12:00:00+00:00","d":"2024-02-29"}',
    ],
    [
      "{'b': '\\xAB'::blob, 'i': interval '1 day', 'u': true}",
      Oid.json,
      '{"b":"\\\\xab","i":"1 day","u":true}',
    ],
    ["{'j': '{\"k\": [1]}'::json}", Oid.json, '{"j":{"k": [1]}}'],
    ["map {'x': 1, 'y': NULL}", Oid.json, '{"x":1,"y":null}'],
    ['map {1: [1, 2]}', Oid.json, '{"1":[1,2]}'],
    ["map {{'k': 1}: 2}", Oid.json, '{"{\\"k\\":1}":2}'],
    ['union_value(n := 5)', Oid.json, '{"n":5}'],
    ["{'l': [[1, 2], [3]]}", Oid.json, '{"l":[[1,2],[3]]}'],
    ['[[1], [2, 3]]', 1007, '{{1},{2,3}}'],
    ["[map {'a': 1}]", Oid.json, '[{"a":1}]'],
    ['[\'{"a": 1}\'::json]', 199, '{"{\\"a\\": 1}"}'],
    ["'b'::enum('a', 'b')", Oid.text, 'b'],
    [
      "'123456789012345678901234567890123456789012'::bignum",
      Oid.text,
      '123456789012345678901234567890123456789012',
    ],
    ["'2024-02-29 12:34:56.123456789'::timestamp_ns", Oid.timestamp, '2024-02-29 12:34:56.123456'],
    ["'1969-12-31 23:59:59.999999999'::timestamp_ns", Oid.timestamp, '1969-12-31 23:59:59.999999'],
    ["'12:34:56.123456789'::time_ns", Oid.time, '12:34:56.123456'],
    ['5::variant', Oid.text, '5'],
    ["{'a': 1}::variant", Oid.text, '{"a":1}'],
    ["'POINT(1 2)'::geometry", Oid.text, '0101000000000000000000F03F0000000000000040'],
  ];
  for (const [expression, oid, text] of cases) {
    test(expression, async () => {
      const { value, type } = await evaluate(expression);
      assert.equal(pgTypeOf(type).oid, oid);
      const encoded = textEncoder(type, settings)(value);
      assert.equal(encoded, text);
      if (oid === Oid.json) assert.doesNotThrow(() => JSON.parse(encoded));
    });
  }

  test('NULL without a type is text', () => assert.equal(pgTypeOf(SQLNULL).oid, Oid.text));

  test('a decimal has its precision and scale', () => {
    // 5 and 2 in PostgreSQL's encoding: (precision << 16 | scale) + 4.
    assert.deepEqual(pgTypeOf(DECIMAL(5, 2)), { oid: Oid.numeric, typlen: -1, typmod: 327_686 });
    assert.deepEqual(pgTypeOf(LIST(DECIMAL(5, 2))), { oid: 1231, typlen: -1, typmod: 327_686 });
  });

  test('lists of different lengths have no binary form, and say so', async () => {
    const { value, type } = await evaluate('[[1], [2, 3]]');
    assert.throws(() => binaryEncoder(type, settings)(value), SqlensError);
  });
});

function decoded(declaredOid: number, text: string, timeZone = utc): string {
  const parameter = decodeParameter(
    { declaredOid, resolvedType: undefined, format: 'text', bytes: Buffer.from(text) },
    { timeZone },
  );
  assert.ok(parameter.type !== undefined);
  return textEncoder(parameter.type, { timeZone })(parameter.value);
}

describe('parameters in other forms than PostgreSQL prints', () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [Oid.bool, ' TRUE ', 't'],
    [Oid.bool, 'of', 'f'],
    [Oid.int4, ' +7 ', '7'],
    [Oid.float8, '-inf', '-Infinity'],
    [Oid.float8, '.5e1', '5'],
    [Oid.numeric, '1.5e3', '1500'],
    [Oid.numeric, '-.005', '-0.005'],
    [Oid.numeric, '1e-3', '0.001'],
    [Oid.numeric, '00012.50', '12.50'],
    [Oid.bytea, 'a\\\\b\\001\\377', '\\x615c6201ff'],
    [Oid.bytea, '\\xDE AD', '\\xdead'],
    [Oid.uuid, '{123E4567E89B12D3A456426614174000}', '123e4567-e89b-12d3-a456-426614174000'],
    [Oid.timestamptz, '2024-02-29T12:34:56.789Z', '2024-02-29 12:34:56.789+00'],
    [Oid.timestamptz, '2024-02-29 12:34:56.789 +0530', '2024-02-29 07:04:56.789+00'],
    [Oid.timestamptz, '2024-02-29', '2024-02-29 00:00:00+00'],
    [Oid.timestamp, '2024-02-29T12:34+05', '2024-02-29 12:34:00'],
    [Oid.timestamp, '2024-02-29 24:00', '2024-03-01 00:00:00'],
    [Oid.time, '12:34', '12:34:00'],
    [Oid.interval, 'P1Y2M3DT4H5M6.7S', '1 year 2 mons 3 days 04:05:06.7'],
    [Oid.interval, 'P2W', '14 days'],
    [Oid.interval, '1.5 days', '1 day 12:00:00'],
    [Oid.interval, '@ 2 hours 30 mins ago', '-02:30:00'],
    [Oid.interval, '3 centuries', '300 years'],
    [1007, ' { 1 , null , "3" } ', '{1,NULL,3}'],
    [1009, '{"null",a b,"c\\"d"}', '{"null","a b","c\\"d"}'],
    [1231, '{1.5,NULL,10}', '{1.5,NULL,10.0}'],
    [1007, '{{1,2},{3,4}}', '{{1,2},{3,4}}'],
  ];
  for (const [oid, text, expected] of cases) {
    test(`${oid}: ${text}`, () => assert.equal(decoded(oid, text), expected));
  }

  const refused: readonly (readonly [number, string, string])[] = [
    [Oid.bool, 'o', '22P02'],
    [Oid.bool, '', '22P02'],
    [Oid.int8, '9223372036854775808', '22003'],
    [Oid.int4, '1e3', '22P02'],
    [Oid.float4, '1e39', '22003'],
    [Oid.numeric, 'NaN', '22003'],
    [Oid.numeric, `1${'0'.repeat(40)}.5`, '22003'],
    [Oid.numeric, '1e99999', '22003'],
    [Oid.numeric, '.', '22P02'],
    [Oid.bytea, '\\xabc', '22023'],
    [Oid.bytea, '\\9', '22P02'],
    [Oid.uuid, '123', '22P02'],
    [Oid.date, '2023-02-29', '22008'],
    [Oid.date, 'the day before', '22007'],
    [Oid.time, '25:00', '22008'],
    [Oid.timestamp, '2024-02-29 12:00 nonsense', '22007'],
    [Oid.interval, '3 parsecs', '22007'],
    [Oid.interval, '', '22007'],
    [Oid.varbit, '012', '22P02'],
    [1007, '{1', '22P02'],
    [1007, '{1}x', '22P02'],
    [1007, '{{{{{{{1}}}}}}}', '54000'],
    [1007, '1', '22P02'],
  ];
  for (const [oid, text, code] of refused) {
    test(`refused: ${oid}: ${text.slice(0, 30)}`, () => {
      assert.throws(
        () => decoded(oid, text),
        (error) => error instanceof SqlensError && error.sqlState === code,
      );
    });
  }
});

describe('parameters of undeclared type', () => {
  const decode = (format: 'text' | 'binary', bytes: Buffer | null, resolvedType?: DuckDBType) =>
    decodeParameter({ declaredOid: 0, resolvedType, format, bytes }, settings);

  test('text is what the statement needs', () => {
    assert.deepEqual(decode('text', Buffer.from(' 15 '), INTEGER), { value: 15, type: INTEGER });
    assert.deepEqual(decode('text', Buffer.from('on'), BOOLEAN), { value: true, type: BOOLEAN });
    assert.deepEqual(decode('text', null, INTEGER), { value: null, type: undefined });
    assert.throws(() => decode('text', Buffer.from('1.5'), INTEGER), {
      message: 'invalid input syntax for type integer: "1.5"',
    });
  });

  test('text that nothing determines stays text, for the engine to cast', () => {
    assert.deepEqual(decode('text', Buffer.from('1.5')), { value: '1.5', type: undefined });
    assert.deepEqual(decode('text', Buffer.from('1.5'), VARCHAR), { value: '1.5', type: undefined });
  });

  test('dates in the forms that PostgreSQL reads', () => {
    const shown = (text: string, type: DuckDBType) =>
      textEncoder(type, settings)(decode('text', Buffer.from(text), type).value);
    for (const text of [
      '2024-02-29',
      '20240229',
      '2024/02/29',
      '02/29/2024',
      'Feb 29, 2024',
      '29-feb-2024',
    ]) {
      assert.equal(shown(text, DATE), '2024-02-29', text);
    }
    assert.equal(shown('0044-03-15 BC', DATE), '0044-03-15 BC');
    assert.equal(shown('2024-07-01 12:00:00 Europe/Berlin', TIMESTAMPTZ), '2024-07-01 10:00:00+00');
    for (const text of ['2024-02-30', '2024-13-01']) {
      assert.throws(() => decode('text', Buffer.from(text), DATE), {
        sqlState: SqlState.datetimeFieldOverflow,
      });
    }
    assert.throws(() => decode('text', Buffer.from('2024-07-01 12:00 Nowhere/Land'), TIMESTAMPTZ), {
      sqlState: SqlState.invalidParameterValue,
    });
    for (const text of ['2024', 'Febtober 1 2024']) {
      assert.throws(() => decode('text', Buffer.from(text), TIMESTAMPTZ), {
        sqlState: SqlState.invalidDatetimeFormat,
      });
    }
  });

  test('text is read where PostgreSQL writes it otherwise than DuckDB', () => {
    const list = decode('text', Buffer.from('{1,NULL,"3"}'), LIST(INTEGER));
    assert.equal(list.type?.toString(), 'INTEGER[]');
    assert.equal(textEncoder(LIST(INTEGER), settings)(list.value), '{1,NULL,3}');
    const blob = decode('text', Buffer.from('\\xdead'), BLOB);
    assert.equal(textEncoder(BLOB, settings)(blob.value), '\\xdead');
    // A list of structs is json to the client, and its text is the engine's to read.
    const structs = decode('text', Buffer.from('[{"a": 1}]'), LIST(STRUCT({ a: INTEGER })));
    assert.deepEqual(structs, { value: '[{"a": 1}]', type: undefined });
  });

  test('binary is what the statement needs', () => {
    assert.deepEqual(decode('binary', Buffer.from('0000000000000007', 'hex'), BIGINT), {
      value: 7n,
      type: BIGINT,
    });
  });

  test('binary that nothing determines is text, or bytes', () => {
    assert.deepEqual(decode('binary', Buffer.from('grün')), { value: 'grün', type: undefined });
    for (const hex of ['ffd8ffe0', '00', '89504e47']) {
      assert.equal(decode('binary', Buffer.from(hex, 'hex')).type?.toString(), 'BLOB', hex);
      assert.equal(decode('binary', Buffer.from(hex, 'hex'), VARCHAR).type?.toString(), 'BLOB', hex);
    }
  });

  test('what Describe says of them', () => {
    assert.equal(describedOid(0, undefined), Oid.text);
    assert.equal(describedOid(0, INTEGER), Oid.int4);
    assert.equal(describedOid(Oid.int8, INTEGER), Oid.int8);
    assert.equal(describedOid(0, STRUCT({ a: INTEGER })), Oid.json);
    assert.equal(describedOid(4711, undefined), 4711);
  });

  test('a type without binary input names its OID', () => {
    assert.throws(
      () =>
        decodeParameter(
          { declaredOid: 4711, resolvedType: undefined, format: 'binary', bytes: Buffer.from('x') },
          settings,
        ),
      (error) => error instanceof SqlensError && error.sqlState === '0A000' && error.message.includes('4711'),
    );
  });
});

describe('time zones', () => {
  const local = (zone: string, text: string) => {
    const { value } = decodeParameter(
      { declaredOid: Oid.timestamptz, resolvedType: undefined, format: 'text', bytes: Buffer.from(text) },
      { timeZone: new TimeZone(zone) },
    );
    return textEncoder(TIMESTAMPTZ, settings)(value);
  };

  test('a local time in the gap counts by the offset before, in the overlap by the one after', () => {
    // As PostgreSQL 15 answers for these.
    assert.equal(local('Europe/Berlin', '2024-03-31 02:30:00'), '2024-03-31 01:30:00+00');
    assert.equal(local('Europe/Berlin', '2024-10-27 02:30:00'), '2024-10-27 01:30:00+00');
    assert.equal(local('Europe/Berlin', '2024-07-01 12:00:00'), '2024-07-01 10:00:00+00');
    assert.equal(local('America/New_York', '2024-03-10 02:30:00'), '2024-03-10 07:30:00+00');
    assert.equal(local('America/New_York', '2024-11-03 01:30:00'), '2024-11-03 06:30:00+00');
    assert.equal(local('Asia/Kolkata', '2024-01-01 00:00:00'), '2023-12-31 18:30:00+00');
  });

  test('offsets hold for every hour of a year, cached or not', () => {
    const zone = new TimeZone('Europe/Berlin');
    for (let hour = 0; hour < 8784; hour++) {
      const micros = (1_704_067_200n + BigInt(hour) * 3600n) * 1_000_000n;
      // Summer time 2024: from 31 March, 01:00 UTC to 27 October, 01:00 UTC.
      const summer = hour >= 90 * 24 + 1 && hour < 300 * 24 + 1;
      assert.equal(zone.offsetAt_s(micros), summer ? 7200 : 3600, timestampText(micros));
    }
  });

  test('a name that is no zone counts as UTC', () => {
    assert.equal(new TimeZone('Mars/Olympus').offsetAt_s(0n), 0);
  });
});

test('array literals nest', () => {
  assert.deepEqual(parseArray('{{a,NULL},{"b,c",""}}'), [
    ['a', null],
    ['b,c', ''],
  ]);
});
