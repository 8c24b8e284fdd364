/** image_predict and image_features over the socket of a whole server, with weights from a web server of the test's. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import pg from 'pg';
import sharp from 'sharp';
import { compileModel } from '../../models/index.ts';
import { FEATURES_OUTPUT, type NamedModel, namedModel } from '../../models/zoo/catalog.ts';
import { seededImages } from '../../models/zoo/check/seeded.ts';
import { IMAGENET_CLASSES } from '../../models/zoo/imagenet-classes.ts';
import { silentLogger } from '../../udf-registry/logger.ts';
import { readConfig } from '../config.ts';
import { passwordLine, scramSecret } from '../pgwire/index.ts';
import { type RunningServer, startServer } from '../start.ts';
import { pullCommand } from './pull-command.ts';
import { seededWeights } from './seeded-weights.testing.ts';
import { servedAs, TEST_LIMITS, WeightsServer } from './weights-server.testing.ts';

const SIZE_PX = 224;
const IMAGES = 5;

interface Prediction {
  readonly class: string;
  readonly description: string;
  readonly probability: number;
}

let folder: string;
let photos: string;
let weights: Buffer;
let web: WeightsServer;
/** Serves nothing but lies. */
let liar: WeightsServer;
let models: readonly NamedModel[];
let server: RunningServer;
let client: pg.Client;
let notices: string[] = [];

async function start(): Promise<void> {
  const users = path.join(folder, 'users');
  const flags = ['--port', '0', '--http-port', '0', '--empty', '--workers', '1', '--engine-memory', '256'];
  const config = readConfig(
    [...flags, '--data-dir', path.join(folder, 'data'), '--allow-path', photos, '--password-file', users],
    {},
  );
  server = await startServer(config, {
    logger: silentLogger,
    onProgress: () => undefined,
    namedModels: { models, limits: TEST_LIMITS },
  });
  client = await connected('anna');
}

async function connected(user: string): Promise<pg.Client> {
  const { address, port } = server.pgAddress;
  const connection = new pg.Client({ host: address, port, user, database: 'sqlens', password: `${user}'s` });
  connection.on('notice', ({ message }) => notices.push(message ?? ''));
  await connection.connect();
  return connection;
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sqlens-named-'));
  photos = path.join(folder, 'photos');
  await mkdir(photos);
  const line = (name: string, role: 'admin' | 'analyst') =>
    `${passwordLine(name, { role, secret: scramSecret(`${name}'s`) })}\n`;
  await writeFile(path.join(folder, 'users'), line('anna', 'admin') + line('bert', 'analyst'), {
    mode: 0o600,
  });
  for (let i = 0; i < IMAGES; i++) {
    const raw = { width: SIZE_PX, height: SIZE_PX, channels: 3 as const };
    await sharp(pixelsOf(i), { raw })
      .png()
      .toFile(path.join(photos, `${i}.png`));
  }
  weights = await seededWeights(namedModel('MobileNetV2'));
  web = await WeightsServer.start(weights);
  liar = await WeightsServer.start(Buffer.from('<html>Please log in</html>'));
  const gone = await WeightsServer.start(weights);
  const { origin } = gone;
  await gone.close();
  models = [
    servedAs(namedModel('MobileNetV2'), web.origin, weights),
    servedAs(namedModel('MobileNet'), web.origin, weights),
    servedAs(namedModel('ResNet50'), liar.origin, weights),
    servedAs(namedModel('VGG16'), origin, weights),
  ];
  await start();
});

after(async () => {
  await client?.end();
  await server?.close();
  await web?.close();
  await liar?.close();
  await rm(folder, { recursive: true, force: true });
});

function pixelsOf(image: number): Uint8Array {
  const length = SIZE_PX * SIZE_PX * 3;
  return seededImages(IMAGES, SIZE_PX, SIZE_PX).subarray(image * length, (image + 1) * length);
}

async function rows<T extends unknown[]>(sql: string, values: readonly string[] = []): Promise<T[]> {
  const result = await client.query<T>({ text: sql, rowMode: 'array', values: [...values] });
  return result.rows;
}

async function failure(sql: string): Promise<pg.DatabaseError> {
  try {
    await client.query(sql);
  } catch (error) {
    assert.ok(error instanceof pg.DatabaseError, String(error));
    return error;
  }
  assert.fail(`${sql} did not fail`);
}

const from = () => `FROM read_images('${photos}/*.png')`;

/** What ONNX Runtime itself makes of the compiled weights. */
async function expected(output: string | undefined, image: number): Promise<Float32Array> {
  const options = { preprocess: 'tf' as const, output, architecture: 'MobileNetV2' };
  const { manifest, onnx } = await compileModel({ name: 'weights.h5', bytes: weights }, options);
  const session = await InferenceSession.create(onnx);
  const feeds = {
    [manifest.inputs[0]?.name ?? '']: new Tensor('uint8', pixelsOf(image), [1, SIZE_PX, SIZE_PX, 3]),
  };
  const tensor = (await session.run(feeds))[manifest.outputs[0]?.name ?? ''];
  assert.ok(tensor?.data instanceof Float32Array);
  return tensor.data;
}

test('nothing is fetched to say what there is, to describe or to explain', async () => {
  const shown = await client.query('SHOW NAMED MODELS');
  assert.deepEqual(
    shown.rows.map(({ name, size, preprocess, features, here }) => ({
      name,
      size,
      preprocess,
      features,
      here,
    })),
    [
      { name: 'MobileNetV2', size: 224, preprocess: 'tf', features: 1280, here: false },
      { name: 'MobileNet', size: 224, preprocess: 'tf', features: 1024, here: false },
      { name: 'ResNet50', size: 224, preprocess: 'caffe', features: 2048, here: false },
      { name: 'VGG16', size: 224, preprocess: 'caffe', features: 512, here: false },
    ],
  );
  assert.equal(shown.rows[0]?.source, models[0]?.weights.top.url);
  await client.query(`EXPLAIN SELECT image_predict(image, 'MobileNetV2') ${from()}`);
  await client.query(
    `CREATE VIEW seen AS SELECT uri, image_features(image, 'mobilenetv2') AS features ${from()}`,
  );
  const [type] = await rows<string[]>(
    "SELECT data_type FROM duckdb_columns() WHERE table_name = 'seen' AND column_name = 'features'",
  );
  assert.deepEqual(type, ['FLOAT[1280]']);
  await client.query(`PREPARE p(text) AS SELECT image_predict($1, 'MobileNetV2', 1)[1].class`);
  await client.query(`SELECT image_predict(image, 'MobileNetV2') ${from()} LIMIT 0`);
  assert.equal(web.requests.length, 0);
});

test('two queries at once fetch the weights once, and tell how it goes', async () => {
  notices = [];
  const other = await connected('bert');
  // A chain of statements would serialise them: two sessions ask at the same time.
  const sql = `SELECT uri, image_predict(image, 'MobileNetV2') AS best ${from()} ORDER BY uri`;
  // The rest of the file comes when a client has been told that it is on its way: not with the rows behind it.
  const told = new Promise<void>((resolve) => {
    client.on('notice', ({ message }) => {
      if (message?.startsWith('fetching')) resolve();
    });
  });
  web.script.push(web.waitsFor(told, 1000));
  const [one, two] = await Promise.all([client.query(sql), other.query(sql)]);
  await other.end();
  assert.deepEqual(one.rows, two.rows);
  assert.equal(one.rows.length, IMAGES);
  assert.deepEqual(
    web.requests.map(({ path: asked }) => asked),
    [`/${models[0]?.weights.top.file}`],
  );
  assert.ok(
    notices.some((notice) => /^fetching mobilenet_v2_.*: [\d.]+ of 14\.\d MB$/.test(notice)),
    notices.join(),
  );
  assert.ok(notices.includes('compiling MobileNetV2'));
  const wanted = await expected(undefined, 2);
  const order = [...wanted.keys()].sort((a, b) => (wanted[b] ?? 0) - (wanted[a] ?? 0)).slice(0, 5);
  const best: readonly Prediction[] = one.rows[2]?.best;
  assert.deepEqual(
    best.map((prediction) => prediction.class),
    order.map((at) => IMAGENET_CLASSES[at]?.class),
  );
  assert.deepEqual(
    best.map((prediction) => prediction.description),
    order.map((at) => IMAGENET_CLASSES[at]?.description),
  );
  best.forEach((prediction, at) => {
    assert.ok(Math.abs(prediction.probability - (wanted[order[at] ?? 0] ?? 0)) < 1e-5);
  });
});

test('top_k gives as many classes as it says, in one order', async () => {
  const [row] = await rows<Prediction[][]>(
    `SELECT image_predict(image, 'MobileNetV2', 1), image_predict(image, 'MobileNetV2', 20),
       image_predict(image, 'MobileNetV2', 1000) ${from()} LIMIT 1`,
  );
  const [one, twenty, all] = row ?? [];
  assert.deepEqual([one?.length, twenty?.length, all?.length], [1, 20, 1000]);
  assert.deepEqual(all?.slice(0, 20), twenty);
  assert.deepEqual(one, all?.slice(0, 1));
  const sum = (all ?? []).reduce((total, { probability }) => total + probability, 0);
  assert.ok(Math.abs(sum - 1) < 1e-3, String(sum));
  for (const top_k of ['0', '-1', '1001']) {
    const error = await failure(`SELECT image_predict(image, 'MobileNetV2', ${top_k}) ${from()}`);
    assert.equal(error.code, '22023');
    assert.match(error.message, new RegExp(`cannot give the best ${top_k} classes`));
  }
});

test("features are the model's, and find images that look alike", async () => {
  const wanted = await expected(FEATURES_OUTPUT, 1);
  const [row] = await rows<string[]>(
    `SELECT to_json(image_features(image, 'MOBILENETV2')::FLOAT[])::VARCHAR ${from()} WHERE uri LIKE '%/1.png'`,
  );
  const features: number[] = JSON.parse(row?.[0] ?? '');
  assert.equal(features.length, 1280);
  features.forEach((value, at) => {
    assert.ok(Math.abs(value - (wanted[at] ?? 0)) < 1e-4, `${at}: ${value}, ${wanted[at]}`);
  });
  const similar = await rows<[string, number]>(
    `SELECT photo.uri, array_cosine_similarity(photo.features, wanted.features) AS similarity
     FROM seen AS photo, (SELECT image_features('${photos}/3.png', 'MobileNetV2') AS features) AS wanted
     ORDER BY similarity DESC LIMIT 3`,
  );
  assert.equal(similar.length, 3);
  assert.match(similar[0]?.[0] ?? '', /\/3\.png$/);
  assert.ok((similar[0]?.[1] ?? 0) > 0.99999);
  assert.ok((similar[1]?.[1] ?? 1) < 0.9999);
});

test('they work wherever functions do', async () => {
  const [[known] = []] = await rows<string[]>(
    `SELECT image_predict('${photos}/0.png', 'MobileNetV2')[1].class`,
  );
  assert.match(known ?? '', /^n\d{8}$/);
  const [[prepared] = []] = await rows<string[]>(`SELECT image_predict($1, 'MobileNetV2')[1].class`, [
    `${photos}/0.png`,
  ]);
  assert.equal(prepared, known);
  assert.deepEqual((await client.query(`EXECUTE p('${photos}/0.png')`)).rows, [{ class: known }]);
  await client.query(
    `CREATE TABLE kept AS SELECT uri, image, image_features(image, 'MobileNetV2') AS f ${from()}`,
  );
  assert.deepEqual(await rows('SELECT count(*)::int, count(f)::int FROM kept'), [[IMAGES, IMAGES]]);
  const [[matching] = []] = await rows<number[]>(
    `SELECT count(*)::int FROM kept WHERE image_predict(image, 'MobileNetV2')[1].class = '${known}' AND uri LIKE '%0.png'`,
  );
  assert.equal(matching, 1);
  const both = await rows(
    `SELECT image_info(image).width, len(image_predict(image, 'MobileNetV2'))::int, f = image_features(image, 'MobileNetV2')
     FROM kept LIMIT 1`,
  );
  assert.deepEqual(both, [[SIZE_PX, 5, true]]);
  const nulls = await rows("SELECT image_predict(NULL, 'MobileNetV2'), image_features(NULL, 'MobileNetV2')");
  assert.deepEqual(nulls, [[null, null]]);
});

test('an image that cannot be read is NULL, also in parts of its answer', async () => {
  notices = [];
  const answers = await rows(
    `SELECT image_predict('${photos}/none.png', 'MobileNetV2')[1].class, image_features('${photos}/none.png', 'MobileNetV2')`,
  );
  assert.deepEqual(answers, [[null, null]]);
  assert.ok(notices.some((notice) => /could not be answered/.test(notice)));
});

test('an analyst may call them, and they are listed', async () => {
  const analyst = await connected('bert');
  await analyst.query('SHOW NAMED MODELS');
  await analyst.query(`SELECT image_predict(image, 'MobileNetV2') ${from()}`);
  await analyst.end();
  const named = await rows(
    "SELECT name, returns FROM sqlens.functions WHERE name IN ('image_predict', 'image_features') ORDER BY name",
  );
  assert.deepEqual(named, [
    ['image_features', 'FLOAT[n]'],
    ['image_predict', 'STRUCT(class VARCHAR, description VARCHAR, probability FLOAT)[]'],
  ]);
  const procs = await rows<string[]>(
    `SELECT p.proname, pg_catalog.pg_get_function_arguments(p.oid) FROM pg_catalog.pg_proc p
     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'sqlens' AND p.proname LIKE 'image_p%' OR p.proname LIKE 'image_f%' ORDER BY 1`,
  );
  assert.deepEqual(
    procs.map(([name]) => name),
    ['image_features', 'image_predict'],
  );
});

test('a name must be a constant, and one of a model', async () => {
  const unknown = await failure(`SELECT image_features(image, 'MobilNetV2') ${from()}`);
  assert.equal(unknown.code, '42704');
  assert.match(unknown.message, /there is no model named "MobilNetV2"/);
  assert.match(unknown.hint ?? '', /MobileNetV2/);
  const column = await failure(`SELECT image_predict(image, uri) ${from()}`);
  assert.equal(column.code, '22023');
  assert.match(column.message, /the name of a model must be a constant/);
  assert.match(
    (await failure(`SELECT image_predict(image, NULL) ${from()}`)).message,
    /needs the name of a model, not NULL/,
  );
  assert.equal((await failure(`SELECT image_predict(image) ${from()}`)).code, '42883');
});

test('without a network, or with another file, the error says so, and nothing is left', async () => {
  const away = await failure(`SELECT image_predict(image, 'VGG16') ${from()}`);
  assert.equal(away.code, '08006');
  assert.match(
    away.message,
    /^the weights of VGG16 are not here, and could not be fetched: there is no network connection to /,
  );
  assert.match(away.hint ?? '', /sqlens model pull VGG16 --from DIR/);
  const lied = await failure(`SELECT image_predict(image, 'ResNet50') ${from()}`);
  assert.equal(lied.code, 'XX001');
  assert.match(lied.message, /resnet50_.* is not an HDF5 file/);
  const files = await readdir(path.join(folder, 'data', 'named-models', 'weights'));
  assert.deepEqual(files, [models[0]?.weights.top.file]);
});

test('SQL cannot read what is kept of them', async () => {
  const stolen = path.join(folder, 'data', 'named-models', 'weights', models[0]?.weights.top.file ?? '');
  assert.equal((await failure(`SELECT * FROM read_blob('${stolen}')`)).code, '42501');
});

test('weights can be pulled beside a running server, and artifacts outlive it', async () => {
  const printed: string[] = [];
  const io = {
    print: (text: string) => printed.push(text),
    note: () => undefined,
    signal: new AbortController().signal,
    findModel: (name: string) => {
      const model = models.find((candidate) => candidate.name === name);
      assert.ok(model !== undefined);
      return model;
    },
  };
  const bundle = path.join(folder, 'bundle');
  await mkdir(bundle);
  const file = models[1]?.weights.top.file ?? '';
  await writeFile(path.join(bundle, file), weights);
  const dataDir = path.join(folder, 'data');
  assert.equal(await pullCommand(['MobileNet', '--from', bundle, '--data-dir', dataDir], {}, io), 0);
  assert.equal(await pullCommand(['MobileNet'], { SQLENS_DATA_DIR: dataDir }, io), 0);
  assert.match(printed[0] ?? '', /^MobileNet: .*mobilenet_1_0_224_tf\.h5\n$/);
  assert.match(printed[1] ?? '', /was there already/);
  const shown = await client.query('SHOW NAMED MODELS');
  assert.deepEqual(
    shown.rows.map(({ here }) => here),
    [true, true, false, false],
  );
  await assert.rejects(
    pullCommand(['VGG16', '--from', bundle, '--data-dir', dataDir], {}, io),
    /cannot be read/,
  );
  await client.end();
  await server.close();
  await start();
  const asked = web.requests.length;
  notices = [];
  await client.query(
    `SELECT image_predict(image, 'MobileNetV2'), image_features(image, 'MobileNetV2') ${from()}`,
  );
  assert.equal(web.requests.length, asked);
  assert.ok(!notices.includes('compiling MobileNetV2'));
});
