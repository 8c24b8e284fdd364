/** The pg_compat files on a real PostgreSQL 15: what they say of PostgreSQL is true. run.test.ts runs them on SQLens. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPostgres, PostgresServer } from './postgres-server.ts';
import { runOnPostgres } from './slt/postgres-engine.ts';

const room = path.dirname(fileURLToPath(import.meta.url));
const files = readdirSync(room).filter((file) => /^pg_compat_.*\.slt$/.test(file));
const programs = findPostgres();

test('there are pg_compat files', () => {
  assert.ok(files.length > 0);
});

if (programs === undefined) {
  test('pg_compat files on PostgreSQL', { skip: 'PostgreSQL 15 is not installed' }, () => undefined);
} else {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start(programs);
  });
  after(() => server.close());

  for (const file of files) {
    test(`${file} on PostgreSQL`, { timeout: 60_000 }, async () => {
      const count = await runOnPostgres(path.join(room, file), server.port, path.basename(file, '.slt'));
      assert.ok(count > 0, 'no record was run');
    });
  }
}
