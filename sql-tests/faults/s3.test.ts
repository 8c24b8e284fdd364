/** Images and models in a bucket, end to end, and a store that goes away in the middle. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DatabaseError } from 'pg';
import { S3_TEST_KEY, type S3Server, startS3Server } from '../../image-source/locations/s3-server.testing.ts';
import {
  colourOf,
  colourPng,
  graphs,
  isRightRow,
  kerasModels,
  makeScratch,
  type Scratch,
} from './folders.testing.ts';
import { ServerProcess, sleep, until, within } from './server-process.testing.ts';

/** More than one page of a listing. */
const IMAGES = 1_100;
const PUTS_AT_ONCE = 16;

describe('a bucket', { timeout: 240_000 }, () => {
  let scratch: Scratch;
  let store: S3Server;
  let client: S3Client;
  let server: ServerProcess;

  before(async () => {
    scratch = makeScratch('s3');
    store = await startS3Server(['photos', 'models']);
    const credentials = { accessKeyId: S3_TEST_KEY, secretAccessKey: S3_TEST_KEY };
    client = new S3Client({
      endpoint: store.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
    });
    const numbers = Array.from({ length: IMAGES }, (_, i) => i);
    await Promise.all(
      Array.from({ length: PUTS_AT_ONCE }, async () => {
        for (let i = numbers.pop(); i !== undefined; i = numbers.pop()) await put(i);
      }),
    );
    for (const file of [path.join(kerasModels, 'channels.keras'), path.join(graphs, 'slow-channels.onnx')]) {
      const Key = path.basename(file);
      await client.send(new PutObjectCommand({ Bucket: 'models', Key, Body: readFileSync(file) }));
    }
    server = await ServerProcess.start({
      dataDir: scratch.dataDir,
      flags: ['--workers', '2'],
      env: {
        AWS_ENDPOINT_URL: store.endpoint,
        AWS_ACCESS_KEY_ID: S3_TEST_KEY,
        AWS_SECRET_ACCESS_KEY: S3_TEST_KEY,
      },
    });
  });
  after(async () => {
    await server?.end('SIGKILL');
    await store?.close().catch(() => undefined);
    client?.destroy();
    scratch?.remove();
  });

  function keyOf(i: number): string {
    return `signs/part=${i % 3}/${colourOf(i).join('-')}.png`;
  }

  async function put(i: number): Promise<void> {
    await client.send(
      new PutObjectCommand({ Bucket: 'photos', Key: keyOf(i), Body: colourPng(colourOf(i)) }),
    );
  }

  test('a table and a model of a bucket: more than a page of keys, all right', async () => {
    await server.query(
      "CREATE EXTERNAL TABLE imgs OPTIONS (format = 'image', uris = ['s3://photos/signs/'])",
    );
    await server.query("CREATE MODEL channels FROM 's3://models/channels.keras'");
    const rows = await within(120_000, 'the query', server.query('SELECT uri, channels(image) FROM imgs'));
    assert.equal(rows.length, IMAGES);
    assert.deepEqual(
      rows.filter((row) => !isRightRow(row)),
      [],
    );
    assert.deepEqual(await server.query('SELECT part, count(*) FROM imgs GROUP BY part ORDER BY part'), [
      ['0', '367'],
      ['1', '367'],
      ['2', '366'],
    ]);
    await assert.rejects(server.query("CREATE MODEL m FROM 's3://models/nowhere.h5'"), { code: '58P01' });
    await assert.rejects(server.query("SELECT * FROM read_images('s3://nowhere/')"), DatabaseError);
  });

  test('REFRESH TABLE sees what came, went and changed', async () => {
    for (let i = IMAGES; i < IMAGES + 5; i++) await put(i);
    await client.send(new DeleteObjectCommand({ Bucket: 'photos', Key: keyOf(0) }));
    // Another picture under a known key.
    await client.send(
      new PutObjectCommand({ Bucket: 'photos', Key: keyOf(1), Body: colourPng([200, 100, 50]) }),
    );
    await server.query('REFRESH TABLE imgs');
    const rows = await server.query('SELECT uri, channels(image) FROM imgs');
    assert.equal(rows.length, IMAGES + 4);
    const changed = rows.filter((row) => !isRightRow(row));
    assert.deepEqual(
      changed.map(([uri, channels]) => [
        uri,
        channels?.replace(/[{}]/g, '').split(',').map(Number).map(Math.round),
      ]),
      [[`s3://photos/${keyOf(1)}`, [200, 100, 50]]],
    );
    await put(1);
    await server.query('REFRESH TABLE imgs');
  });

  test('a store that goes away in the middle: NULLs with a WARNING, errors for listings, never a hang', async () => {
    await server.query("CREATE MODEL slow FROM 's3://models/slow-channels.onnx'");
    const session = await server.connect();
    const asked = session.query('SELECT uri, slow(image) FROM imgs');
    await until('an answer', async () => {
      const rows = await server.query('SELECT sum(batch_count) FROM sqlens.workers');
      return Number(rows[0]?.[0]) > 20;
    });
    await sleep(300);
    await store.close();
    const started_ms = performance.now();
    const rows = await within(150_000, 'the query', asked);
    console.log(`the query ended ${Math.round(performance.now() - started_ms)} ms after the store`);
    assert.equal(rows.length, IMAGES + 4);
    const failed = rows.filter(([, answer]) => answer === null);
    assert.deepEqual(
      rows.filter((row) => row[1] !== null && !isRightRow(row)),
      [],
    );
    console.log(`${failed.length} of ${rows.length} images could not be read`);
    assert.ok(failed.length > 0);
    assert.deepEqual(session.notices, [
      `WARNING: ${failed.length} inputs could not be answered: the result is NULL there`,
    ]);
    const before = await server.query('SELECT count(*) FROM imgs');
    await assert.rejects(within(60_000, 'REFRESH', server.query('REFRESH TABLE imgs')), DatabaseError);
    assert.deepEqual(await server.query('SELECT count(*) FROM imgs'), before);
    await assert.rejects(
      within(60_000, 'CREATE MODEL', server.query("CREATE MODEL m FROM 's3://models/channels.keras'")),
      DatabaseError,
    );
    // What failed is tried again by the next query; what was answered needs no store.
    const again = await server.query('SELECT uri, slow(image) FROM imgs');
    assert.deepEqual(
      again.filter((row) => row[1] !== null && !isRightRow(row)),
      [],
    );
    const queries = await server.query('SELECT count(DISTINCT query_id) FROM sqlens.inference_errors');
    assert.deepEqual(queries, [['2']]);
    const known = await server.query('SELECT uri, channels(image) FROM imgs');
    assert.equal(known.filter(isRightRow).length, IMAGES + 4);
    await session.close();
  });
});
