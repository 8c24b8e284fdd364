/**
 * Random transactions on SQLens and on PostgreSQL at once: every answer must be PostgreSQL's own, or the honest 0A000 of
 * a ROLLBACK TO that the engine cannot do. After that one the two have parted: the transaction is rolled back on both.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { findPostgres, PostgresServer } from '../postgres-server.ts';
import { makeFolders, type WorkFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';

const seed = Number(process.env.SQLENS_SEED ?? 20261122);
const ROUNDS = Number(process.env.SQLENS_CONTROL_ROUNDS ?? 100);
const MAX_STATEMENTS = 14;
const postgres = findPostgres();

let folders: WorkFolders;
let server: TestServer;
let oracle: PostgresServer | undefined;

before(async () => {
  if (postgres === undefined) return;
  folders = await makeFolders();
  await folders.reset(undefined);
  server = new TestServer(folders);
  await server.start();
  oracle = await PostgresServer.start(postgres);
});
after(async () => {
  await oracle?.close();
  if (postgres === undefined) return;
  await server.close();
  await folders.remove();
});

/** mulberry32 */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const STATEMENTS: readonly (readonly [weight: number, make: (n: number) => string])[] = [
  [6, () => 'SELECT count(*)::int AS n, coalesce(sum(i), 0)::int AS s FROM sp'],
  [8, (n) => `INSERT INTO sp VALUES (${n})`],
  [1, (n) => `UPDATE sp SET i = i + ${n % 5} WHERE i < ${n}`],
  [1, (n) => `DELETE FROM sp WHERE i = ${n}`],
  [11, (n) => `SAVEPOINT ${'ab'[n % 2]}`],
  [3, (n) => `RELEASE ${'ab'[n % 2]}`],
  [11, (n) => `ROLLBACK TO ${'ab'[n % 2]}`],
  [2, () => 'SELECT * FROM nowhere_at_all'],
  [2, () => "SELECT 'x'::int"],
  [1, () => 'SELECT 1 / (i - i) FROM sp UNION ALL SELECT 1 / 0'],
  [1, () => 'INSERT INTO sp VALUES (NULL)'],
  [2, (n) => `SET work_mem = '${64 + n}kB'`],
  [2, (n) => `SET LOCAL work_mem = '${164 + n}kB'`],
  [3, () => 'SHOW work_mem'],
  [1, () => 'RESET work_mem'],
  [1, () => 'SET TRANSACTION READ ONLY'],
  [1, () => 'SET TRANSACTION READ WRITE'],
  [1, () => 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ'],
  [2, () => 'SHOW transaction_read_only'],
  [2, () => 'SHOW transaction_isolation'],
  [3, (n) => `DECLARE ${'xy'[n % 2]} CURSOR FOR SELECT g FROM generate_series(1, 5) AS t(g)`],
  [
    1,
    (n) => `DECLARE ${'xy'[n % 2]} SCROLL CURSOR WITH HOLD FOR SELECT g FROM generate_series(1, 5) AS t(g)`,
  ],
  [4, (n) => `FETCH ${1 + (n % 3)} FROM ${'xy'[n % 2]}`],
  [1, (n) => `MOVE ABSOLUTE ${n % 6} FROM ${'xy'[n % 2]}`],
  [1, (n) => `CLOSE ${'xy'[n % 2]}`],
  [3, () => 'BEGIN'],
  [1, () => 'BEGIN READ ONLY'],
  [1, () => 'BEGIN ISOLATION LEVEL REPEATABLE READ'],
  [2, () => 'COMMIT'],
  [1, () => 'COMMIT AND CHAIN'],
  [2, () => 'ROLLBACK'],
  [1, () => 'ROLLBACK AND CHAIN'],
  [1, (n) => `SELECT count(*)::int AS n FROM sp; INSERT INTO sp VALUES (${n}); SELECT 'y'::int`],
  [1, (n) => `INSERT INTO sp VALUES (${n}); SAVEPOINT a`],
  [1, (n) => `INSERT INTO sp VALUES (${n}); COMMIT; INSERT INTO sp VALUES (${n})`],
];
const TOTAL = STATEMENTS.reduce((sum, [weight]) => sum + weight, 0);

function statement(random: () => number): string {
  let at = random() * TOTAL;
  for (const [weight, make] of STATEMENTS) {
    at -= weight;
    if (at < 0) return make(Math.floor(random() * 40));
  }
  return 'SELECT 1';
}

/** A connection and what it was told: results, errors by SQLSTATE, notices and changed parameters. */
class Side {
  readonly #client: pg.Client;
  #notices: string[] = [];
  status = '';

  constructor(port: number, user: string, database: string) {
    this.#client = new pg.Client({ host: '127.0.0.1', port, user, database, password: 'unused' });
    this.#client.on('notice', ({ code, message }) => this.#notices.push(`${code} ${message}`));
  }

  async open(): Promise<void> {
    await this.#client.connect();
  }

  async ask(sql: string): Promise<string> {
    this.#notices = [];
    const ready = new Promise<string>((resolve) => {
      this.#client.connection.once('readyForQuery', ({ status }: { readonly status: string }) =>
        resolve(status),
      );
    });
    const answer = await this.#client.query({ text: sql, rowMode: 'array' }).then(
      (result: unknown) =>
        (Array.isArray(result) ? result : [result])
          .map(({ command, rowCount, rows }) => `${command} ${rowCount} ${JSON.stringify(rows)}`)
          .join('; '),
      (error: unknown) => {
        if (!(error instanceof pg.DatabaseError)) throw error;
        return `ERROR ${error.code}`;
      },
    );
    // An error is told before the transaction's status is.
    this.status = await ready;
    return [answer, ...this.#notices, this.status].join(' | ');
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

test(`savepoints, settings, cursors and errors in random transactions (seed ${seed})`, {
  skip: postgres === undefined ? 'PostgreSQL is not installed' : false,
  timeout: 300_000,
}, async () => {
  assert.ok(oracle !== undefined);
  const random = randomFrom(seed);
  const ours = new Side(server.port, 'slt', 'sqlens');
  const theirs = new Side(oracle.port, 'wire', 'sqlens');
  await ours.open();
  await theirs.open();
  let honest = 0;
  try {
    await ours.ask('CREATE TABLE sp (i INTEGER NOT NULL)');
    await theirs.ask('CREATE TABLE sp (i INTEGER NOT NULL)');
    for (let round = 0; round < ROUNDS; round++) {
      const log: string[] = [];
      for (let at = 0; at < MAX_STATEMENTS; at++) {
        const sql = at === 0 && random() < 0.7 ? 'BEGIN' : statement(random);
        const [mine, right] = [await ours.ask(sql), await theirs.ask(sql)];
        log.push(`${sql}\n    ${right}`);
        if (/^ROLLBACK TO/.test(sql) && mine.startsWith('ERROR 0A000') && right.startsWith('ROLLBACK')) {
          assert.equal(ours.status, 'E', log.join('\n'));
          honest++;
          break;
        }
        assert.equal(mine, right, `round ${round}, seed ${seed}\n${log.join('\n')}`);
      }
      for (const sql of [
        'ROLLBACK',
        'CLOSE ALL',
        'RESET work_mem',
        'SELECT count(*)::int, sum(i)::int FROM sp',
      ]) {
        const [mine, right] = [await ours.ask(sql), await theirs.ask(sql)];
        if (sql.startsWith('SELECT'))
          assert.equal(mine, right, `round ${round}, seed ${seed}\n${log.join('\n')}`);
      }
    }
  } finally {
    await ours.close();
    await theirs.close();
  }
  assert.ok(honest > 0, 'no ROLLBACK TO met what the engine cannot undo');
});
