import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { SqlensError } from '../../common/errors.ts';
import { bundledModel, generateTrafficImages } from './index.ts';
import { imageName, renderTrafficImage, writeTrafficImages } from './traffic-signs/generator.ts';
import { Random, SPLITS, streamKey } from './traffic-signs/random.ts';
import { TRAFFIC_SIGNS } from './traffic-signs/signs.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sqlens-signs-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function listing(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true });
  return entries.filter((entry) => entry.endsWith('.jpg')).sort();
}

describe('the bundled model', () => {
  it('is an HDF5 file under 1 MB', async () => {
    const bytes = await readFile(bundledModel.path);
    assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89HDF\r\n\x1a\n');
    assert.ok(bytes.length < 1_000_000, `${bytes.length} bytes`);
  });

  it('has its labels in the order of labels.txt, at least eight and all different', async () => {
    const lines = (await readFile(bundledModel.labelsPath, 'utf8')).trimEnd().split('\n');
    assert.deepEqual(bundledModel.labels, lines);
    assert.equal(new Set(lines).size, lines.length);
    assert.ok(lines.length >= 8);
  });
});

describe('random streams', () => {
  it('never meet across splits, seeds, classes and images', () => {
    const keys = new Set<string>();
    const firsts = new Set<string>();
    let count = 0;
    for (const split of SPLITS)
      for (const seed of [0, 1, 11])
        for (const sign of [0, 1, 11])
          for (const image of [0, 1, 11, 111]) {
            const key = streamKey(split, seed, sign, image);
            const random = new Random(key);
            keys.add(key);
            firsts.add(`${random.uint32()} ${random.uint32()}`);
            count++;
          }
    assert.equal(keys.size, count);
    assert.equal(firsts.size, count);
  });

  it('are uniform where they say so and normal where they say so', () => {
    const random = new Random('test');
    const draws = 20_000;
    let [sum, noise, noiseSquared] = [0, 0, 0];
    const counts = new Map<number, number>();
    for (let draw = 0; draw < draws; draw++) {
      sum += random.between(0, 1);
      const value = random.noise();
      noise += value;
      noiseSquared += value * value;
      const side = random.integer(1, 6);
      counts.set(side, (counts.get(side) ?? 0) + 1);
    }
    assert.ok(Math.abs(sum / draws - 0.5) < 0.01);
    assert.ok(Math.abs(noise / draws) < 0.03);
    assert.ok(Math.abs(noiseSquared / draws - 1) < 0.05);
    assert.deepEqual([...counts.keys()].sort(), [1, 2, 3, 4, 5, 6]);
    for (const count of counts.values()) assert.ok(Math.abs(count / draws - 1 / 6) < 0.02);
  });
});

describe('the generator', () => {
  it('gives the same bytes for the same seed, others for another seed, split, class or index', async () => {
    const first = await renderTrafficImage('sample', 7, 'stop', 3);
    assert.deepEqual(await renderTrafficImage('sample', 7, 'stop', 3), first);
    const others = await Promise.all([
      renderTrafficImage('sample', 8, 'stop', 3),
      renderTrafficImage('train', 7, 'stop', 3),
      renderTrafficImage('sample', 7, 'yield', 3),
      renderTrafficImage('sample', 7, 'stop', 4),
    ]);
    for (const other of others) assert.notDeepEqual(other, first);
  });

  it('draws JPEGs of 64 to 160 pixels in which the sign can be told from its surroundings', async () => {
    for (const sign of TRAFFIC_SIGNS) {
      const image = sharp(await renderTrafficImage('sample', 5, sign, 0));
      const { format, width, height } = await image.metadata();
      assert.equal(format, 'jpeg');
      assert.ok(Math.min(width, height) >= 64 && Math.max(width, height) <= 160, `${width}×${height}`);
      const { channels } = await image.stats();
      assert.equal(channels.length, 3);
      assert.ok(Math.max(...channels.map((channel) => channel.stdev)) > 5, `${sign} is flat`);
    }
  });

  it('gives every image of every class a name of its own', () => {
    const names = TRAFFIC_SIGNS.flatMap((sign) =>
      Array.from({ length: 300 }, (_, index) => imageName(sign, index)),
    );
    assert.equal(new Set(names).size, names.length);
  });

  it('writes the same hive folders in a child process as in this one', async () => {
    const [inChild, here] = [join(folder, 'child', 'traffic_imgs'), join(folder, 'here')];
    const progress: number[] = [];
    const written = await generateTrafficImages(inChild, {
      perClass: 2,
      seed: 9,
      onProgress: (done) => progress.push(done),
    });
    const total = 2 * TRAFFIC_SIGNS.length;
    assert.deepEqual(written, { created: true, images: total });
    assert.deepEqual(
      progress,
      Array.from({ length: total }, (_, index) => index + 1),
    );
    await writeTrafficImages(here, { split: 'sample', perClass: 2, seed: 9 });
    const files = await listing(here);
    assert.deepEqual(await listing(inChild), files);
    assert.deepEqual((await readdir(here)).sort(), TRAFFIC_SIGNS.map((sign) => `label=${sign}`).sort());
    assert.equal(files.length, total);
    for (const file of files) {
      assert.deepEqual(await readFile(join(inChild, file)), await readFile(join(here, file)), file);
    }
    assert.deepEqual((await readdir(join(folder, 'child'))).sort(), ['traffic_imgs']);
  });

  it('leaves images that are there as they are, and replaces what a crash left half written', async () => {
    const dir = join(folder, 'twice');
    await mkdir(join(folder, '.twice.partial', 'label=stop'), { recursive: true });
    await writeFile(join(folder, '.twice.partial', 'label=stop', 'torn.jpg'), 'x');
    const first = await generateTrafficImages(dir, { perClass: 1 });
    assert.deepEqual(first, { created: true, images: TRAFFIC_SIGNS.length });
    assert.ok(!(await listing(dir)).some((file) => file.endsWith('torn.jpg')));
    await rm(join(dir, 'label=stop'), { recursive: true });
    const { mtimeMs } = await stat(join(dir, 'label=yield'));
    const second = await generateTrafficImages(dir, { perClass: 1, seed: 2 });
    assert.deepEqual(second, { created: false, images: TRAFFIC_SIGNS.length - 1 });
    assert.equal((await stat(join(dir, 'label=yield'))).mtimeMs, mtimeMs);
  });

  it('refuses a folder with other files and numbers out of range, and leaves nothing behind', async () => {
    const dir = join(folder, 'documents');
    await mkdir(dir);
    await writeFile(join(dir, 'letter.txt'), 'dear');
    const refused = (error: unknown) => error instanceof SqlensError && error.hint !== undefined;
    await assert.rejects(generateTrafficImages(dir, { perClass: 1 }), refused);
    assert.equal(await readFile(join(dir, 'letter.txt'), 'utf8'), 'dear');
    for (const options of [
      { perClass: 0 },
      { perClass: 1.5 },
      { perClass: 5001 },
      { seed: -1 },
      { seed: Number.NaN },
    ]) {
      await assert.rejects(
        generateTrafficImages(join(folder, 'never'), options),
        refused,
        JSON.stringify(options),
      );
    }
    const names = await readdir(folder);
    assert.ok(!names.some((name) => name.includes('never') || name.endsWith('.partial')), names.join());
  });

  it('stops when aborted, and the next call starts afresh', async () => {
    const dir = join(folder, 'aborted');
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = generateTrafficImages(dir, {
      perClass: 50,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(running, reason);
    await assert.rejects(stat(dir), { code: 'ENOENT' });
    await assert.rejects(generateTrafficImages(dir, { signal: controller.signal }), reason);
    assert.equal((await generateTrafficImages(dir, { perClass: 1 })).created, true);
  });
});
