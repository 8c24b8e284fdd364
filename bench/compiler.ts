/**
 * The compiler's speed: a compiled model and Keras' own ONNX export of the same weights, both by ONNX Runtime on one
 * thread, in alternation. Keras' export gets numbers that somebody has preprocessed; ours does it itself.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../common/errors.ts';
import type { Preprocess } from '../models/artifact.ts';
import { namedModel } from '../models/zoo/catalog.ts';
import { compileSeeded, expectedLogits } from '../models/zoo/check/compare.ts';
import { seededImages } from '../models/zoo/check/seeded.ts';
import { LARGEST_DIFFERENCE } from '../models/zoo/check/tolerance.ts';
import { describeProfile, median, profileNodes } from './profile.ts';

const HELP = `Usage: npm run bench -- compiler [--models ${'MobileNetV2,ResNet50,InceptionV3,EfficientNetB0'}] [--batch 1,4]
                                [--rounds 7] [--seconds 3] [--profile] [--keep DIR]

  --seconds  of each round, both sides together
             images/s are those of the clock; ratios are those of processor time, so that what else the machine does
             meanwhile counts for neither side
  --profile  also where each side spends its time, by type of node and the slowest nodes
  --keep     a folder for Keras' exports, which the next run takes from there

Keras' export needs a Python with keras, onnx and torch, or with tensorflow and tf2onnx: python3, or the interpreter
that SQLENS_BENCH_PYTHON names. KERAS_BACKEND chooses between the two.
`;

/** How many times as fast as Keras' export each is to be. */
const TARGETS: Readonly<Record<string, number>> = {
  MobileNetV2: 1.8,
  ResNet50: 1.2,
  InceptionV3: 1.2,
  EfficientNetB0: 1.2,
};
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
};
const WARM_UP_RUNS = 2;
const PROFILE_RUNS = 10;
const SLOWEST = 12;
/** What Keras subtracts in its 'caffe' mode, blue first, and its 'torch' mode's mean and deviation. */
const CAFFE_MEAN = [103.939, 116.779, 123.68];
const TORCH_MEAN = [0.485, 0.456, 0.406];
const TORCH_DEVIATION = [0.229, 0.224, 0.225];
const EXPORT_SCRIPT = fileURLToPath(new URL('./keras_export.py', import.meta.url));

const execute = promisify(execFile);

interface Settings {
  readonly python: string;
  /** "Keras 3.15.1 on torch". */
  readonly exporter: string;
  readonly folder: string;
  readonly batches: readonly number[];
  readonly rounds: number;
  readonly duration_ms: number;
  readonly profile: boolean;
}

export async function benchCompiler(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      models: { type: 'string', default: Object.keys(TARGETS).join(',') },
      batch: { type: 'string', default: '1,4' },
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '3' },
      profile: { type: 'boolean', default: false },
      keep: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const python = process.env.SQLENS_BENCH_PYTHON ?? 'python3';
  const exporter = await execute(python, [EXPORT_SCRIPT]).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => {
      const reason = messageOf(error).trim().split('\n').at(-1);
      process.stderr.write(`Skipped: no Python that exports Keras models (${python}: ${reason})\n\n${HELP}`);
      return undefined;
    },
  );
  if (exporter === undefined) return;
  process.stderr.write(`${exporter} exports\n`);
  const temporary = await mkdtemp(path.join(tmpdir(), 'sqlens-bench-'));
  const folder = path.resolve(values.keep ?? temporary);
  await mkdir(folder, { recursive: true });
  const settings: Settings = {
    python,
    exporter,
    folder,
    batches: values.batch.split(',').map(Number),
    rounds: Number(values.rounds),
    duration_ms: Number(values.seconds) * 1000,
    profile: values.profile,
  };
  try {
    for (const name of values.models.split(',')) await measure(namedModel(name).name, settings);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** One side of the comparison. */
interface Side {
  readonly graph: string;
  readonly session: InferenceSession;
  feeds(batch: number): InferenceSession.FeedsType;
}

async function measure(name: string, settings: Settings): Promise<void> {
  const keras = await kerasSide(name, settings);
  const own = await ownSide(name, settings);
  try {
    const difference = await compare(own, keras, expectedLogits(name).deviation);
    if (!(difference <= LARGEST_DIFFERENCE)) {
      throw new Error(`${name}: the graphs answer differently, by ${difference} of the logits' deviation`);
    }
    for (const batch of settings.batches) {
      const rounds: Round[] = [];
      for (let round = 0; round < settings.rounds; round++) {
        rounds.push(await runRound(own, keras, batch, round, settings.duration_ms));
      }
      const ratios = rounds.map(({ own, keras: theirs }) => own.per_cpu_s / theirs.per_cpu_s);
      const report = {
        bench: 'compiler',
        model: name,
        exporter: settings.exporter,
        batch,
        difference: Number(difference.toExponential(1)),
        keras_images_per_s: round1(median(rounds.map((round) => round.keras.per_s))),
        sqlens_images_per_s: round1(median(rounds.map((round) => round.own.per_s))),
        keras_images_per_cpu_s: round1(median(rounds.map((round) => round.keras.per_cpu_s))),
        sqlens_images_per_cpu_s: round1(median(rounds.map((round) => round.own.per_cpu_s))),
        ratio: round2(median(ratios)),
        target: TARGETS[name],
        ratios: ratios.map(round2),
      };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
    if (settings.profile) await profile(name, { 'Keras export': keras, SQLens: own }, settings);
  } finally {
    await own.session.release();
    await keras.session.release();
  }
}

interface Rate {
  readonly per_s: number;
  /** What else the machine does meanwhile takes no part of it. */
  readonly per_cpu_s: number;
}

interface Round {
  readonly own: Rate;
  readonly keras: Rate;
}

/** One side, then the other; who begins changes from round to round. */
async function runRound(
  own: Side,
  keras: Side,
  batch: number,
  round: number,
  duration_ms: number,
): Promise<Round> {
  if (round % 2 === 0) {
    const first = await runFor(own, batch, duration_ms / 2);
    return { own: first, keras: await runFor(keras, batch, duration_ms / 2) };
  }
  const first = await runFor(keras, batch, duration_ms / 2);
  return { keras: first, own: await runFor(own, batch, duration_ms / 2) };
}

async function runFor({ session, feeds }: Side, batch: number, duration_ms: number): Promise<Rate> {
  const input = feeds(batch);
  for (let run = 0; run < WARM_UP_RUNS; run++) await session.run(input);
  const before = process.cpuUsage();
  const started_ms = performance.now();
  let images = 0;
  let passed_ms = 0;
  while (passed_ms < duration_ms) {
    await session.run(input);
    images += batch;
    passed_ms = performance.now() - started_ms;
  }
  const { user, system } = process.cpuUsage(before);
  return { per_s: (1000 * images) / passed_ms, per_cpu_s: (1e6 * images) / (user + system) };
}

/** @returns the largest difference of a logit, as a part of the logits' deviation */
async function compare(own: Side, keras: Side, deviation: number): Promise<number> {
  const logits = async ({ session, feeds }: Side): Promise<Float32Array> => {
    const results = await session.run(feeds(2));
    const data = results[session.outputNames[0] ?? '']?.data;
    if (!(data instanceof Float32Array)) throw new Error('a graph gives no floats');
    return data;
  };
  const [ours, theirs] = [await logits(own), await logits(keras)];
  if (ours.length !== theirs.length) throw new Error(`${ours.length} logits, Keras has ${theirs.length}`);
  return ours.reduce((most, logit, i) => Math.max(most, Math.abs(logit - (theirs[i] ?? 0))), 0) / deviation;
}

async function ownSide(name: string, { folder }: Settings): Promise<Side> {
  const expected = expectedLogits(name);
  const graph = path.join(folder, `${name}-sqlens.onnx`);
  await writeFile(graph, compileSeeded(name, expected).onnx);
  const session = await InferenceSession.create(graph, OPTIONS);
  const size = expected.size_px;
  return {
    graph,
    session,
    feeds: (batch) => ({
      [session.inputNames[0] ?? '']: new Tensor('uint8', seededImages(batch, size, size), [
        batch,
        size,
        size,
        3,
      ]),
    }),
  };
}

async function kerasSide(name: string, { folder, python, exporter }: Settings): Promise<Side> {
  const { size_px: size, gain, preprocess } = expectedLogits(name);
  // Kept files are taken again only for the same weights from the same exporter.
  const graph = path.join(folder, `${name}-${gain}-${exporter.replaceAll(' ', '-')}.onnx`);
  if (!existsSync(graph)) {
    await execute(python, [EXPORT_SCRIPT, name, String(size), String(gain), graph], {
      maxBuffer: 64 * 2 ** 20,
    });
  }
  const session = await InferenceSession.create(graph, OPTIONS);
  return {
    graph,
    session,
    feeds: (batch) => ({
      [session.inputNames[0] ?? '']: new Tensor(
        'float32',
        preprocessed(seededImages(batch, size, size), preprocess),
        [batch, size, size, 3],
      ),
    }),
  };
}

/** What `keras.applications.imagenet_utils.preprocess_input` does to RGB pixels. */
function preprocessed(pixels: Uint8Array, preprocess: Preprocess): Float32Array {
  return Float32Array.from(pixels, (value, i) => {
    const channel = i % 3;
    switch (preprocess) {
      case 'none':
        return value;
      case 'unit':
        return value / 255;
      case 'tf':
        return value / 127.5 - 1;
      case 'torch':
        return (value / 255 - (TORCH_MEAN[channel] ?? 0)) / (TORCH_DEVIATION[channel] ?? 1);
      case 'caffe':
        return (pixels[i - channel + 2 - channel] ?? 0) - (CAFFE_MEAN[channel] ?? 0);
    }
  });
}

async function profile(
  name: string,
  sides: Readonly<Record<string, Side>>,
  { folder, batches }: Settings,
): Promise<void> {
  const batch = batches[0] ?? 1;
  for (const [label, { graph, feeds }] of Object.entries(sides)) {
    const nodes = await profileNodes(graph, OPTIONS, feeds(batch), { folder, runs: PROFILE_RUNS });
    process.stdout.write(`  ${name}, ${label}, batch ${batch}:\n${describeProfile(nodes, SLOWEST)}\n`);
  }
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
