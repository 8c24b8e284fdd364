import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Locations } from './locations.ts';

const locations = new Locations({
  allowedPaths: [],
  deniedPaths: [],
  allowedBuckets: undefined,
  allowHttp: true,
  s3: { endpoint: undefined, region: 'eu-central-1', forcePathStyle: false },
});

test('a file beside another one, in every way of naming it', () => {
  const cases: readonly (readonly [uri: string, name: string, expected: string])[] = [
    ['/models/web/model.json', 'a b%.bin', 'file:///models/web/a%20b%25.bin'],
    ['file:///models/caf%C3%A9/model.json', 'group1?#.bin', 'file:///models/caf%C3%A9/group1%3F%23.bin'],
    ['s3://bucket/model.json', 'a b%.bin', 's3://bucket/a b%.bin'],
    ['s3a://bucket/deep/er/model.json', 'w.bin', 's3://bucket/deep/er/w.bin'],
    ['https://host/m/model.json', 'w 1.bin', 'https://host/m/w%201.bin'],
    ['https://host/m/model.json?key=a/b#top', 'w?.bin', 'https://host/m/w%3F.bin?key=a/b'],
  ];
  for (const [uri, name, expected] of cases) assert.equal(locations.sibling(uri, name), expected);
});
