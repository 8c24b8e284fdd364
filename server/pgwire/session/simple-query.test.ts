import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { serialize } from 'pg-protocol';
import { type Harness, startHarness } from '../testing/harness.ts';
import { summary, WireClient } from '../testing/wire-client.ts';

let harness: Harness;
let client: WireClient;

before(async () => {
  harness = await startHarness();
});
beforeEach(async () => {
  client = await WireClient.start(harness.port);
});
afterEach(() => client.close());
after(async () => {
  assert.deepEqual(harness.errors, []);
  await harness.close();
});

test('one statement commits by itself', async () => {
  assert.deepEqual(summary(await client.query("SELECT 1 AS a, 'x' AS b, NULL AS c")), [
    'columns a:23,b:25,c:23',
    'row 1,x,',
    'complete SELECT 1',
    'ready I',
  ]);
  assert.deepEqual(harness.session().calls, ['alone', 'sync']);
});

test('several statements are one implicit transaction', async () => {
  assert.deepEqual(summary(await client.query('SELECT 1 AS a; SELECT 2 AS b;; SELECT 3 AS c')), [
    'columns a:23',
    'row 1',
    'complete SELECT 1',
    'columns b:23',
    'row 2',
    'complete SELECT 1',
    'columns c:23',
    'row 3',
    'complete SELECT 1',
    'ready I',
  ]);
  assert.deepEqual(harness.session().calls, ['joined', 'joined', 'joined', 'sync']);
});

test('an error stops the rest and undoes what went before', async () => {
  const messages = await client.query('CREATE TABLE gone (i int); SELECT * FROM nope; SELECT 3');
  assert.deepEqual(summary(messages), ['complete CREATE TABLE', 'error 42P01', 'ready I']);
  assert.deepEqual(summary(await client.query('SELECT * FROM gone')), ['error 42P01', 'ready I']);
});

test('an error points into the whole query text, in characters', async () => {
  const sql = "SELECT '😀 grün'; -- 😀\n SELECT * FROM nope";
  const error = (await client.query(sql)).find(({ name }) => name === 'error');
  // Two emoji are two characters, though four UTF-16 units.
  assert.equal(error?.position, String([...sql].join('').replaceAll('😀', 'x').indexOf('nope') + 1));
  assert.deepEqual([error?.severity, error?.hint], ['ERROR', 'Create it.']);
});

test('nothing to run gets EmptyQueryResponse', async () => {
  for (const sql of ['', ' ', ';', '-- nothing', '/* no */ ;;']) {
    assert.deepEqual(summary(await client.query(sql)), ['emptyQuery', 'ready I'], sql);
  }
});

test('the transaction status follows the session', async () => {
  assert.deepEqual(summary(await client.query('BEGIN')), ['complete BEGIN', 'ready T']);
  assert.deepEqual(summary(await client.query('SELECT * FROM nope')), ['error 42P01', 'ready E']);
  assert.deepEqual(summary(await client.query('SELECT 1')), ['error 25P02', 'ready E']);
  assert.deepEqual(summary(await client.query('COMMIT')), ['complete ROLLBACK', 'ready I']);
});

test('a failing commit takes the place of the last completion', async () => {
  const session = harness.session();
  const { sync } = session;
  session.sync = async () => {
    session.sync = sync;
    throw new Error('disk full');
  };
  assert.deepEqual(summary(await client.query('SELECT 1 AS a; SELECT 2 AS b')), [
    'columns a:23',
    'row 1',
    'complete SELECT 1',
    'columns b:23',
    'row 2',
    'error XX000',
    'ready I',
  ]);
  // This is the one error of these tests that a server logs.
  assert.equal(harness.errors.splice(0).length, 1);
});

test('notices come before the completion, parameters before the client may speak again', async () => {
  assert.deepEqual(summary(await client.query('SELECT notify_me FROM (SELECT 1 AS notify_me)')), [
    'notice beware',
    'columns notify_me:23',
    'row 1',
    'complete SELECT 1',
    'ready I',
  ]);
  assert.deepEqual(summary(await client.query("SET TimeZone = 'Asia/Kolkata'")), [
    'complete SET',
    'parameterStatus',
    'ready I',
  ]);
  assert.deepEqual(
    summary(await client.query("SELECT '2024-02-29 12:00:00+00'::timestamptz AS t")).at(1),
    'row 2024-02-29 17:30:00+05:30',
  );
});

test('text that is not UTF-8 fails its query alone', async () => {
  client.send(Buffer.from('51000000085345ff00', 'hex'));
  assert.deepEqual(summary(await client.until('readyForQuery')), ['error 22021', 'ready I']);
  assert.deepEqual(summary(await client.query('SELECT 1 AS a')).at(-1), 'ready I');
});

test('function calls are refused, COPY data outside COPY is ignored', async () => {
  client.send(Buffer.from('460000000a000000010000', 'hex'));
  assert.deepEqual(summary(await client.until('readyForQuery')), ['error 0A000', 'ready I']);
  client.send(serialize.copyData(Buffer.from('1\n')), serialize.copyDone(), serialize.copyFail('no'));
  assert.deepEqual(summary(await client.query('SELECT 1 AS a')).length, 4);
});

test('queries sent together are answered in order', async () => {
  client.send(...[1, 2, 3].map((n) => serialize.query(`SELECT ${n} AS a`)));
  for (const n of [1, 2, 3]) assert.equal(summary(await client.until('readyForQuery'))[1], `row ${n}`);
});

test('a result of many rows comes whole and in order', async () => {
  const messages = await client.query('SELECT i FROM range(100000) t(i)');
  assert.equal(messages.length, 100_003);
  assert.ok(messages.slice(1, -2).every((row, index) => String(row.fields) === String(index)));
});
