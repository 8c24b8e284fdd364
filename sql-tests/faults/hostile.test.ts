/** Model files and images from strangers, through SQL: clear errors and NULLs, nothing left, and nobody else notices. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DatabaseError } from 'pg';
import { lyingImages, tooLargeImages } from '../../image-source/decode/bombs.testing.ts';
import {
  isRightRow,
  kerasModels,
  makeScratch,
  type Scratch,
  unpackModel,
  writeColours,
} from './folders.testing.ts';
import {
  type Client,
  childrenOf,
  hasProc,
  memory_bytes,
  ServerProcess,
  sleep,
  until,
  within,
} from './server-process.testing.ts';

const MIB = 2 ** 20;
const oddImages = fileURLToPath(new URL('../../image-source/fixtures', import.meta.url));

let scratch: Scratch;
let server: ServerProcess;
let neighbour: Neighbour;

/** Another session that asks for something small all the time: it must be answered, whatever happens beside it. */
class Neighbour {
  worst_ms = 0;
  count = 0;
  #stopped = false;
  readonly #client: Client;
  readonly #running: Promise<void>;

  constructor(client: Client) {
    this.#client = client;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const started_ms = performance.now();
      const rows = await within(20_000, "a neighbour's SELECT 1", this.#client.query('SELECT 1'));
      assert.deepEqual(rows, [['1']]);
      this.worst_ms = Math.max(this.worst_ms, performance.now() - started_ms);
      this.count++;
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#client.close();
  }
}

before(async () => {
  scratch = makeScratch('hostile');
  mkdirSync(`${scratch.allowed}/models`);
  server = await ServerProcess.start({
    dataDir: scratch.dataDir,
    flags: ['--allow-path', scratch.allowed, '--allow-path', kerasModels, '--workers', '2'],
  });
  neighbour = new Neighbour(await server.connect());
});
after(async () => {
  await server?.end('SIGKILL');
  scratch?.remove();
});

describe('hostile model files', { timeout: 300_000, skip: !hasProc }, () => {
  const model = (name: string) => path.join(scratch.allowed, 'models', name);

  async function refused(file: string, message: RegExp, options = ''): Promise<void> {
    const started_ms = performance.now();
    await assert.rejects(
      within(120_000, `CREATE MODEL on ${file}`, server.query(`CREATE MODEL m FROM '${file}' ${options}`)),
      (error) => {
        assert.ok(error instanceof DatabaseError, String(error));
        assert.match(error.message, message, file);
        assert.ok(error.message.includes(path.basename(file)), `it does not name the file: ${error.message}`);
        assert.match(error.code ?? '', /^(0A|22|42|53|54|58)/, error.message);
        assert.ok((error.hint ?? '') !== '', `no hint: ${error.message}`);
        return true;
      },
    );
    const took_ms = performance.now() - started_ms;
    if (took_ms > 3_000) console.log(`${path.basename(file)}: refused after ${Math.round(took_ms)} ms`);
  }

  const FIXTURES: readonly (readonly [string, RegExp])[] = [
    ['corrupt-chunk.h5', /layer "conv" \(Conv2D\).*cannot be read/],
    ['external-storage.h5', /outside of the file/],
    ['external-link.h5', /external link/],
    ['virtual.h5', /virtual dataset/],
    ['missing-weight.h5', /layer "conv" \(Conv2D\).*missing/],
    ['wrong-shape.h5', /layer "conv" \(Conv2D\).*should have shape/],
    ['lambda.keras', /layer "doubling" \(Lambda\)/],
    ['bomb.keras', /inflates/],
    ['external-initializer.onnx', /another file/],
    ['endless-loop.onnx', /did not end within/],
    ['endless-hdf5.h5', /did not end within/],
    ['memory-bomb.onnx', /run out of memory/],
  ];
  for (const [name, message] of FIXTURES) {
    test(name, async () => refused(await unpackModel(name, path.join(scratch.allowed, 'models')), message));
  }

  test('truncated, at several places', async () => {
    const whole = readFileSync(path.join(kerasModels, 'colour.h5'));
    for (const share of [0.05, 0.5, 0.95]) {
      const file = model(`truncated-${share}.h5`);
      writeFileSync(file, whole.subarray(0, Math.floor(whole.length * share)));
      await refused(file, /damaged|truncated|cannot be read|not HDF5|cut/i);
    }
  });

  test('what is no model at all', async () => {
    writeFileSync(model('empty.h5'), '');
    await refused(model('empty.h5'), /is empty/);
    writeFileSync(model('text.h5'), 'This is no model.\n'.repeat(100));
    await refused(model('text.h5'), /text/);
    mkdirSync(model('folder.h5'));
    await refused(model('folder.h5'), /not a (regular|model) file/);
    execFileSync('mkfifo', [model('pipe.h5')]);
    await refused(model('pipe.h5'), /not a (regular|model) file/);
    await refused(model('nowhere.h5'), /does not exist/);
  });

  test('two gigabytes of zeros, one byte less and much more', async () => {
    for (const [name, size_bytes] of [
      ['zeros.h5', 2 ** 31 - 1],
      ['more-zeros.h5', 2 ** 31],
      ['a-terabyte.h5', 2 ** 40],
    ] as const) {
      writeFileSync(model(name), '');
      truncateSync(model(name), size_bytes);
      await refused(model(name), /zeros|bytes|larger|large/);
    }
  });

  test('several at once', async () => {
    const before_ms = neighbour.worst_ms;
    neighbour.worst_ms = 0;
    const counted = neighbour.count;
    const rest_bytes = memory_bytes(server.pid, 'VmRSS');
    let most_bytes = rest_bytes;
    const watch = setInterval(() => {
      most_bytes = Math.max(most_bytes, memory_bytes(server.pid, 'VmRSS'));
    }, 50);
    // Brackets that take half a gigabyte to parse, and weights that lie elsewhere.
    writeFileSync(model('brackets.json'), `{"modelTopology":${'['.repeat(8e6)}${']'.repeat(8e6)}}`);
    writeFileSync(model('values.json'), `{"modelTopology":[${'{},'.repeat(5e6)}0]}`);
    writeFileSync(model('shards.json'), manifest({ paths: ['../../secret.bin'], weights: [] }));
    writeFileSync(model('missing.json'), manifest({ paths: ['missing.bin'], weights: [] }));
    writeFileSync(
      model('huge.json'),
      manifest({ paths: ['missing.bin'], weights: [{ name: 'w', shape: [1e6, 1e6], dtype: 'float32' }] }),
    );
    const known = ['endless-loop.onnx', 'memory-bomb.onnx', 'wrong-shape.h5', 'lambda.keras'];
    const more = ['explosive.keras', 'explosive-functions.onnx', 'large-unallocated.h5', 'deep.keras'];
    for (const name of [...known, ...more]) await unpackModel(name, path.join(scratch.allowed, 'models'));
    const files = [
      ...known,
      ...more,
      'brackets.json',
      'values.json',
      'shards.json',
      'missing.json',
      'huge.json',
    ];
    await Promise.all(files.map((name) => refused(model(name), /./)));
    clearInterval(watch);
    const grown_MiB = Math.round((most_bytes - rest_bytes) / MIB);
    console.log(
      `${files.length} at once: the server grew by ${grown_MiB} MiB, the slowest small query beside them took ${Math.round(neighbour.worst_ms)} ms`,
    );
    assert.ok(grown_MiB < 400, `the server grew by ${grown_MiB} MiB`);
    assert.ok(neighbour.count > counted);
    neighbour.worst_ms = Math.max(neighbour.worst_ms, before_ms);
  });

  test('nothing is left of any of them', async () => {
    assert.deepEqual(await server.query('SELECT name FROM sqlens.models'), []);
    assert.deepEqual(readdirSync(path.join(scratch.dataDir, 'artifacts')), []);
    assert.deepEqual(readdirSync(path.join(scratch.dataDir, 'tmp')), []);
    assert.deepEqual(childrenOf(server.pid, 'compile-main'), []);
    const peak_bytes = memory_bytes(server.pid, 'VmHWM');
    const isBack = async (): Promise<boolean> => {
      // An idle process collects no garbage: a little work makes it.
      await server.query("SELECT i, repeat('x', 200) FROM range(20000) AS r(i)");
      return memory_bytes(server.pid, 'VmRSS') < 800 * MIB;
    };
    await until('memory to be back', isBack, 60_000).finally(() =>
      console.log(
        `server: ${Math.round(memory_bytes(server.pid, 'VmRSS') / MIB)} MiB, at most ${Math.round(peak_bytes / MIB)}`,
      ),
    );
    await server.query(`CREATE MODEL channels FROM '${kerasModels}/channels.keras'`);
  });
});

/** A TensorFlow.js model whose weights are listed so. */
function manifest(group: object): string {
  const config = {
    name: 'model',
    layers: [{ class_name: 'ReLU', config: { name: 'r', batch_input_shape: [null, 3] } }],
  };
  return JSON.stringify({
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config, keras_version: '2.4.0' },
    weightsManifest: [group],
  });
}

describe('hostile images', { timeout: 300_000, skip: !hasProc }, () => {
  const GOOD = 60;
  /** Files of image-source's fixtures that are no image, or not a whole one. */
  const BAD = /^(empty|svg|text|truncated.*)\.\w+$|^page\.html\.png$|^bomb\.avif$/;

  test('NULL, a WARNING and a row for each bad one; the others are right; workers stay small', async () => {
    const folder = path.join(scratch.allowed, 'mixed');
    writeColours(folder, 0, GOOD);
    for (const [name, bytes] of [...tooLargeImages(), ...lyingImages()]) {
      writeFileSync(path.join(folder, `bomb ${name.replace(/[^\w]+/g, '-')}.jpg`), bytes);
    }
    for (const name of readdirSync(oddImages)) {
      if (BAD.test(name)) cpSync(path.join(oddImages, name), path.join(folder, `bad-${name}`));
    }
    const count = readdirSync(folder).length;
    const client = await server.connect();
    await client.query(`CREATE EXTERNAL TABLE mixed OPTIONS (format = 'image', uris = ['${folder}/'])`);
    execFileSync('mkfifo', [path.join(folder, 'pipe.jpg')]);
    const pids = await server.workerPids();
    assert.equal(pids.length, 2);
    const rows = await within(120_000, 'the query', client.query('SELECT uri, channels(image) FROM mixed'));
    assert.equal(rows.length, count);
    const good = rows.filter(([uri]) => !/\/(bomb|bad-)/.test(uri ?? ''));
    assert.equal(good.length, GOOD);
    assert.deepEqual(
      good.filter((row) => !isRightRow(row)),
      [],
    );
    const failed = rows.filter(([, answer]) => answer === null).map(([uri]) => uri);
    console.log(`${failed.length} of ${count - GOOD} hostile images gave NULL`);
    assert.deepEqual(client.notices, [
      `WARNING: ${failed.length} inputs could not be answered: the result is NULL there`,
    ]);
    const told = await client.query('SELECT DISTINCT input FROM sqlens.inference_errors ORDER BY input');
    assert.deepEqual(
      told.map(([input]) => input),
      [...failed].sort(),
    );
    // What is in the fixtures as bad must be bad; a file that only lies about its size may be decoded at what it says.
    for (const name of [
      'bad-empty.jpg',
      'bad-svg.jpg',
      'bad-text.jpg',
      'bad-truncated.jpg',
      'bad-bomb.avif',
    ]) {
      assert.ok(
        failed.some((uri) => uri?.endsWith(`/${name}`)),
        `${name} did not fail`,
      );
    }
    assert.deepEqual(await server.workerPids(), pids, 'a worker died of an image');
    for (const pid of pids) {
      const peak_MiB = Math.round(memory_bytes(pid, 'VmHWM') / MIB);
      console.log(`worker ${pid}: at most ${peak_MiB} MiB`);
      assert.ok(peak_MiB > 0 && peak_MiB < 1024, `a worker took ${peak_MiB} MiB`);
    }
    await client.close();
  });

  test('bytes and what is no image at all, by every way in', async () => {
    const client = await server.connect();
    const bad = path.join(scratch.allowed, 'mixed', 'bad-truncated.jpg');
    const [[answers] = []] = await client.query(
      `SELECT count(*) FROM (VALUES ('\\x00\\x01'::BLOB), (''::BLOB), ('\\x89PNG'::BLOB)) AS v(b) WHERE channels(b) IS NULL`,
    );
    assert.equal(answers, '3');
    assert.deepEqual(
      await client.query(
        `SELECT channels('${bad}'), channels('/nowhere.jpg'), channels('file:///etc/passwd')`,
      ),
      [[null, null, null]],
    );
    await client.query("SET sqlens.on_error = 'fail'");
    await assert.rejects(client.query(`SELECT channels('${bad}')`), DatabaseError);
    await client.close();
  });

  test('other sessions were answered all the time', async () => {
    await neighbour.stop();
    console.log(
      `${neighbour.count} small queries beside all this, the slowest ${Math.round(neighbour.worst_ms)} ms`,
    );
    assert.ok(neighbour.count > 100);
    assert.deepEqual(
      await server.query("SELECT query FROM sqlens.queries WHERE query NOT LIKE '%sqlens.queries%'"),
      [],
    );
  });
});
