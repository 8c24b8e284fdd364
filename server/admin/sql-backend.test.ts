import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { DuckDbBackend } from '../pgwire/testing/duckdb-backend.ts';
import type { Backend, BackendSession, PreparedStatement, SessionStart } from '../query/api.ts';
import { executeOwn } from '../query/describe/bound.ts';
import { QueryLog } from '../query/run/query-log.ts';
import type { CreateModel } from './api.ts';
import { createSqlAdminBackend } from './sql-backend.ts';

/** The views of the engine, with their types, over tables that a test can fill. */
const SETUP = [
  'CREATE SCHEMA sqlens',
  `CREATE TABLE sqlens.models (name VARCHAR, version INTEGER, is_default BOOLEAN, function VARCHAR, format VARCHAR, digest VARCHAR,
     source VARCHAR, preprocess VARCHAR, returns VARCHAR, label_count INTEGER, inputs VARCHAR, outputs VARCHAR, parameter_count BIGINT,
     size_bytes BIGINT, created_at TIMESTAMPTZ, created_by VARCHAR)`,
  `INSERT INTO sqlens.models VALUES
     ('Nasty''s', 1, true, 'f', 'onnx', 'd1', 's3://m/old', 'none', 'vector', NULL, NULL, 'y float32(3)', 10, 20, '2026-01-02 03:04:05.678901+00', 'ada'),
     ('Nasty''s', 2, false, 'f', 'onnx', 'd2', 's3://m/new', 'none', 'labels', 5, 'x', 'y', 9007199254740991, 20, '2026-01-02 03:04:05+02', 'ada')`,
  "CREATE TABLE sqlens.functions AS SELECT 'f' AS name, 'image' AS arguments, 'FLOAT' AS returns, NULL::VARCHAR AS model",
  `CREATE TABLE sqlens.image_tables AS SELECT 'public' AS schema, 'photos' AS name, ['s3://b/', '/x'] AS uris,
     TIMESTAMPTZ '2026-01-02 00:00:00+00' AS created_at, TIMESTAMPTZ '2026-01-03 00:00:00+00' AS refreshed_at, 'ada' AS created_by`,
];

/** A database whose CREATE and DROP MODEL do what a test says. */
class ScriptedBackend implements Backend {
  readonly starts: SessionStart[] = [];
  readonly statements: string[] = [];
  openSessions = 0;
  onModelStatement: (sql: string, session: BackendSession) => Promise<string> = async () => 'SELECT 1';
  readonly #database: DuckDbBackend;

  constructor(database: DuckDbBackend) {
    this.#database = database;
  }

  async openSession(start: SessionStart): Promise<BackendSession> {
    this.starts.push(start);
    const session = await this.#database.openSession(start);
    this.openSessions++;
    const prepare = session.prepare.bind(session);
    session.prepare = async (sql, types): Promise<PreparedStatement> => {
      this.statements.push(sql);
      return prepare(
        /^(CREATE|DROP|ALTER) .*MODEL/.test(sql) ? await this.onModelStatement(sql, session) : sql,
        types,
      );
    };
    const close = session.close.bind(session);
    session.close = async () => {
      this.openSessions--;
      await close();
    };
    return session;
  }
}

async function start(t: TestContext) {
  const database = await DuckDbBackend.create();
  const scripted = new ScriptedBackend(database);
  const queries = new QueryLog();
  const workers = [
    {
      slot: 0,
      pid: 1,
      state: 'ready',
      loaded: [],
      batches: 3,
      batches_under_way: 0,
      restarts: 2,
      rss_bytes: 7,
      startedAt: new Date(),
    },
  ] as const;
  let stats = {
    workers: [...workers],
    submissions: 1,
    inputs_waiting: 2,
    batches_to_retry: 3,
    quarantined: ['d'],
    tasks: [],
  };
  const admin = createSqlAdminBackend({
    backend: scripted,
    queries,
    inference: { stats: () => stats },
    errors: { total: 4 },
    answers: new Map([
      ['a', { count: 5, size_bytes: 60 }],
      ['b', { count: 7, size_bytes: 80 }],
    ]),
    connections: () => 9,
  });
  const session = await database.openSession({
    user: 'test',
    role: 'admin',
    database: 'sqlens',
    applicationName: '',
    remoteAddress: '',
    processId: 0,
    settings: new Map(),
  });
  const run = async (sql: string) => {
    const execution = await executeOwn(session, sql);
    while ((await execution.next()) !== undefined);
    await session.sync(false);
  };
  for (const sql of SETUP) await run(sql);
  t.after(async () => {
    await session.close();
    assert.equal(scripted.openSessions, 0, 'every session was closed');
    database.close();
  });
  const withoutWorkers = () => {
    stats = { ...stats, workers: [] };
  };
  return { admin, scripted, queries, run, withoutWorkers, database };
}

const { signal } = new AbortController();
const request: CreateModel = {
  name: 'fresh',
  source: { kind: 'uri', uri: 's3://m/x.h5' },
  functionName: undefined,
  returns: undefined,
  options: { preprocess: 'unit' },
  replace: false,
  user: 'http',
};

test('rows of the views come as JSON has them', async (t) => {
  const { admin } = await start(t);
  const { rows, truncated } = await admin.models(signal);
  assert.equal(truncated, false);
  assert.equal(rows.length, 1);
  assert.deepEqual(rows[0], {
    name: "Nasty's",
    version: 1,
    is_default: true,
    function: 'f',
    format: 'onnx',
    digest: 'd1',
    source: 's3://m/old',
    preprocess: 'none',
    returns: 'vector',
    label_count: null,
    inputs: null,
    outputs: 'y float32(3)',
    parameter_count: 10,
    size_bytes: 20,
    created_at: '2026-01-02T03:04:05.678Z',
    created_by: 'ada',
  });
  const { rows: versions } = await admin.modelVersions("NASTY's", signal);
  assert.deepEqual(
    versions.map(({ version }) => version),
    [2, 1],
  );
  assert.deepEqual(
    [versions[0]?.parameter_count, versions[0]?.created_at],
    [2 ** 53 - 1, '2026-01-02T01:04:05.000Z'],
  );
  assert.deepEqual((await admin.functions(signal)).rows, [
    { name: 'f', arguments: 'image', returns: 'FLOAT', model: null },
  ]);
  assert.deepEqual((await admin.tables(signal)).rows, [
    {
      schema: 'public',
      name: 'photos',
      uris: ['s3://b/', '/x'],
      created_at: '2026-01-02T00:00:00.000Z',
      refreshed_at: '2026-01-03T00:00:00.000Z',
      created_by: 'ada',
    },
  ]);
});

test('a model is found by its name in any case, in its default version', async (t) => {
  const { admin } = await start(t);
  assert.equal((await admin.model("nasty's", signal))?.source, 's3://m/old');
  assert.equal(await admin.model("nasty's' OR true --", signal), undefined);
});

test('the default version is changed, and a version dropped, by the statements for it', async (t) => {
  const { admin, scripted } = await start(t);
  scripted.onModelStatement = async () => 'UPDATE sqlens.models SET is_default = NOT is_default';
  assert.equal((await admin.setDefaultVersion("Nasty's", 2, signal)).version, 2);
  scripted.onModelStatement = async () => 'DELETE FROM sqlens.models WHERE version = 1';
  await admin.dropVersion('Na"sty\'s', 1, signal);
  assert.equal((await admin.modelVersions("Nasty's", signal)).rows.length, 1);
  assert.deepEqual(
    scripted.statements.filter((sql) => sql.includes('MODEL ')),
    ['ALTER MODEL "Nasty\'s" SET DEFAULT_VERSION = 2', 'DROP MODEL "Na""sty\'s" VERSION 1'],
  );
});

test('a list that is cut says so', async (t) => {
  const { admin, run } = await start(t);
  await run("INSERT INTO sqlens.functions SELECT 'g' || i, 'image', 'FLOAT', 'm' FROM range(10000) r(i)");
  const { rows, truncated } = await admin.functions(signal);
  assert.deepEqual([rows.length, truncated], [10_000, true]);
});

test('creating runs CREATE MODEL as the user and gives the row', async (t) => {
  const { admin, scripted } = await start(t);
  scripted.onModelStatement = async () =>
    "INSERT INTO sqlens.models SELECT * REPLACE ('Fresh' AS name) FROM sqlens.models LIMIT 1";
  const row = await admin.createModel({ ...request, user: 'ada' }, signal);
  assert.equal(row.name, 'Fresh');
  assert.equal(
    scripted.statements[0],
    `CREATE MODEL "fresh" FROM 's3://m/x.h5' OPTIONS (preprocess = 'unit')`,
  );
  assert.deepEqual(
    scripted.starts.map(({ user, database }) => [user, database]),
    [['ada', 'sqlens']],
  );
});

test('an upload is named by its file URI, and errors call it as its sender did', async (t) => {
  const { admin, scripted } = await start(t);
  scripted.onModelStatement = async (sql) => {
    assert.match(sql, / FROM 'file:\/\/\/data\/tmp%20dir\/upload-1\.h5'/);
    throw new SqlensError({
      sqlState: SqlState.dataException,
      message: 'upload-1.h5: not HDF5 (file:///data/tmp%20dir/upload-1.h5, /data/tmp dir/upload-1.h5)',
      hint: 'Save it again.',
      position: 27,
    });
  };
  const source = { kind: 'upload', path: '/data/tmp dir/upload-1.h5', fileName: 'mine.h5' } as const;
  await assert.rejects(admin.createModel({ ...request, source }, signal), (error) => {
    assert.ok(error instanceof SqlensError);
    assert.equal(error.message, 'mine.h5: not HDF5 (mine.h5, mine.h5)');
    assert.deepEqual(
      [error.sqlState, error.hint, error.position],
      [SqlState.dataException, 'Save it again.', undefined],
    );
    return true;
  });
});

test('errors lose their position: the client never saw the statement', async (t) => {
  const { admin, scripted } = await start(t);
  scripted.onModelStatement = async () => {
    throw new SqlensError({
      sqlState: SqlState.undefinedObject,
      message: 'model "x" does not exist',
      position: 12,
    });
  };
  await assert.rejects(admin.dropModel('x', signal), (error) => {
    assert.ok(error instanceof SqlensError);
    assert.deepEqual([error.sqlState, error.position], [SqlState.undefinedObject, undefined]);
    return true;
  });
  assert.deepEqual(scripted.statements, ['DROP MODEL "x"']);
});

test('a signal cancels the session that runs for it, and its reason is the error', async (t) => {
  const { admin, scripted } = await start(t);
  const controller = new AbortController();
  const reason = new SqlensError({ sqlState: SqlState.queryCanceled, message: 'the client went away' });
  scripted.onModelStatement = async (_sql, session) => {
    await new Promise<void>((resolve) => {
      session.cancel = resolve;
      controller.abort(reason);
    });
    throw new SqlensError({ sqlState: SqlState.queryCanceled, message: 'canceling statement' });
  };
  await assert.rejects(admin.createModel(request, controller.signal), (error) => error === reason);
  const opened = scripted.starts.length;
  await assert.rejects(admin.models(controller.signal), (error) => error === reason);
  assert.equal(scripted.starts.length, opened, 'nothing is opened for who has left');
});

test('statements come from the log, and are cancelled there', async (t) => {
  const { admin, queries } = await start(t);
  let cancelled = 0;
  const id = queries.nextId(3);
  const query = queries.start({
    id,
    sessionId: 3,
    user: 'ada',
    text: 'SELECT 1',
    startedAt: new Date(0),
    inferred_count: () => 11,
    cancel: () => cancelled++,
  });
  query.state = 'inferring';
  query.pass = 2;
  const [row] = admin.queries();
  assert.ok(row !== undefined && row.duration_s >= 0);
  assert.deepEqual(
    { ...row, duration_s: 0 },
    {
      query_id: id,
      session_id: 3,
      user_name: 'ada',
      state: 'inferring',
      pass: 2,
      inferred_count: 11,
      started_at: '1970-01-01T00:00:00.000Z',
      duration_s: 0,
      query: 'SELECT 1',
    },
  );
  assert.equal(admin.cancelQuery('other'), false);
  assert.equal(admin.cancelQuery(id), true);
  assert.equal(cancelled, 1);
});

test('readiness needs a worker and the database', async (t) => {
  const { admin, scripted, withoutWorkers } = await start(t);
  assert.deepEqual(await admin.ready(signal), { ready: true, reasons: [] });
  withoutWorkers();
  assert.deepEqual(await admin.ready(signal), { ready: false, reasons: ['no worker is up'] });
  scripted.openSession = () => Promise.reject(new Error('/secret/path is broken'));
  assert.deepEqual(await admin.ready(signal), {
    ready: false,
    reasons: ['no worker is up', 'the database does not answer'],
  });
});

test('metrics add up what is counted elsewhere', async (t) => {
  const { admin, queries } = await start(t);
  const start_ = (id: string) =>
    queries.start({
      id,
      sessionId: 1,
      user: 'a',
      text: '',
      startedAt: new Date(),
      inferred_count: () => 0,
      cancel: () => {},
    });
  for (const id of ['1', '2', '3', '4']) start_(id);
  queries.finish('1', false);
  queries.finish('2', false);
  queries.finish('3', true);
  queries.countPass();
  const snapshot = admin.metrics();
  assert.deepEqual(snapshot.queries, { running: 1, finished: 2, failed: 1 });
  assert.deepEqual(snapshot.answers, { count: 12, size_bytes: 140 });
  assert.deepEqual([snapshot.passes, snapshot.inferenceErrors, snapshot.connections], [1, 4, 9]);
  assert.deepEqual(
    [snapshot.submissions, snapshot.inputs_waiting, snapshot.batches_to_retry, snapshot.quarantined],
    [1, 2, 3, 1],
  );
  assert.deepEqual([snapshot.workers[0]?.slot, snapshot.workers[0]?.restarts], [0, 2]);
});
