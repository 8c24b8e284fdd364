/**
 * A whole SQL query over JPEG files against a hand-written loop: sharp and onnxruntime-node in as many processes and
 * threads, with the same ONNX graph, on the same files. Both get images that they have not seen in this run.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { childEntry } from '../common/child-entry.ts';
import { bundledModel, generateTrafficImages } from '../models/bundled/index.ts';
import { compileModel } from '../models/index.ts';
import { readConfig } from '../server/config.ts';
import { quoteLiteral } from '../server/query/text/tokens.ts';
import { startServer } from '../server/start.ts';
import { silentLogger } from '../udf-registry/logger.ts';
import type { LoopOrder, LoopReport } from './loop-worker.ts';

const HELP = `Usage: npm run bench -- [query] [--images DIR] [--model FILE] [--count 400] [--rounds 5]
                       [--workers 2] [--threads 1] [--batch 4] [--preprocess unit]
`;

/** Real photos and a real MobileNetV2 where they lie beside the project; else what the project brings. */
const NEARBY_IMAGES = '../shared/data/photos';
const NEARBY_MODEL = '../shared/data/models/moderation.h5';

export async function benchQuery(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      images: { type: 'string' },
      model: { type: 'string' },
      count: { type: 'string', default: '400' },
      rounds: { type: 'string', default: '5' },
      workers: { type: 'string', default: '2' },
      threads: { type: 'string', default: '1' },
      batch: { type: 'string', default: '4' },
      preprocess: { type: 'string', default: 'unit' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-bench-'));
  try {
    const images = values.images ?? (existsSync(NEARBY_IMAGES) ? NEARBY_IMAGES : await ownImages(folder));
    const model = values.model ?? (existsSync(NEARBY_MODEL) ? NEARBY_MODEL : bundledModel.path);
    await measure({
      folder,
      images,
      model,
      count: Number(values.count),
      rounds: Number(values.rounds),
      workers: Number(values.workers),
      threads: Number(values.threads),
      batch: Number(values.batch),
      preprocess: values.preprocess,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Settings {
  readonly folder: string;
  readonly images: string;
  readonly model: string;
  readonly count: number;
  readonly rounds: number;
  readonly workers: number;
  readonly threads: number;
  readonly batch: number;
  readonly preprocess: string;
}

async function measure(settings: Settings): Promise<void> {
  const { folder, count, rounds, workers, threads } = settings;
  const sources = await jpegsBelow(settings.images);
  if (sources.length === 0) throw new Error(`there is no JPEG below ${settings.images}`);
  const server = await startServer(
    readConfig(
      [
        '--data-dir',
        path.join(folder, 'data'),
        '--allow-path',
        folder,
        '--allow-path',
        path.dirname(settings.model),
      ]
        .concat(['--port', '0', '--http-port', '0', '--empty', '--log-level', 'silent'])
        .concat(['--workers', String(workers), '--threads', String(threads)]),
      {},
    ),
    { logger: silentLogger, onProgress: () => undefined },
  );
  const { port, address } = server.pgAddress;
  const client = new pg.Client({ host: address, port, user: 'bench', database: 'sqlens' });
  const loop = await startLoop(settings);
  try {
    await client.connect();
    await client.query(
      `CREATE MODEL m FROM ${quoteLiteral(path.resolve(settings.model))}
       OPTIONS (preprocess = ${quoteLiteral(settings.preprocess)}, batch_size = ${settings.batch})`,
    );
    const rates: { sql: number; loop: number }[] = [];
    // Round 0 warms both up: sessions load, files come into the page cache.
    for (let round = 0; round <= rounds; round++) {
      const files = await copies(sources, path.join(folder, `round-${round}`), count);
      const run = {
        sql: () => runSql(client, path.dirname(files[0] ?? ''), round),
        loop: () => loop.run(files),
      };
      const order = round % 2 === 0 ? (['sql', 'loop'] as const) : (['loop', 'sql'] as const);
      const rate = { sql: 0, loop: 0 };
      for (const name of order) rate[name] = count / (await run[name]());
      if (round > 0) rates.push(rate);
      process.stderr.write(
        `round ${round}${round === 0 ? ' (warm-up)' : ''}: SQL ${rate.sql.toFixed(1)}, loop ${rate.loop.toFixed(1)} images/s\n`,
      );
    }
    const sql = median(rates.map((rate) => rate.sql));
    const byHand = median(rates.map((rate) => rate.loop));
    const report = {
      bench: 'query',
      images: count,
      model: path.basename(settings.model),
      workers,
      threads,
      batch: settings.batch,
      rounds,
      sql_images_per_s: round1(sql),
      loop_images_per_s: round1(byHand),
      ratio: Math.round(median(rates.map((rate) => rate.sql / rate.loop)) * 1000) / 1000,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } finally {
    await client.end();
    loop.stop();
    await server.close();
  }
}

/** @returns seconds */
async function runSql(client: pg.Client, folder: string, round: number): Promise<number> {
  await client.query(
    `CREATE EXTERNAL TABLE images_${round} OPTIONS (format = 'image', uris = [${quoteLiteral(`${folder}/`)}])`,
  );
  const started_ms = performance.now();
  const result = await client.query(`SELECT uri, m(image) AS answer FROM images_${round}`);
  const duration_s = (performance.now() - started_ms) / 1000;
  const missing = result.rows.filter((row: { answer: unknown }) => row.answer === null).length;
  if (missing > 0) throw new Error(`${missing} images have no answer`);
  return duration_s;
}

async function startLoop(
  settings: Settings,
): Promise<{ run(files: readonly string[]): Promise<number>; stop(): void }> {
  const { preprocess } = settings;
  if (
    preprocess !== 'none' &&
    preprocess !== 'unit' &&
    preprocess !== 'tf' &&
    preprocess !== 'torch' &&
    preprocess !== 'caffe'
  ) {
    throw new Error(`--preprocess ${preprocess} is unknown`);
  }
  const file = { name: path.basename(settings.model), bytes: await readFile(settings.model) };
  const { onnx, manifest } = await compileModel(file, { preprocess, output: undefined });
  if (manifest.image === undefined) throw new Error('the model takes no image');
  const graph = path.join(settings.folder, 'loop.onnx');
  await writeFile(graph, onnx);
  const { height, width, tensor } = manifest.image;
  const children: ChildProcess[] = [];
  for (let number = 0; number < settings.workers; number++) {
    const child = fork(childEntry(import.meta.url, './loop-worker'), { serialization: 'advanced' });
    const order: LoopOrder = {
      kind: 'load',
      graph,
      threads: settings.threads,
      batch: settings.batch,
      height,
      width,
      tensor,
    };
    child.send(order);
    await once(child, 'message');
    children.push(child);
  }
  return {
    async run(files) {
      const started_ms = performance.now();
      await Promise.all(
        children.map(async (child, number) => {
          const order: LoopOrder = {
            kind: 'run',
            files: files.filter((_, at) => at % children.length === number),
          };
          const answered = once(child, 'message');
          child.send(order);
          const [report]: LoopReport[] = await answered;
          if (report?.kind !== 'done') throw new Error('the loop failed');
        }),
      );
      return (performance.now() - started_ms) / 1000;
    },
    stop() {
      for (const child of children) child.kill();
    },
  };
}

async function jpegsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .filter((entry) => /\.jpe?g$/i.test(entry))
    .sort()
    .map((entry) => path.join(folder, entry));
}

async function copies(sources: readonly string[], folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (let number = 0; number < count; number++) {
    const source = sources[number % sources.length];
    if (source === undefined) break;
    const file = path.join(folder, `${String(number).padStart(6, '0')}.jpg`);
    await copyFile(source, file);
    files.push(file);
  }
  return files;
}

async function ownImages(folder: string): Promise<string> {
  const images = path.join(folder, 'generated');
  await generateTrafficImages(images);
  return images;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
