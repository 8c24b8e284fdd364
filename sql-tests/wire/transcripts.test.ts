/**
 * Every transcript on SQLens, and, where PostgreSQL 15 is installed, on PostgreSQL. `WIRE=copy,cursor npx tsx --test
 * sql-tests/wire/transcripts.test.ts` runs those whose names contain one of these.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findPostgres, PostgresServer } from '../postgres-server.ts';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';
import { pending } from './pending.ts';
import { checkTranscript } from './run-transcript.ts';
import { readTranscripts } from './transcripts.ts';

const transcripts = readTranscripts(process.env.WIRE?.split(','));
const timeout = 60_000;

test('at least 60 transcripts, none pending that is not there', () => {
  const all = readTranscripts();
  assert.ok(all.length >= 60, `there are ${all.length}`);
  const names = new Set(all.map(({ name }) => name));
  for (const name of pending.keys()) assert.ok(names.has(name), `${name} is pending but not there`);
});

describe('on SQLens', () => {
  let folders: WorkFolders;
  let server: TestServer;
  before(async () => {
    folders = await makeFolders();
    await folders.reset(undefined);
    server = new TestServer(folders);
    await server.start();
    // The catalog starts with its first statement, and names of tables' columns in results come from it.
    await (await server.session('first')).query('SELECT count(*) FROM pg_class');
  });
  after(async () => {
    await server.close();
    await folders.remove();
  });
  for (const transcript of transcripts) {
    const reason = pending.get(transcript.name);
    const todo = reason === undefined ? false : `pending: ${reason}`;
    test(`${transcript.name}: ${transcript.title}`, { timeout, todo }, async (context) => {
      await checkTranscript(transcript, { engine: 'sqlens', port: server.port });
      if (reason !== undefined)
        context.diagnostic(`${transcript.name} passes: take it off the list in pending.ts`);
    });
  }
});

const programs = findPostgres();
const skip =
  programs === undefined && 'PostgreSQL 15 is not installed; set PG_BIN to the folder of its programs';

describe('on PostgreSQL 15', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await PostgresServer.start(programs ?? '');
  });
  after(() => server.close());
  for (const transcript of transcripts) {
    test(`${transcript.name}: ${transcript.title}`, { timeout }, () =>
      checkTranscript(transcript, { engine: 'postgres', port: server.port }),
    );
  }
});
