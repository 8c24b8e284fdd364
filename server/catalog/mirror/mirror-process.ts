/**
 * Entry of the process that runs PostgreSQL (PGlite, WebAssembly). Orders come in over a pipe and are run one after the
 * other; nothing here is asynchronous after the start, since WebAssembly can neither wait nor be interrupted: whoever
 * wants it to stop kills the process. After a crash inside WebAssembly the process ends; its memory is not to be trusted.
 */
import { readSync } from 'node:fs';
import { dieWithParent } from '../../../common/die-with-parent.ts';
import { messageOf } from '../../../common/errors.ts';
import { AnswerWriter, PIECE_BYTES, writeAll } from './answer-writer.ts';
import { hasError, readRows } from './backend-bytes.ts';
import { bootstrap } from './bootstrap/index.ts';
import { Engine } from './engine.ts';
import { FrameKind, FrameReader, frame, type Order, type Readiness, type Report } from './frames.ts';
import { queryMessage, syncMessage } from './frontend-bytes.ts';
import { DATABASE_NAME, SUPERUSER_NAME } from './names.ts';
import { EXIT_FAILED, type MirrorTask, PIPE_FD } from './task.ts';

/** What ReadyForQuery, always the last message, ends with: 'E'. */
const FAILED_TRANSACTION = 0x45;

await dieWithParent();
try {
  const task: MirrorTask = JSON.parse(process.argv[2] ?? '{}');
  serve(task.isNew ? await create(task.folder) : await reopen(task.folder), task.version);
} catch (error) {
  writeAll(frame(FrameKind.failed, Buffer.from(messageOf(error))));
  process.exit(EXIT_FAILED);
}

/**
 * initdb, after which PGlite is always in template1. So that one becomes our database and `postgres` the template: opening
 * another would cost the first catalog query of a server's life half a second more.
 */
async function create(folder: string): Promise<Engine> {
  const engine = await Engine.open(folder, undefined, undefined);
  exec(
    engine,
    `UPDATE pg_catalog.pg_database SET datname = '${DATABASE_NAME}', datistemplate = false WHERE oid = 1;
     UPDATE pg_catalog.pg_database SET datname = 'template1', datistemplate = true WHERE datname = 'postgres';
     COMMENT ON DATABASE ${DATABASE_NAME} IS NULL;
     COMMENT ON DATABASE template1 IS 'default template for new databases';
     UPDATE pg_catalog.pg_authid SET rolname = '${SUPERUSER_NAME}' WHERE oid = 10`,
  );
  return engine;
}

function reopen(folder: string): Promise<Engine> {
  return Engine.open(folder, DATABASE_NAME, SUPERUSER_NAME);
}

function serve(engine: Engine, version: string): never {
  // What it logs goes nowhere, but would be made up all the same. After initdb it even tells the client what it does.
  exec(
    engine,
    `SET client_encoding = 'UTF8'; SET client_min_messages = notice; SET log_min_messages = panic; SET log_min_error_statement = panic;
     SET search_path = pg_catalog`,
  );
  const isFilled = bootstrap((sql) => exec(engine, sql), version);
  const readiness: Readiness = { isFilled, rss_bytes: process.memoryUsage.rss() };
  writeAll(frame(FrameKind.ready, Buffer.from(JSON.stringify(readiness))));
  const reader = new FrameReader();
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (;;) {
    const size_bytes = readSync(PIPE_FD, piece);
    // The server is gone.
    if (size_bytes === 0) process.exit(0);
    reader.push(Buffer.from(piece.subarray(0, size_bytes)));
    for (let next = reader.next(); next !== undefined; next = reader.next()) obey(engine, next.body);
  }
}

function obey(engine: Engine, body: Buffer): void {
  const bytesAt = 4 + body.readUInt32BE(0);
  const order: Order = JSON.parse(body.toString('utf8', 4, bytesAt));
  const answer = new AnswerWriter(order.maxAnswer_bytes);
  const failure = order.before === '' ? undefined : refusal(engine, order.before);
  if (failure === undefined) {
    engine.run(body.subarray(bytesAt), (bytes) => answer.write(bytes));
    // This build forgets what is left of the messages after an error, but not that it waits for a Sync.
    if (answer.lastByte === FAILED_TRANSACTION) engine.run(syncMessage, () => undefined);
  }
  answer.end();
  const afterwards = order.after === '' ? undefined : refusal(engine, order.after);
  const report: Report = {
    failure: (failure ?? afterwards)?.toString('base64'),
    isTooLong: answer.isTooLong,
    rss_bytes: process.memoryUsage.rss(),
  };
  writeAll(frame(FrameKind.report, Buffer.from(JSON.stringify(report))));
}

/** What PostgreSQL says when it refuses the statements, undefined when it does not. */
function refusal(engine: Engine, sql: string): Buffer | undefined {
  const answer = collect(engine, queryMessage(sql));
  return hasError(answer) ? answer : undefined;
}

/** Runs statements of our own; returns the first value of the last one's first row. */
function exec(engine: Engine, sql: string): string | null | undefined {
  const [row] = readRows(collect(engine, queryMessage(sql)));
  return row === undefined ? undefined : Object.values(row)[0];
}

function collect(engine: Engine, messages: Buffer): Buffer {
  const pieces: Buffer[] = [];
  engine.run(messages, (bytes) => pieces.push(Buffer.from(bytes)));
  return Buffer.concat(pieces);
}
