/**
 * The protocol's speed: SQLens and, where one is installed, PostgreSQL, in one run, in alternation, with the same
 * clients. Rows by psql and by COPY, point SELECTs over one and over many connections, memory while rows stream.
 */
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { childEntry } from '../common/child-entry.ts';
import { messageOf } from '../common/errors.ts';
import type { Order, OrderReport, PointOrder } from './wire-client.ts';
import { startPostgres, startSqlens, type Target } from './wire-engines.ts';

const HELP = `Usage: npm run bench -- wire [--rows 1000000] [--points 100000] [--seconds 3] [--rounds 5]
                            [--memory-rows 10000000] [--only rows,copy,points,small,memory] [--alone]

  --alone   SQLens only, without PostgreSQL
`;

const KINDS = ['rows', 'copy', 'points', 'small', 'memory'] as const;
type Kind = (typeof KINDS)[number];

const COLUMNS = 'a, b, c, d, e';
/** Rows whose text must be the same from both servers. */
const COMPARED_ROWS = 20_000;
const CONNECTIONS = [1, 16];
const PROTOCOLS = ['prepared', 'simple'] as const;
const POINT_SELECT = 'SELECT id, name, value FROM bench_points WHERE id = $1';
/** Another session's transaction that has written: nobody may take what was read before it for what is there. */
const OPEN_WRITE: readonly string[] = ['BEGIN', "INSERT INTO bench_points VALUES (-1, 'open', 0)"];
/** One row each. What dashboards and applications send, which nothing but the engine can answer. */
const SMALL_STATEMENTS = {
  'point and condition': 'SELECT id, name FROM bench_points WHERE id = $1 AND value >= 0',
  'range, aggregated':
    'SELECT count(*), max(value) FROM bench_points WHERE id BETWEEN $1 AND 1000000 AND id % 7 = 0',
  join: 'SELECT p.name, q.value FROM bench_points p JOIN bench_points q ON q.id = p.id WHERE p.id = $1 LIMIT 1',
  'the same text again': 'SELECT count(*) AS n, min(name) AS first FROM bench_points WHERE id < 1000',
};
const MEMORY_INTERVAL_MS = 50;
const run = promisify(execFile);

interface Settings {
  readonly rows: number;
  readonly points: number;
  readonly duration_ms: number;
  readonly rounds: number;
  readonly memoryRows: number;
}

interface Measure {
  readonly name: string;
  readonly unit: string;
  /** @returns a rate */
  run(target: Target, round: number): Promise<number>;
}

export async function benchWire(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      points: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      'memory-rows': { type: 'string', default: '10000000' },
      only: { type: 'string', default: KINDS.join(',') },
      alone: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const only = new Set(values.only.split(','));
  const settings: Settings = {
    rows: Number(values.rows),
    points: Number(values.points),
    duration_ms: Number(values.seconds) * 1000,
    rounds: Number(values.rounds),
    memoryRows: Number(values['memory-rows']),
  };
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-bench-'));
  const targets: Target[] = [];
  const client = fork(childEntry(import.meta.url, './wire-client'));
  try {
    targets.push(await startSqlens(folder));
    const postgres = values.alone ? undefined : await startPostgres(folder);
    if (postgres !== undefined) targets.push(postgres);
    else process.stderr.write('PostgreSQL is not part of this run: SQLens alone\n');
    for (const target of targets) await fill(target, settings);
    await compare(targets);
    const kinds = KINDS.filter((kind) => only.has(kind));
    for (const measure of kinds.flatMap((kind) => measures(kind, settings, client))) {
      await alternate(measure, targets, settings.rounds).catch((error: unknown) => {
        process.stdout.write(`${measure.name.padEnd(42)}  failed: ${messageOf(error)}\n`);
      });
    }
    if (only.has('memory')) await measureMemory(targets, settings, client);
  } finally {
    client.kill();
    for (const target of targets) await target.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Five types of columns, and a table with a primary key. */
async function fill(target: Target, { rows, points }: Settings): Promise<void> {
  await psql(
    target,
    `CREATE TABLE bench_rows AS
       SELECT i::int AS a, sqrt(i)::double precision AS b, 'row number ' || i AS c,
              DATE '2000-01-01' + (i % 10000)::int AS d, i % 3 = 0 AS e
       FROM generate_series(1, ${rows}) AS g(i)`,
  );
  await psql(target, 'CREATE TABLE bench_points (id int PRIMARY KEY, name text, value double precision)');
  await psql(
    target,
    `INSERT INTO bench_points
       SELECT i::int, 'name ' || i, sqrt(i) FROM generate_series(0, ${points - 1}) AS g(i)`,
  );
  if (target.name === 'postgres') await psql(target, 'VACUUM ANALYZE');
}

/** Speed counts only where the answers are the same. */
async function compare(targets: readonly Target[]): Promise<void> {
  const sql = `SELECT ${COLUMNS} FROM bench_rows WHERE a <= ${COMPARED_ROWS} ORDER BY a`;
  const answers = await Promise.all(targets.map((target) => psql(target, sql)));
  if (new Set(answers).size > 1) throw new Error('the servers answer differently');
}

function measures(kind: Kind, settings: Settings, client: ChildProcess): Measure[] {
  const { rows } = settings;
  switch (kind) {
    case 'rows':
      return [
        {
          name: 'psql, rows',
          unit: 'rows/s',
          run: async (target) => rows / (await timed(target, `SELECT ${COLUMNS} FROM bench_rows`)),
        },
      ];
    case 'copy':
      return [
        {
          name: 'psql, COPY TO STDOUT',
          unit: 'rows/s',
          run: async (target) =>
            rows / (await timed(target, `COPY (SELECT ${COLUMNS} FROM bench_rows) TO STDOUT`)),
        },
      ];
    case 'points':
      return [[], OPEN_WRITE].flatMap((besideTransaction) =>
        CONNECTIONS.flatMap((connections) =>
          PROTOCOLS.map((protocol) =>
            pointMeasure(settings, client, {
              name: besideTransaction.length === 0 ? 'point SELECT' : 'point SELECT beside a writer',
              sql: POINT_SELECT,
              connections,
              protocol,
              besideTransaction,
            }),
          ),
        ),
      );
    case 'small':
      return Object.entries(SMALL_STATEMENTS).flatMap(([name, sql]) =>
        PROTOCOLS.map((protocol) =>
          pointMeasure(settings, client, { name, sql, connections: 1, protocol, besideTransaction: [] }),
        ),
      );
    case 'memory':
      return [];
  }
}

function pointMeasure(
  { duration_ms, points: idCount }: Settings,
  client: ChildProcess,
  {
    name,
    ...order
  }: Pick<PointOrder, 'sql' | 'connections' | 'protocol' | 'besideTransaction'> & {
    readonly name: string;
  },
): Measure {
  const { connections, protocol } = order;
  return {
    name: `${name}, ${protocol} × ${connections}`,
    unit: '/s',
    run: async (target, round) => {
      const { count, duration_s } = await ordered(client, {
        kind: 'points',
        ...address(target),
        ...order,
        duration_ms,
        idCount,
        seed: round * 1000,
      });
      return count / duration_s;
    },
  };
}

/** Round 0 warms both up. */
async function alternate(measure: Measure, targets: readonly Target[], rounds: number): Promise<void> {
  const rates = new Map<Target['name'], number[]>(targets.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? targets : [...targets].reverse();
    for (const target of order) {
      const rate = await measure.run(target, round);
      if (round > 0) rates.get(target.name)?.push(rate);
    }
  }
  const sqlens = rates.get('sqlens') ?? [];
  const postgres = rates.get('postgres');
  const line = [
    measure.name.padEnd(42),
    `SQLens ${whole(median(sqlens))} ${measure.unit}`.padEnd(26),
    ...(postgres === undefined
      ? []
      : [
          `PostgreSQL ${whole(median(postgres))} ${measure.unit}`.padEnd(30),
          `ratio ${median(sqlens.map((rate, at) => rate / (postgres[at] ?? Number.NaN))).toFixed(2)}`,
          `(${sqlens.map((rate, at) => (rate / (postgres[at] ?? Number.NaN)).toFixed(2)).join(' ')})`,
        ]),
  ];
  process.stdout.write(`${line.join('  ')}\n`);
}

async function measureMemory(
  targets: readonly Target[],
  { rows, memoryRows }: Settings,
  client: ChildProcess,
): Promise<void> {
  const times = Math.ceil(memoryRows / rows);
  const sql = `SELECT ${COLUMNS} FROM bench_rows`;
  const many = `SELECT ${COLUMNS} FROM generate_series(1, ${times}) AS g(i) CROSS JOIN bench_rows`;
  for (const target of targets) {
    await ordered(client, { kind: 'stream', ...address(target), sql });
    const before_bytes = await target.memory_bytes();
    let most_bytes = before_bytes;
    const sampler = setInterval(async () => {
      most_bytes = Math.max(most_bytes, await target.memory_bytes());
    }, MEMORY_INTERVAL_MS);
    const { count, duration_s } = await ordered(client, { kind: 'stream', ...address(target), sql: many });
    clearInterval(sampler);
    const growth_MB = (most_bytes - before_bytes) / 1e6;
    process.stdout.write(
      `memory over ${count} rows`.padEnd(42) +
        `  ${target.name === 'sqlens' ? 'SQLens' : 'PostgreSQL'} ${growth_MB >= 0 ? '+' : ''}${growth_MB.toFixed(0)} MB ` +
        `(from ${(before_bytes / 1e6).toFixed(0)} MB), ${whole(count / duration_s)} rows/s\n`,
    );
  }
}

function address({ host, port, user, database }: Target): {
  host: string;
  port: number;
  user: string;
  database: string;
} {
  return { host, port, user, database };
}

async function ordered(client: ChildProcess, order: Order): Promise<OrderReport> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the client failed'));
    client.once('exit', onExit);
    client.once('message', (report: OrderReport) => {
      client.off('exit', onExit);
      resolve(report);
    });
    client.send(order);
  });
}

function psqlArguments({ host, port, user, database }: Target, sql: string): string[] {
  const connection = `host=${host} port=${port} user=${user} dbname=${database}`;
  return ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-d', connection, '-c', sql];
}

/** @returns what it prints */
async function psql(target: Target, sql: string): Promise<string> {
  const { stdout } = await run('psql', psqlArguments(target, sql), { maxBuffer: 64 * 2 ** 20 });
  return stdout;
}

/** @returns seconds from the start of psql to its end, its start included */
async function timed(target: Target, sql: string): Promise<number> {
  const started_ms = performance.now();
  const child = spawn('psql', ['-o', '/dev/null', ...psqlArguments(target, sql)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`psql ended with code ${code}`);
  return (performance.now() - started_ms) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
