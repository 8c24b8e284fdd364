/**
 * Values of every type, sent as text and in binary and read back both ways, byte for byte as PostgreSQL 15 sends them;
 * and what is no value, with PostgreSQL's errors. What is known to differ is listed here, with the reason.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { findPostgres, PostgresServer } from '../postgres-server.ts';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';
import { badCases, type TypeCases, typeCases } from './cases.ts';
import { type Answer, type Format, RawClient } from './client.ts';
import { randomArrays } from './random-arrays.ts';

/** Types of which PostgreSQL has more than DuckDB keeps: values are compared, what RowDescription says is not. */
const otherColumns = new Map([
  ['varchar', 'DuckDB has one type for text and varchar'],
  ['varchar(5)', 'DuckDB drops the length'],
  ['timestamp(3)', 'DuckDB has a type of milliseconds without a modifier'],
  ['bit(3)', 'DuckDB has bits of any length only'],
]);

/** Types that are not compared at all. */
const otherTypes = new Map([
  ['numeric', 'without precision it has ten decimals here'],
  ['numeric[]', 'without precision it has ten decimals here'],
  ['varchar[]', 'DuckDB has one type for text and varchar: elements are text'],
  ['char(5)', 'DuckDB neither pads nor cuts'],
  ['varbit', 'no type of that name'],
  ['timestamptz(0)', 'DuckDB takes no precision there'],
  ['time(2)', 'DuckDB takes no precision there'],
  ['interval(2)', 'DuckDB takes no precision there'],
]);

const otherValues = new Map([
  ['varchar(5) abcdefg', 'DuckDB does not cut'],
  ['time 040506', 'digits alone are a date here'],
  ['interval -2562047788:00:54.775808', 'PostgreSQL 15 cannot read its own smallest interval'],
  ['interval 1 day ago ago', 'PostgreSQL 15 takes it for one'],
  ['numeric(10,2) 100000000', 'the message is DuckDB’s'],
  ['int4[] {{1,2},{3,4}}', 'a type has its dimensions: int4[][]'],
  ['int4[] {{{1},{2}},{{3},{4}}}', 'a type has its dimensions: int4[][][]'],
  ['int4[] {{1,NULL},{NULL,2}}', 'a type has its dimensions: int4[][]'],
  ['int4[] [1:1][-2:-1]={{1,2}}', 'a type has its dimensions: int4[][]'],
  ['int4[] [0:1]={1,2}', 'lists count from one'],
  ['text[] {{a,b},{c,d}}', 'a type has its dimensions: text[][]'],
]);

const programs = findPostgres();
const skip = programs === undefined ? 'there is no PostgreSQL 15 here' : false;
let folders: WorkFolders;
let server: TestServer;
let lens: RawClient;
let postgres: PostgresServer | undefined;
let oracle: RawClient | undefined;

before(async () => {
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
  lens = await RawClient.open(server.port);
  if (programs === undefined) return;
  postgres = await PostgresServer.start(programs);
  oracle = await RawClient.open(postgres.port);
});

after(async () => {
  lens.close();
  oracle?.close();
  await postgres?.close();
  await server.close();
  await folders.remove();
});

interface Sent {
  readonly type: string;
  readonly value: Buffer | string;
  readonly sent: Format;
  readonly wanted: Format;
}

/** What is compared, in a form that a failing test prints well. */
function comparable({ columns, rows, error }: Answer, wanted: Format, withColumns: boolean): unknown {
  if (error !== undefined) return error;
  const value = rows[0]?.[0];
  return {
    column: withColumns ? columns[0] : undefined,
    value: wanted === 'text' ? value?.toString() : value?.toString('hex'),
  };
}

async function compare(sent: Sent, withColumns: boolean): Promise<Answer> {
  assert.ok(oracle !== undefined);
  const question = {
    sql: `SELECT $1::${sent.type} AS v`,
    parameters: [sent.value],
    sent: sent.sent,
    wanted: sent.wanted,
  };
  const [expected, actual] = await Promise.all([oracle.ask(question), lens.ask(question)]);
  assert.deepEqual(
    comparable(actual, sent.wanted, withColumns),
    comparable(expected, sent.wanted, withColumns),
    `${sent.type}, ${sent.sent} to ${sent.wanted}: ${sent.value.toString().slice(0, 100)}`,
  );
  return expected;
}

async function compareAll({ type, values }: TypeCases): Promise<void> {
  const withColumns = !otherColumns.has(type);
  for (const value of values) {
    if (otherValues.has(`${type} ${value}`)) continue;
    await compare({ type, value, sent: 'text', wanted: 'text' }, withColumns);
    const { rows } = await compare({ type, value, sent: 'text', wanted: 'binary' }, withColumns);
    const binary = rows[0]?.[0];
    if (binary === undefined || binary === null) continue;
    await compare({ type, value: binary, sent: 'binary', wanted: 'text' }, withColumns);
    await compare({ type, value: binary, sent: 'binary', wanted: 'binary' }, withColumns);
  }
}

describe('as PostgreSQL has it', { skip }, () => {
  for (const cases of typeCases) {
    const reason = otherTypes.get(cases.type);
    test(cases.type, { skip: reason ?? false }, () => compareAll(cases));
  }
});

describe('refused as PostgreSQL does', { skip }, () => {
  for (const cases of badCases) test(cases.type, () => compareAll(cases));
});

test('random arrays, seed 20261122', { skip }, async () => {
  for (const cases of randomArrays(20_261_122, 400)) await compareAll(cases);
});

describe('settings', { skip }, () => {
  const zones = [
    'UTC',
    'America/New_York',
    'Europe/Paris',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Africa/Monrovia',
  ];
  const instants = [
    '1850-01-01 00:00+00',
    '1937-06-30 22:40+00',
    '1972-01-07 00:44:30+00',
    '2011-12-30 10:00+00',
  ]
    .concat(['2024-03-10 06:59:59+00', '2024-03-10 07:00+00', '2024-11-03 05:30+00', '2024-11-03 06:30+00'])
    .concat(['0044-03-15 00:00+00 BC', '9999-07-01 00:00+00']);
  for (const zone of zones) {
    test(`TimeZone ${zone}`, async () => {
      for (const client of [lens, oracle]) await client?.run(`SET TimeZone = '${zone}'`);
      await compareAll({ type: 'timestamptz', values: instants });
      for (const client of [lens, oracle]) await client?.run('RESET TimeZone');
    });
  }

  for (const style of ['postgres', 'postgres_verbose', 'sql_standard', 'iso_8601']) {
    test(`IntervalStyle ${style}`, async () => {
      for (const client of [lens, oracle]) await client?.run(`SET IntervalStyle = '${style}'`);
      for (const cases of typeCases) if (cases.type === 'interval') await compareAll(cases);
      for (const client of [lens, oracle]) await client?.run('RESET IntervalStyle');
    });
  }

  test('bytea_output escape', async () => {
    for (const client of [lens, oracle]) await client?.run("SET bytea_output = 'escape'");
    for (const cases of typeCases) if (cases.type.startsWith('bytea')) await compareAll(cases);
    for (const client of [lens, oracle]) await client?.run('RESET bytea_output');
  });
});

test('values of 10 MB, each way', async () => {
  const bytes = Buffer.alloc(10_000_000, 'grün');
  for (const [type, value] of [
    ['bytea', bytes],
    ['text', Buffer.from(bytes.toString('utf8').slice(0, 9_000_000))],
  ] as const) {
    const answer = await lens.ask({
      sql: `SELECT $1::${type}`,
      parameters: [value],
      sent: 'binary',
      wanted: 'binary',
    });
    assert.equal(answer.error, undefined);
    assert.ok(answer.rows[0]?.[0]?.equals(value), type);
  }
});

describe('types that PostgreSQL has not', () => {
  const shown: readonly (readonly [expression: string, oid: number, text: string])[] = [
    ['255::utinyint', 21, '255'],
    ['65535::usmallint', 23, '65535'],
    ['4294967295::uinteger', 20, '4294967295'],
    ['18446744073709551615::ubigint', 1700, '18446744073709551615'],
    ['340282366920938463463374607431768211455::uhugeint', 1700, '340282366920938463463374607431768211455'],
    [
      "'1234567890123456789012345678901234567890123'::bignum",
      25,
      '1234567890123456789012345678901234567890123',
    ],
    // PostgreSQL counts microseconds: the rest is cut.
    ["'2024-01-01 00:00:00.123456789'::timestamp_ns", 1114, '2024-01-01 00:00:00.123456'],
    ["'2024-01-01 00:00:00.123'::timestamp_ms", 1114, '2024-01-01 00:00:00.123'],
    ["'2024-01-01 00:00:00'::timestamp_s", 1114, '2024-01-01 00:00:00'],
    ["{'a': 1, 'b': [1.5], 'c': NULL}", 114, '{"a":1,"b":[1.5],"c":null}'],
    ["[{'a': '\"ü'}, NULL]", 114, '[{"a":"\\"ü"},null]'],
    ["map {'k': 9007199254740993}", 114, '{"k":9007199254740993}'],
    ['union_value(x := 5)', 114, '{"x":5}'],
    ["'b'::enum('a', 'b')", 25, 'b'],
    ['array_value(array_value(1, 2), array_value(3, 4))', 1007, '{{1,2},{3,4}}'],
    ["['1.50'::decimal(10, 2), NULL]", 1231, '{1.50,NULL}'],
    ['[\'{"a":1}\'::json]', 199, '{"{\\"a\\":1}"}'],
  ];
  for (const [expression, oid, text] of shown) {
    test(expression, async () => {
      const sql = `SELECT ${expression}`;
      const asText = await lens.ask({ sql });
      assert.equal(asText.error, undefined);
      assert.equal(asText.columns[0]?.oid, oid);
      assert.equal(asText.rows[0]?.[0]?.toString(), text);
      const asBinary = await lens.ask({ sql, wanted: 'binary' });
      assert.equal(asBinary.error, undefined);
      const binary = asBinary.rows[0]?.[0];
      if (oid === 25 || oid === 114) assert.equal(binary?.toString(), text);
      if (oracle === undefined || binary === undefined) return;
      // PostgreSQL reads the bytes as what the client was told that they are.
      const read = await oracle.ask({ sql: 'SELECT $1', oids: [oid], parameters: [binary], sent: 'binary' });
      assert.equal(read.rows[0]?.[0]?.toString(), text);
    });
  }
});

test('dimensions go into the type', async () => {
  for (const sent of ['{{1,2},{3,NULL}}', '{}']) {
    const { rows } = await lens.ask({ sql: 'SELECT $1::int4[][]', parameters: [sent] });
    assert.equal(rows[0]?.[0]?.toString(), sent);
  }
  const { error } = await lens.ask({ sql: 'SELECT $1::text[]', parameters: ['{{a,b},{c,d}}'] });
  assert.equal(error?.code, '0A000');
});

test('long strings are whole however they are read', async () => {
  // Memory of rows that are written is freed: cursors, which keep theirs, must not be among them.
  const sql = 'SELECT i, repeat(md5(i::varchar), 10) FROM range(5000) t(i) ORDER BY i';
  const expected = (await lens.run(sql)).rows.map((row) => String(row[1]));
  assert.equal(expected.length, 5000);
  assert.equal(new Set(expected).size, 5000);
  await lens.run(`BEGIN; DECLARE c SCROLL CURSOR FOR ${sql}`);
  for (let round = 0; round < 3; round++) {
    const forward = (await lens.run('FETCH ALL FROM c')).rows.map((row) => String(row[1]));
    const backward = (await lens.run('FETCH BACKWARD ALL FROM c')).rows.map((row) => String(row[1]));
    assert.deepEqual(forward, expected);
    assert.deepEqual(backward.reverse(), expected);
  }
  await lens.run('COMMIT');
});

for (const how of ['reset', 'half-close'] as const) {
  test(`a client that goes away by ${how} ends its query`, async () => {
    for (const sql of [
      'SELECT repeat(md5(i::varchar), 60) FROM range(1000000000) t(i)',
      'SELECT count(*) FROM range(1000000000000) t(i) WHERE hash(i) = 1',
    ]) {
      const client = await RawClient.open(server.port, { application_name: `gone-${how}` });
      const ended = client.query(sql).then(
        () => undefined,
        () => undefined,
      );
      const isThere = async (): Promise<boolean> => {
        const { rows } = await lens.run(
          `SELECT pid FROM pg_stat_activity WHERE application_name = 'gone-${how}'`,
        );
        return rows.length > 0;
      };
      await eventually(isThere, 'the session is seen');
      if (how === 'reset') client.socket.resetAndDestroy();
      else client.socket.end();
      await eventually(async () => !(await isThere()), 'the session ends');
      if (!client.socket.destroyed) await once(client.socket.resume(), 'close');
      await ended;
    }
  });
}

/** Gives up after ten seconds. */
async function eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never came to pass: ${what}`);
}
