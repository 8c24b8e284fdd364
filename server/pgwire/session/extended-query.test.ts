import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { serialize } from 'pg-protocol';
import { type Harness, startHarness } from '../testing/harness.ts';
import { summary, WireClient } from '../testing/wire-client.ts';

const { parse, bind, describe: describeMessage, execute, close, sync, flush } = serialize;

let harness: Harness;
let client: WireClient;

before(async () => {
  harness = await startHarness({
    limits: { maxPreparedStatements: 10, maxPortals: 10, maxHeld_bytes: 100_000 },
  });
});
beforeEach(async () => {
  client = await WireClient.start(harness.port);
});
afterEach(() => client.close());
after(async () => {
  assert.deepEqual(harness.errors, []);
  await harness.close();
});

async function exchange(...messages: Buffer[]): Promise<string[]> {
  client.send(...messages, sync());
  return summary(await client.until('readyForQuery'));
}

const many = 'SELECT i::int AS i FROM range(10) t(i)';

test('a whole round', async () => {
  assert.deepEqual(
    await exchange(
      parse({ text: 'SELECT $1 + 1 AS a, $2 AS b', types: [23] }),
      describeMessage({ type: 'S' }),
      bind({ values: ['41', 'x'] }),
      describeMessage({ type: 'P' }),
      execute(),
    ),
    [
      'parseComplete',
      'parameters 23,25',
      'columns a:23,b:25',
      'bindComplete',
      'columns a:23,b:25',
      'row 42,x',
      'complete SELECT 1',
      'ready I',
    ],
  );
  assert.deepEqual(harness.session().calls, ['alone', 'sync']);
});

test('Execute sends no RowDescription, Describe never executes', async () => {
  assert.deepEqual(await exchange(parse({ text: many }), describeMessage({ type: 'S' })), [
    'parseComplete',
    'parameters ',
    'columns i:23',
    'ready I',
  ]);
  assert.deepEqual(harness.session().calls, ['sync']);
});

test('a command has no columns, nothing to run is empty', async () => {
  assert.deepEqual(
    await exchange(
      parse({ text: 'CREATE OR REPLACE TABLE made AS SELECT 1' }),
      describeMessage({ type: 'S' }),
      bind(),
      describeMessage({ type: 'P' }),
      execute(),
    ),
    ['parseComplete', 'parameters ', 'noData', 'bindComplete', 'noData', 'complete CREATE OR', 'ready I'],
  );
  assert.deepEqual(
    await exchange(parse({ text: ' -- ' }), describeMessage({ type: 'S' }), bind(), execute()),
    ['parseComplete', 'parameters ', 'noData', 'bindComplete', 'emptyQuery', 'ready I'],
  );
});

test('a named statement runs again and again', async () => {
  await exchange(parse({ name: 's', text: 'SELECT $1::int * 2 AS a' }));
  for (const n of [1, 2, 3]) {
    const answer = await exchange(bind({ statement: 's', values: [String(n)] }), execute());
    assert.deepEqual(answer, ['bindComplete', `row ${n * 2}`, 'complete SELECT 1', 'ready I']);
  }
});

test('binary parameters and results', async () => {
  const answer = await exchange(
    parse({ text: 'SELECT $1 AS a', types: [23] }),
    bind({ values: [Buffer.from([0, 0, 1, 0])], binary: true }),
    execute(),
  );
  // The parser reads the four bytes as text: zero, zero, one, zero.
  assert.equal(answer[2], 'row \0\0\x01\0');
});

test('row limits suspend a portal, which then goes on', async () => {
  client.send(parse({ text: many }), bind({ portal: 'p' }));
  client.send(
    execute({ portal: 'p', rows: 4 }),
    execute({ portal: 'p', rows: 6 }),
    execute({ portal: 'p', rows: 5 }),
  );
  client.send(execute({ portal: 'p' }), sync());
  const rows = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => `row ${from + index}`);
  assert.deepEqual(summary(await client.until('readyForQuery')), [
    'parseComplete',
    'bindComplete',
    ...rows(0, 4),
    'portalSuspended',
    ...rows(4, 10),
    // As in PostgreSQL: the limit is reached, whether or not rows are left.
    'portalSuspended',
    'complete SELECT 0',
    'complete SELECT 0',
    'ready I',
  ]);
});

test('a portal lives as long as its transaction', async () => {
  await client.query('BEGIN');
  assert.equal(
    (await exchange(parse({ text: many }), bind({ portal: 'p' }), execute({ portal: 'p', rows: 2 }))).at(-1),
    'ready T',
  );
  assert.deepEqual(summary(await client.query('SELECT 1 AS a')).at(1), 'row 1');
  assert.deepEqual(await exchange(execute({ portal: 'p', rows: 2 })), [
    'row 2',
    'row 3',
    'portalSuspended',
    'ready T',
  ]);
  await client.query('COMMIT');
  assert.deepEqual(await exchange(execute({ portal: 'p', rows: 2 })), ['error 34000', 'ready I']);
});

test('without BEGIN, Sync ends the portals', async () => {
  await exchange(parse({ text: many }), bind({ portal: 'p' }), execute({ portal: 'p', rows: 2 }));
  assert.deepEqual(await exchange(execute({ portal: 'p' })), ['error 34000', 'ready I']);
  assert.equal(harness.session().running, undefined);
});

test('a pipeline is one implicit transaction', async () => {
  const insert = (n: number) => [parse({ text: `INSERT INTO piped VALUES (${n})` }), bind(), execute()];
  await client.query('CREATE OR REPLACE TABLE piped (i int)');
  harness.session().calls.length = 0;
  await exchange(...insert(1), ...insert(2));
  assert.deepEqual(harness.session().calls, ['joined', 'joined', 'sync']);
  const failed = await exchange(...insert(3), parse({ text: 'SELECT * FROM nope' }), ...insert(4));
  assert.deepEqual(failed.slice(-2), ['error 42P01', 'ready I']);
  assert.deepEqual(summary(await client.query('SELECT sum(i)::int AS s FROM piped'))[1], 'row 3');
});

test('after an error everything is skipped until Sync', async () => {
  client.send(parse({ text: 'SELECT * FROM nope' }), bind(), execute(), serialize.query('SELECT 1'), flush());
  client.send(parse({ text: 'SELECT 2 AS a' }), sync());
  assert.deepEqual(summary(await client.until('readyForQuery')), ['error 42P01', 'ready I']);
  assert.deepEqual(summary(await client.query('SELECT 3 AS a'))[1], 'row 3');
});

test('Flush brings the answers without Sync', async () => {
  client.send(parse({ text: 'SELECT 1 AS a' }), flush());
  assert.deepEqual(summary(await client.until('parseComplete')), ['parseComplete']);
  client.send(bind(), execute(), flush());
  assert.deepEqual(summary(await client.until('commandComplete')), [
    'bindComplete',
    'row 1',
    'complete SELECT 1',
  ]);
  assert.deepEqual(await exchange(), ['ready I']);
});

test('a Query takes the unnamed statement away', async () => {
  await exchange(parse({ text: many }));
  await client.query('SELECT 1');
  assert.deepEqual(await exchange(bind(), execute()), ['error 26000', 'ready I']);
});

describe('names', () => {
  test('that do not exist', async () => {
    assert.deepEqual(await exchange(bind({ statement: 'x' })), ['error 26000', 'ready I']);
    assert.deepEqual(await exchange(describeMessage({ type: 'S', name: 'x' })), ['error 26000', 'ready I']);
    assert.deepEqual(await exchange(describeMessage({ type: 'P', name: 'x' })), ['error 34000', 'ready I']);
    assert.deepEqual(await exchange(execute({ portal: 'x' })), ['error 34000', 'ready I']);
    assert.deepEqual(await exchange(close({ type: 'S', name: 'x' }), close({ type: 'P', name: 'x' })), [
      'closeComplete',
      'closeComplete',
      'ready I',
    ]);
  });

  test('that are taken', async () => {
    await exchange(parse({ name: 's', text: many }));
    assert.deepEqual(await exchange(parse({ name: 's', text: many })), ['error 42P05', 'ready I']);
    const twice = await exchange(
      bind({ statement: 's', portal: 'p' }),
      bind({ statement: 's', portal: 'p' }),
    );
    assert.deepEqual(twice, ['bindComplete', 'error 42P03', 'ready I']);
    const again = await exchange(close({ type: 'S', name: 's' }), parse({ name: 's', text: many }));
    assert.deepEqual(again, ['closeComplete', 'parseComplete', 'ready I']);
  });

  test('beyond the limits', async () => {
    const parses = Array.from({ length: 11 }, (_, index) => parse({ name: `s${index}`, text: many }));
    assert.deepEqual((await exchange(...parses)).slice(-2), ['error 53400', 'ready I']);
    const binds = Array.from({ length: 11 }, (_, index) => bind({ statement: 's0', portal: `p${index}` }));
    assert.deepEqual((await exchange(...binds)).slice(-2), ['error 53400', 'ready I']);
    await exchange(close({ type: 'S', name: 's9' }), parse({ text: 'SELECT $1 AS a' }));
    assert.deepEqual(await exchange(bind({ values: ['x'.repeat(100_001)] })), ['error 53400', 'ready I']);
    // What is closed is given back.
    for (let round = 0; round < 5; round++) {
      assert.equal((await exchange(bind({ values: ['x'.repeat(60_000)] }), execute())).at(-1), 'ready I');
    }
  });
});

describe('what does not fit', () => {
  const cases: readonly (readonly [string, Buffer[], string])[] = [
    ['too few parameters', [parse({ text: 'SELECT $1 AS a' }), bind()], '08P01'],
    ['too many parameters', [parse({ text: 'SELECT 1' }), bind({ values: ['1'] })], '08P01'],
    ['two statements in one Parse', [parse({ text: 'SELECT 1; SELECT 2' })], '42601'],
    [
      'text that is no integer',
      [parse({ text: 'SELECT $1 AS a', types: [23] }), bind({ values: ['1.5'] })],
      '22P02',
    ],
    [
      'an integer out of range',
      [parse({ text: 'SELECT $1 AS a', types: [21] }), bind({ values: ['32768'] })],
      '22003',
    ],
    [
      'a date that does not exist',
      [parse({ text: 'SELECT $1 AS a', types: [1082] }), bind({ values: ['2023-02-29'] })],
      '22008',
    ],
    [
      'bytes of the wrong length',
      [parse({ text: 'SELECT $1 AS a', types: [23] }), bind({ values: [Buffer.alloc(3)] })],
      '08P01',
    ],
    ['a zero byte in text', [parse({ text: 'SELECT $1 AS a' }), bind({ values: ['a\0b'] })], '22021'],
  ];
  for (const [name, messages, code] of cases) {
    test(name, async () => {
      const answer = await exchange(...messages);
      assert.deepEqual(answer.slice(-2), [`error ${code}`, 'ready I']);
    });
  }
});

test('a parameter that is declared is one, used or not', async () => {
  const declared = [parse({ text: 'SELECT 1 AS a', types: [23, 25] }), describeMessage({ type: 'S' })];
  assert.deepEqual((await exchange(...declared))[1], 'parameters 23,25');
  assert.deepEqual((await exchange(...declared, bind({ values: ['1', 'x'] }), execute()))[4], 'row 1');
  assert.deepEqual((await exchange(...declared, bind())).at(-2), 'error 08P01');
});

test('a portal that failed cannot go on', async () => {
  await client.query('BEGIN');
  const failing = 'SELECT i::int AS i FROM range(10000) t(i)';
  const first = await exchange(
    parse({ text: failing }),
    bind({ portal: 'p' }),
    execute({ portal: 'p', rows: 1 }),
  );
  assert.deepEqual(first.at(-2), 'portalSuspended');
  const session = harness.session();
  assert.ok(session.running !== undefined);
  session.running.canceled = true;
  assert.deepEqual(await exchange(execute({ portal: 'p' })), [
    ...Array.from({ length: 2047 }, (_, n) => `row ${n + 1}`),
    'error 57014',
    'ready E',
  ]);
  assert.deepEqual(await exchange(execute({ portal: 'p' })), ['error 34000', 'ready E']);
});

test('an error points into the parsed text', async () => {
  client.send(parse({ text: 'SELECT * FROM nope' }), sync());
  const [error] = await client.until('readyForQuery');
  assert.equal(error?.position, '15');
});
