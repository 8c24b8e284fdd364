import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpCatalog } from './catalog-dump.testing.ts';
import { TestMirror, TestSchema } from './schema.testing.ts';

test('a mirror that asks to be filled while others wait for it, and one that lost its content', async () => {
  const mirror = await TestMirror.open();
  const schema = await TestSchema.open(mirror);
  try {
    mirror.mirror.onRebuilt = () => schema.sync.rebuild();
    await schema.connection.run('CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE VIEW v AS FROM t');
    // The first of them starts the process, which then asks to be filled.
    await Promise.all([schema.sync.upToDate(), schema.sync.upToDate(), mirror.cells('SELECT 1')]);
    const before = await dumpCatalog(mirror);
    assert.deepEqual(before.constraints, [['public.t', 't_pkey', 'PRIMARY KEY (a)']]);
    await schema.define('CREATE TABLE u (a INTEGER)');
    assert.ok(schema.sync.origins.find('public', 'u'));

    await mirror.lose();
    await schema.define('DROP TABLE u');
    assert.deepEqual(await dumpCatalog(mirror), before);
    assert.equal(mirror.mirror.stats().rebuilds, 2);
    assert.ok(schema.sync.origins.find('public', 't'));
  } finally {
    schema.close();
    await mirror.close();
  }
});
