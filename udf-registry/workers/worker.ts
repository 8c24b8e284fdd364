/**
 * The life of a worker process. It keeps no state that anyone would miss: the server may kill it at any moment.
 *
 * Batches run one after the other, in the order they came. Their inputs are fetched and decoded from the moment they
 * arrive, on libuv's threads, while `session.run` blocks this thread for the batch before them.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { dieWithParent } from '../../common/die-with-parent.ts';
import { SqlensError } from '../../common/errors.ts';
import { type BeforeInput, PartBuilder, type PrepareTools, WorkerBatch } from './batch.ts';
import { execute, type Runnable } from './execute.ts';
import { Gate } from './gate.ts';
import {
  type FromWorker,
  type Phase,
  type ToWorker,
  toFailure,
  type WorkerHealth,
  type WorkerSettings,
} from './messages.ts';
import { asSqlensError, type ImageTools, type Prepared } from './prepare.ts';
import { Sessions } from './sessions.ts';
import { Tokenizers } from './tokenizers.ts';

export interface WorkerOptions {
  readonly openImages: (settings: WorkerSettings) => ImageTools;
  readonly beforeInput?: BeforeInput;
}

/**
 * Turns of the event loop between two runs: batches that have arrived are read, their files opened and their
 * decoding handed to the threads, so that these have something to do while the next run blocks this one.
 */
const TURNS_BETWEEN_RUNS = 6;

/** Images whose pixels are answers, at a time: up to four copies of them exist until they are sent. */
const DECODING_MAX = 1;

/** Starts serving the process that forked this one. */
export function startWorker(options: WorkerOptions): void {
  void dieWithParent();
  let worker: Worker | undefined;
  process.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'init':
        worker = new Worker(message.settings, options);
        send({ type: 'ready', rss_bytes: process.memoryUsage.rss() });
        return;
      case 'batch':
        worker?.accept(message);
        return;
      case 'cancel':
        worker?.cancel(message.batch);
        return;
    }
  });
}

function send(message: FromWorker): void {
  process.send?.(message);
}

/** Resolves when the message has left this process. */
function sendWhole(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

/** What waits for its turn. */
interface Entry {
  readonly message: Extract<ToWorker, { type: 'batch' }>;
  readonly part: PartBuilder;
  /** Undefined for a careful batch: nothing of it begins before its turn. */
  readonly batch: WorkerBatch | undefined;
  isCancelled: boolean;
}

interface Spent {
  preparing_s: number;
  inferring_s: number;
}

class Worker {
  private readonly settings: WorkerSettings;
  private readonly sessions: Sessions;
  private readonly tokenizers = new Tokenizers();
  private readonly tools: PrepareTools;
  private readonly decodeTools: PrepareTools;
  private readonly queue: Entry[] = [];
  private abandoned = 0;
  private isRunning = false;

  constructor(settings: WorkerSettings, options: WorkerOptions) {
    this.settings = settings;
    this.sessions = new Sessions(settings);
    this.tools = {
      images: options.openImages(settings),
      gate: new Gate(settings.preparing_max),
      beforeInput: options.beforeInput,
    };
    this.decodeTools = { ...this.tools, gate: new Gate(DECODING_MAX) };
  }

  accept(message: Entry['message']): void {
    const part = new PartBuilder();
    const tools = message.task.kind === 'image_decode' ? this.decodeTools : this.tools;
    const batch = message.careful
      ? undefined
      : new WorkerBatch(message, tools, async (row, prepared) => {
          if (prepared.kind !== 'answer') return;
          part.addAnswer(row, prepared.answer);
          if (part.isLarge) await sendWhole({ type: 'part', batch: message.batch, part: part.take() });
        });
    this.queue.push({ message, part, batch, isCancelled: false });
    if (!this.isRunning) void this.serve();
  }

  cancel(id: number): void {
    const entry = this.queue.find(({ message }) => message.batch === id);
    if (entry === undefined) return;
    entry.isCancelled = true;
    entry.batch?.cancel();
  }

  private async serve(): Promise<void> {
    this.isRunning = true;
    for (;;) {
      const entry = this.queue[0];
      if (entry === undefined) break;
      await this.finish(entry);
      this.queue.shift();
    }
    this.isRunning = false;
  }

  private async finish(entry: Entry): Promise<void> {
    const { message, part, batch } = entry;
    const spent: Spent = { preparing_s: 0, inferring_s: 0 };
    try {
      if (batch === undefined) await this.answerOneByOne(entry, spent);
      else await this.answer(batch, entry, 0, spent);
    } catch (error) {
      const failure = toFailure(asSqlensError(error));
      send({ type: 'load-failed', batch: message.batch, failure, health: this.health() });
      return;
    }
    const last = entry.isCancelled ? undefined : part.take();
    send({ type: 'done', batch: message.batch, part: last, health: this.health(), ...spent });
  }

  private async answerOneByOne(entry: Entry, spent: Spent): Promise<void> {
    const { message, part } = entry;
    for (const [row, input] of message.inputs.entries()) {
      if (entry.isCancelled) return;
      send({ type: 'phase', batch: message.batch, phase: 'prepare', row });
      const batch = new WorkerBatch({ ...message, inputs: [input] }, this.tools, async (_, prepared) => {
        if (prepared.kind === 'answer') part.addAnswer(row, prepared.answer);
      });
      await this.answer(batch, entry, row, spent);
      send({ type: 'part', batch: message.batch, part: part.take() });
    }
  }

  /**
   * Answers the rows of a batch once they are prepared.
   * @param firstRow where the batch's rows begin within the message's
   * @throws SqlensError when the model does not load
   */
  private async answer(batch: WorkerBatch, entry: Entry, firstRow: number, spent: Spent): Promise<void> {
    const { message, part } = entry;
    const began = performance.now();
    const prepared = await batch.prepared(this.settings.prepare_timeout_ms);
    spent.preparing_s += secondsSince(began);
    this.abandoned += batch.abandoned;
    const runnable: { row: number; prepared: Runnable }[] = [];
    prepared.forEach((one, at) => {
      if (isRunnable(one)) runnable.push({ row: firstRow + at, prepared: one });
      else if (one.kind === 'failed') part.addFailure(firstRow + at, one.error);
    });
    const { task } = message;
    if (entry.isCancelled || task.kind !== 'model' || runnable.length === 0) return;

    const phase = (name: Phase) =>
      send({ type: 'phase', batch: message.batch, phase: name, row: message.careful ? firstRow : undefined });
    const { text } = task.model;
    const isLoaded =
      this.sessions.has(task.model.digest) && (text === undefined || this.tokenizers.has(text));
    if (!isLoaded) phase('load');
    const model = await this.sessions.get(task.model);
    const tokenizer = text === undefined ? undefined : await this.tokenizers.get(text);
    phase('run');
    for (let turn = 0; turn < TURNS_BETWEEN_RUNS; turn++) await nextTurn();
    const runBegan = performance.now();
    const results = await execute(
      model,
      runnable.map((one) => one.prepared),
      tokenizer,
    );
    spent.inferring_s += secondsSince(runBegan);
    runnable.forEach(({ row }, k) => {
      const result = results[k];
      if (result === undefined) return;
      if (result instanceof SqlensError) part.addFailure(row, result);
      else part.addTensors(row, result);
    });
  }

  private health(): WorkerHealth {
    return {
      rss_bytes: process.memoryUsage.rss(),
      loaded: this.sessions.loaded,
      released: this.sessions.released,
      abandoned: this.abandoned,
    };
  }
}

function isRunnable(prepared: Prepared): prepared is Runnable {
  return prepared.kind === 'pixels' || prepared.kind === 'row' || prepared.kind === 'text';
}

function secondsSince(began_ms: number): number {
  return (performance.now() - began_ms) / 1000;
}
