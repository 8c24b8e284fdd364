/**
 * Writes what a server answers into the transcripts:
 *
 *   npx tsx sql-tests/wire/rewrite.ts postgres [names]   every `until` block, from a real PostgreSQL 15
 *   npx tsx sql-tests/wire/rewrite.ts sqlens [names]     the `sqlens` blocks that are there, from SQLens
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findPostgres, PostgresServer } from '../postgres-server.ts';
import { makeFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';
import { recordTranscript, type Target } from './run-transcript.ts';
import { withExpectations } from './transcript.ts';
import { readTranscripts, transcriptFolder } from './transcripts.ts';

async function start(engine: string | undefined): Promise<Target & { close(): Promise<void> }> {
  if (engine === 'postgres') {
    const programs = findPostgres();
    if (programs === undefined)
      throw new Error('PostgreSQL 15 is not installed here; PG_BIN names its folder');
    const server = await PostgresServer.start(programs);
    return { engine, port: server.port, close: () => server.close() };
  }
  if (engine !== 'sqlens') throw new Error('usage: rewrite.ts postgres|sqlens [names]');
  const folders = await makeFolders();
  await folders.reset(undefined);
  const server = new TestServer(folders);
  await server.start();
  const close = async (): Promise<void> => {
    await server.close();
    await folders.remove();
  };
  return { engine, port: server.port, close };
}

const [engine, ...only] = process.argv.slice(2);
const target = await start(engine);
try {
  for (const transcript of readTranscripts(only)) {
    const received = await recordTranscript(transcript, target).catch((error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
    if (received === undefined) continue;
    const text = withExpectations(transcript, target.engine, received);
    if (text === transcript.text) continue;
    writeFileSync(path.join(transcriptFolder, transcript.name), text);
    console.log(`rewrote ${transcript.name}`);
  }
} finally {
  await target.close();
}
