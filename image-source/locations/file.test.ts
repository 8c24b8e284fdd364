import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { LocationPolicy } from '../api.ts';
import { Locations } from './locations.ts';

const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'sqlens-files-')));
after(() => rmSync(root, { recursive: true, force: true }));

const allowed = path.join(root, 'allowed');
const secret = path.join(root, 'secret');
const data = path.join(allowed, 'sqlens-data');

const policy: LocationPolicy = {
  allowedPaths: [allowed],
  deniedPaths: [data],
  allowedBuckets: undefined,
  allowHttp: false,
  s3: { endpoint: undefined, region: 'us-east-1', forcePathStyle: true },
};
const locations = new Locations(policy);
const LIMIT = { maxSize_bytes: 1_000 };

function write(name: string, content = name): string {
  const file = path.join(root, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

async function listedUris(pattern: string): Promise<string[]> {
  const uris: string[] = [];
  for await (const page of locations.list(pattern)) uris.push(...page.map(({ uri }) => uri));
  return uris;
}

async function listed(pattern: string, options = {}): Promise<string[]> {
  const names: string[] = [];
  for await (const page of locations.list(pattern, options)) {
    for (const { uri } of page) names.push(decodeURIComponent(uri.slice(`file://${allowed}/`.length)));
  }
  return names;
}

write('secret/key.jpg');
write('secret/deep/x.jpg');
write('allowed/sqlens-data/artifact.jpg');
mkdirSync(path.join(allowed, 'empty'), { recursive: true });
for (const name of [
  'tree/a.jpg',
  'tree/a-b.jpg',
  'tree/a/x.PNG',
  'tree/ab.jpeg',
  'tree/readme.txt',
  'tree/.hidden.jpg',
  'tree/.git/y.jpg',
  'tree/noextension',
  "tree/label=potter's_wheel/ü 😀 100%#?+&.jpg",
  'tree/label=a%2Fb/split=train/z.webp',
  'tree/label=__HIVE_DEFAULT_PARTITION__/n.gif',
  'tree/photo[1].jpg',
  'tree/photo1.jpg',
  'tree/star*.jpg',
]) {
  write(`allowed/${name}`);
}

test('a folder lists its images below it, in byte order, hidden files left out', async () => {
  const uris: string[] = [];
  for await (const page of locations.list(path.join(allowed, 'tree')))
    uris.push(...page.map(({ uri }) => uri));
  assert.deepEqual(uris, [...uris].sort());
  assert.deepEqual(
    uris.map((uri) => decodeURIComponent(uri.slice(`file://${allowed}/tree/`.length))).sort(),
    [
      'a-b.jpg',
      'a.jpg',
      'a/x.PNG',
      'ab.jpeg',
      'label=__HIVE_DEFAULT_PARTITION__/n.gif',
      'label=a%2Fb/split=train/z.webp',
      "label=potter's_wheel/ü 😀 100%#?+&.jpg",
      'photo[1].jpg',
      'photo1.jpg',
      'star*.jpg',
    ].sort(),
  );
  assert.deepEqual(await listed(`file://${allowed}/tree/`), await listed(path.join(allowed, 'tree')));
});

test('every listed URI can be read, is canonical, and lists itself', async () => {
  for await (const page of locations.list(path.join(allowed, 'tree'))) {
    for (const object of page) {
      const { bytes, version } = await locations.read(object.uri, LIMIT);
      assert.equal(locations.canonicalUri(object.uri), object.uri);
      assert.equal(locations.canonicalPattern(object.uri), object.uri);
      assert.equal(version, object.version);
      assert.equal(bytes.length, object.size_bytes);
      assert.equal(path.join(root, Buffer.from(bytes).toString()), decodeURIComponent(object.uri.slice(7)));
      assert.deepEqual(await listedUris(object.uri), [object.uri]);
    }
  }
});

test('partitions are decoded', async () => {
  const partitions = new Map<string, Record<string, string>>();
  for await (const page of locations.list(path.join(allowed, 'tree'))) {
    for (const object of page)
      partitions.set(path.basename(object.uri), Object.fromEntries(object.partitions));
  }
  assert.deepEqual(partitions.get('z.webp'), { label: 'a/b', split: 'train' });
  assert.deepEqual(partitions.get('%C3%BC%20%F0%9F%98%80%20100%25%23%3F+&.jpg'), { label: "potter's_wheel" });
  assert.deepEqual(partitions.get('n.gif'), {});
  assert.deepEqual(partitions.get('a.jpg'), {});
  const below = (await locations.list(path.join(allowed, 'tree/label=a%2Fb/split=train/*.webp')).next())
    .value?.[0];
  assert.deepEqual(Object.fromEntries(below?.partitions ?? []), { label: 'a/b', split: 'train' });
});

test('globs', async () => {
  const tree = path.join(allowed, 'tree');
  assert.deepEqual(
    await listed(`${tree}/*.jpg`),
    ['a-b.jpg', 'a.jpg', 'photo[1].jpg', 'photo1.jpg', 'star*.jpg'].map((name) => `tree/${name}`),
  );
  assert.deepEqual(await listed(`${tree}/**/*.{webp,gif}`), [
    'tree/label=__HIVE_DEFAULT_PARTITION__/n.gif',
    'tree/label=a%2Fb/split=train/z.webp',
  ]);
  assert.deepEqual(await listed(`${tree}/a?.jpeg`), ['tree/ab.jpeg']);
  assert.deepEqual(await listed(`${tree}/[p-r]*1.jpg`), ['tree/photo1.jpg']);
  assert.deepEqual(await listed(`${tree}/*.nothing`), []);
  // A name that exists is itself, whatever a glob would make of it.
  assert.deepEqual(await listed(`${tree}/photo[1].jpg`), ['tree/photo[1].jpg']);
  assert.deepEqual(await listed(`${tree}/star\\*.jpg`), ['tree/star*.jpg']);
  assert.deepEqual(await listed(`file://${tree}/star%2A.jpg`), ['tree/star*.jpg']);
  // Explicit names list what they match; bare wildcards ask for images.
  assert.deepEqual(await listed(`${tree}/read*`), ['tree/readme.txt']);
  assert.ok(!(await listed(`${tree}/*`)).includes('tree/readme.txt'));
  assert.ok((await listed(`${tree}/**`)).includes('tree/a/x.PNG'));
  assert.deepEqual(await listed(`${tree}/.h*`), ['tree/.hidden.jpg']);
  assert.deepEqual(await listed(`${tree}/{a,label=*/split=train}/*`), [
    'tree/a/x.PNG',
    'tree/label=a%2Fb/split=train/z.webp',
  ]);
});

test('a single file is listed whatever it is called; an empty folder has nothing', async () => {
  assert.deepEqual(await listed(path.join(allowed, 'tree/noextension')), ['tree/noextension']);
  assert.deepEqual(await listed(path.join(allowed, 'empty')), []);
});

test('canonical patterns are absolute and keep what a glob interprets', async () => {
  const relative = path.relative(process.cwd(), allowed);
  assert.equal(
    locations.canonicalPattern(`${relative}/ü x/**/*.{jpg,png}`),
    `file://${allowed}/%C3%BC%20x/**/*.{jpg,png}`,
  );
  assert.equal(
    locations.canonicalPattern(`${allowed}/tree/star\\*.jpg`),
    `file://${allowed}/tree/star%2A.jpg`,
  );
  const pattern = locations.canonicalPattern(`${allowed}/tree/label=pot*/*`);
  assert.deepEqual(await listed(pattern), ["tree/label=potter's_wheel/ü 😀 100%#?+&.jpg"]);
  assert.equal(locations.canonicalUri(`file:${allowed}/x/../a b.jpg`), `file://${allowed}/a%20b.jpg`);
});

test('pages have the asked size, and too many objects are an error', async () => {
  const sizes: number[] = [];
  for await (const page of locations.list(path.join(allowed, 'tree'), { pageSize: 4 }))
    sizes.push(page.length);
  assert.deepEqual(sizes, [4, 4, 2]);
  await assert.rejects(listed(path.join(allowed, 'tree'), { maxObjects: 9 }), { sqlState: '54000' });
  assert.equal((await listed(path.join(allowed, 'tree'), { maxObjects: 10 })).length, 10);
});

test('the version changes with the content, also when size and time stay', async () => {
  const file = write('allowed/version/x.jpg', 'one');
  const time = new Date(1_700_000_000_000);
  utimesSync(file, time, time);
  const first = await locations.stat(file);
  assert.deepEqual(await locations.stat(file), first);
  assert.equal(first.lastModified.getTime(), time.getTime());
  const other = write('allowed/version/y.jpg', 'two');
  utimesSync(other, time, time);
  renameSync(other, file);
  const second = await locations.stat(file);
  assert.notEqual(second.version, first.version);
  await assert.rejects(locations.read(file, { ...LIMIT, version: first.version }), { sqlState: '55000' });
  assert.equal(
    Buffer.from((await locations.read(file, { ...LIMIT, version: second.version })).bytes).toString(),
    'two',
  );
});

test('what is not there, too large or no file is refused by name', async () => {
  await assert.rejects(locations.read(`${allowed}/none.jpg`, LIMIT), {
    sqlState: '58P01',
    message: /none\.jpg" does not exist/,
  });
  await assert.rejects(locations.read(`${allowed}/tree/a.jpg/x`, LIMIT), { sqlState: '58P01' });
  await assert.rejects(listed(`${allowed}/none/`), { sqlState: '58P01' });
  await assert.rejects(listed(`${allowed}/none/*.jpg`), { sqlState: '58P01' });
  await assert.rejects(locations.read(`${allowed}/tree`, LIMIT), {
    sqlState: '42809',
    message: /not a regular file/,
  });
  await assert.rejects(locations.read(`${allowed}/tree/a.jpg`, { maxSize_bytes: 3 }), { sqlState: '54000' });
  await assert.rejects(locations.read(`${allowed}/${'n'.repeat(300)}`, LIMIT), { sqlState: '58P01' });
  const signal = AbortSignal.abort(new Error('stop'));
  await assert.rejects(locations.read(`${allowed}/tree/a.jpg`, { ...LIMIT, signal }), { message: 'stop' });
});

test('a pipe is refused at once and not listed', { skip: process.platform === 'win32' }, async () => {
  mkdirSync(path.join(allowed, 'pipes'), { recursive: true });
  const pipe = path.join(allowed, 'pipes/pipe.jpg');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(locations.read(pipe, LIMIT), { sqlState: '42809' });
  await assert.rejects(listed(pipe), { sqlState: '42809' });
  assert.deepEqual(await listed(path.join(allowed, 'pipes')), []);
});

test('nothing outside the allowed folders is read or listed, by whatever spelling', async () => {
  symlinkSync(secret, path.join(allowed, 'link-to-folder'));
  symlinkSync(path.join(secret, 'key.jpg'), path.join(allowed, 'link.jpg'));
  symlinkSync(path.join(secret, 'missing.jpg'), path.join(allowed, 'dangling.jpg'));
  symlinkSync('../allowed/../secret/key.jpg', path.join(allowed, 'relative.jpg'));
  const outside = [
    '/etc/passwd',
    'file:///etc/passwd',
    'file:/etc/passwd',
    'file://localhost/etc/passwd',
    'FILE:///etc/passwd',
    '/etc/does-not-exist',
    `${allowed}/../secret/key.jpg`,
    `${allowed}/../secret/missing.jpg`,
    `file://${allowed}/%2e%2e/secret/key.jpg`,
    `file://${allowed}/tree/%2E%2E/../../secret/key.jpg`,
    `${allowed}/link.jpg`,
    `${allowed}/relative.jpg`,
    `${allowed}/link-to-folder/key.jpg`,
    `${allowed}/link-to-folder/missing.jpg`,
    `${allowed}-sibling/x.jpg`,
    '/proc/self/environ',
    `${data}/artifact.jpg`,
    data,
    `${data}/missing`,
  ];
  for (const text of outside) {
    for (const attempt of [
      () => locations.read(text, LIMIT),
      () => locations.stat(text),
      () => listed(text),
    ]) {
      await assert.rejects(attempt, { name: 'SqlensError', sqlState: '42501' }, text);
    }
  }
  await assert.rejects(locations.read('/etc/passwd', LIMIT), { hint: /--allow-path \/etc/ });
  await assert.rejects(listed('/etc/*'), { sqlState: '42501' });
  await assert.rejects(listed(`${allowed}/link-to-folder/*.jpg`), { sqlState: '42501' });
  await assert.rejects(listed('/**'), { sqlState: '42501' });
  // A link inside a listed folder that leads outside is named, not silently passed over.
  await assert.rejects(listed(allowed), { sqlState: '42501', message: /link/ });
  for (const name of ['link-to-folder', 'link.jpg', 'relative.jpg']) rmSync(path.join(allowed, name));
  // The data directory below an allowed folder is passed over; a dangling link is a missing file.
  const names = await listed(allowed);
  assert.ok(names.includes('tree/a.jpg'));
  assert.ok(!names.some((name) => name.startsWith('sqlens-data') || name.startsWith('dangling')));
});

test('texts that name no file are refused', async () => {
  const invalid = [
    '',
    `${allowed}/a\0.jpg`,
    `file://${allowed}/a%00.jpg`,
    `file://${allowed}/tree%2Fa.jpg`,
    `file://${allowed}/%zz`,
    `file://${allowed}/%ff`,
    'file://host/share/x.jpg',
    'file:relative.jpg',
    `${allowed}/\ud800.jpg`,
    'ftp://host/x.jpg',
    'gs://bucket/x.jpg',
    'data://x',
    `/${'x'.repeat(9_000)}`,
  ];
  for (const text of invalid) {
    assert.throws(() => locations.canonicalUri(text), { sqlState: '22023' }, text);
    await assert.rejects(locations.read(text, LIMIT), { sqlState: '22023' }, text);
    await assert.rejects(listed(text), { sqlState: '22023' }, text);
  }
});

test('links inside the allowed folders are followed, loops end', async () => {
  const loops = path.join(allowed, 'loops');
  write('allowed/loops/in/x.jpg');
  symlinkSync(loops, path.join(loops, 'in/up'));
  symlinkSync('.', path.join(loops, 'self'));
  symlinkSync('circle', path.join(loops, 'circle'));
  symlinkSync(path.join(allowed, 'tree/a'), path.join(loops, 'other'));
  symlinkSync(path.join(allowed, 'tree/a.jpg'), path.join(loops, 'b.jpg'));
  assert.deepEqual(await listed(loops), ['loops/b.jpg', 'loops/in/x.jpg', 'loops/other/x.PNG']);
  assert.equal(
    Buffer.from((await locations.read(`${loops}/other/x.PNG`, LIMIT)).bytes).toString(),
    'allowed/tree/a/x.PNG',
  );
});

test('links that multiply end at the depth limit, not after years', async () => {
  // Each folder reaches every other one by links: without a limit the walk doubles with every level.
  const maze = path.join(allowed, 'maze');
  const rooms = Array.from({ length: 3 }, (_, index) => path.join(maze, `room${index}`));
  for (const room of rooms) mkdirSync(room, { recursive: true });
  for (const room of rooms) {
    for (const other of rooms) symlinkSync(other, path.join(room, path.basename(other)));
    writeFileSync(path.join(room, 'x.jpg'), 'x');
  }
  // No folder is entered twice on one way down: 3 rooms in every order, 3 + 6 + 6 ways to a picture.
  assert.equal((await listed(maze)).length, 15);
  const deep = path.join(allowed, 'deep', ...Array(70).fill('d'));
  mkdirSync(deep, { recursive: true });
  await assert.rejects(listed(path.join(allowed, 'deep')), {
    sqlState: '54000',
    message: /more than 64 folders/,
  });
});

test('a folder exchanged for a link while it is used never gives what lies outside', async () => {
  // Races the reader against a swap of the folder; each read gives the allowed bytes or an error.
  const place = path.join(allowed, 'race');
  write('race-good/key.jpg', 'good');
  write('race-bad/key.jpg', 'bad!');
  renameSync(path.join(root, 'race-good'), place);
  const aside = path.join(allowed, 'race-aside');
  let isDone = false;
  const swapping = (async () => {
    while (!isDone) {
      renameSync(place, aside);
      symlinkSync(path.join(root, 'race-bad'), place);
      await new Promise((resolve) => setImmediate(resolve));
      rmSync(place);
      renameSync(aside, place);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const outcomes = { good: 0, refused: 0 };
  for (let round = 0; round < 500; round++) {
    const read = await locations.read(`${place}/key.jpg`, LIMIT).catch((error: Error) => error);
    if (read instanceof Error) {
      outcomes.refused++;
    } else {
      assert.equal(Buffer.from(read.bytes).toString(), 'good');
      outcomes.good++;
    }
  }
  isDone = true;
  await swapping;
  assert.ok(outcomes.good > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
});
