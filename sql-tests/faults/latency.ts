/**
 * Measures what one session feels of the others: `SELECT 1` while a long inference runs, while a statement over
 * 200,000 answered rows aggregates, and while one streams all its rows. The server, the loading clients and the
 * measuring client are processes of their own. Run by hand: npx tsx sql-tests/faults/latency.ts [seconds]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { graphs, kerasModels, makeScratch, writeColours } from './folders.testing.ts';
import { Client, ServerProcess, sleep, until } from './server-process.testing.ts';

const ROWS = 200_000;
const IMAGES = 500;

const LOADS: readonly (readonly [string, string | undefined])[] = [
  ['nothing', undefined],
  ['a long inference', 'SELECT count(rounds([300 + random()::FLOAT])) FROM range(4000)'],
  ['200,000 answered rows, aggregated', 'SELECT count(*), sum(channels(image)[1]) FROM many'],
  ['200,000 answered rows, streamed', 'SELECT id, uri, channels(image) FROM many'],
];

/** In a process of its own: asks SELECT 1 until it is told to stop, then tells what it took. */
async function measure(port: number): Promise<void> {
  const client = await Client.open(port);
  const taken_ms: number[] = [];
  let going = true;
  process.on('message', () => {
    going = false;
  });
  while (going) {
    const started_ms = performance.now();
    await client.query('SELECT 1');
    taken_ms.push(performance.now() - started_ms);
    await sleep(5);
  }
  process.send?.(taken_ms);
  process.disconnect();
  await client.close();
}

/** In a process of its own: runs a statement again and again, and reads all its rows. */
async function load(port: number, sql: string): Promise<void> {
  const client = await Client.open(port);
  let runs = 0;
  process.on('message', () => {
    process.send?.(runs);
    process.exit(0);
  });
  for (;;) {
    await client.query(sql);
    runs++;
  }
}

async function main(seconds: number): Promise<void> {
  const scratch = makeScratch('latency');
  writeColours(`${scratch.allowed}/imgs`, 0, IMAGES);
  const allow = ['--allow-path', scratch.allowed, '--allow-path', kerasModels, '--allow-path', graphs];
  const server = await ServerProcess.start({ dataDir: scratch.dataDir, flags: allow });
  try {
    await server.query(
      `CREATE EXTERNAL TABLE imgs OPTIONS (format = 'image', uris = ['${scratch.allowed}/imgs/'])`,
    );
    await server.query(`CREATE MODEL channels FROM '${kerasModels}/channels.keras'`);
    await server.query(`CREATE MODEL rounds FROM '${graphs}/rounds.onnx'`);
    const copies = ROWS / IMAGES;
    await server.query(
      `CREATE TABLE many AS SELECT row_number() OVER () AS id, uri, image FROM imgs, range(${copies})`,
    );
    await server.query('SELECT count(channels(image)) FROM imgs');
    await until('workers', async () => (await server.workerPids()).length > 0);
    console.log(
      `load average ${loadavg()
        .map((value) => value.toFixed(1))
        .join(' ')}, ${seconds} s each`,
    );
    for (const [name, sql] of LOADS) {
      const loader = sql === undefined ? undefined : child('load', server.port, sql);
      await sleep(1_500);
      const measurer = child('measure', server.port);
      await sleep(seconds * 1_000);
      const taken_ms = await stop(measurer);
      const runs = loader === undefined ? 0 : await stop(loader);
      if (!Array.isArray(taken_ms)) throw new Error('no measurements came');
      const sorted = taken_ms.map(Number).sort((a, b) => a - b);
      const at = (share: number) =>
        (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
      console.log(
        `${name}: p50 ${at(0.5)} ms, p90 ${at(0.9)}, p99 ${at(0.99)}, worst ${at(1)} (${sorted.length} times; ${runs} runs beside it)`,
      );
    }
  } finally {
    if (process.env.SQLENS_PROFILE === undefined) await server.end('SIGKILL');
    else await server.end('SIGTERM');
    scratch.remove();
  }
}

function child(...args: readonly (string | number)[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), args.map(String));
}

async function stop(process: ChildProcess): Promise<unknown> {
  process.send('stop');
  const [message]: unknown[] = await once(process, 'message');
  return message;
}

const [, , command, port, sql] = process.argv;
if (command === 'measure') await measure(Number(port));
else if (command === 'load') await load(Number(port), sql ?? '');
else {
  await main(Number(command ?? 10));
  process.exit(0);
}
