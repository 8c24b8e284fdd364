/**
 * The life of a worker process. It keeps no state that anyone would miss: the server may kill it at any moment.
 *
 * Batches run one after the other, in the order they came. Their inputs are fetched and decoded from the moment they
 * arrive, on libuv's threads, while `session.run` blocks this thread for the batch before them.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { SqlensError } from '../../common/errors.ts';
import { type BeforeInput, PartBuilder, WorkerBatch } from './batch.ts';
import { execute, type Runnable } from './execute.ts';
import { Gate } from './gate.ts';
import type { FromWorker, ToWorker, WorkerHealth, WorkerSettings } from './messages.ts';
import { asSqlensError, type ImageTools, type Prepared } from './prepare.ts';
import { Sessions } from './sessions.ts';
import { dieWithParent } from './watchdog.ts';

export interface WorkerOptions {
  readonly openImages: (settings: WorkerSettings) => ImageTools;
  readonly beforeInput?: BeforeInput;
}

/**
 * Turns of the event loop between two runs: batches that have arrived are read, their files opened and their
 * decoding handed to the threads, so that these have something to do while the next run blocks this one.
 */
const TURNS_BETWEEN_RUNS = 6;

/** Starts serving the process that forked this one. */
export function startWorker(options: WorkerOptions): void {
  dieWithParent();
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

class Worker {
  private readonly settings: WorkerSettings;
  private readonly options: WorkerOptions;
  private readonly images: ImageTools;
  private readonly sessions: Sessions;
  private readonly gate: Gate;
  private readonly queue: { readonly batch: WorkerBatch; readonly part: PartBuilder }[] = [];
  private abandoned = 0;
  private isRunning = false;

  constructor(settings: WorkerSettings, options: WorkerOptions) {
    this.settings = settings;
    this.options = options;
    this.images = options.openImages(settings);
    this.sessions = new Sessions(settings);
    this.gate = new Gate(settings.preparing_max);
  }

  accept(message: Extract<ToWorker, { type: 'batch' }>): void {
    const part = new PartBuilder();
    const tools = { images: this.images, gate: this.gate, beforeInput: this.options.beforeInput };
    const batch = new WorkerBatch(message, tools, (row, prepared) => {
      if (prepared.kind !== 'answer') return;
      part.addAnswer(row, prepared.answer);
      if (part.isLarge) send({ type: 'part', batch: message.batch, part: part.take() });
    });
    this.queue.push({ batch, part });
    if (!this.isRunning) void this.serve();
  }

  cancel(id: number): void {
    const entry = this.queue.find(({ batch }) => batch.id === id);
    if (entry !== undefined) entry.batch.cancelled = true;
  }

  private async serve(): Promise<void> {
    this.isRunning = true;
    for (;;) {
      const entry = this.queue[0];
      if (entry === undefined) break;
      await this.finish(entry.batch, entry.part);
      this.queue.shift();
    }
    this.isRunning = false;
  }

  private async finish(batch: WorkerBatch, part: PartBuilder): Promise<void> {
    const began = performance.now();
    const rows = batch.cancelled ? [] : await batch.prepared(this.settings.prepare_timeout_ms);
    const preparing_s = secondsSince(began);
    this.abandoned += batch.abandoned;
    if (batch.cancelled) {
      send({
        type: 'done',
        batch: batch.id,
        part: undefined,
        health: this.health(),
        preparing_s,
        inferring_s: 0,
      });
      return;
    }
    let inferring_s = 0;
    const runnable: { row: number; prepared: Runnable }[] = [];
    rows.forEach((prepared, row) => {
      if (isRunnable(prepared)) runnable.push({ row, prepared });
      else if (prepared.kind === 'failed') part.addFailure(row, prepared.error);
    });
    if (batch.task.kind === 'model' && runnable.length > 0) {
      try {
        if (!this.sessions.has(batch.task.model.digest)) {
          send({ type: 'phase', batch: batch.id, phase: 'load' });
          await nextTurn();
        }
        const model = await this.sessions.get(batch.task.model);
        send({ type: 'phase', batch: batch.id, phase: 'run' });
        for (let turn = 0; turn < TURNS_BETWEEN_RUNS; turn++) await nextTurn();
        const runBegan = performance.now();
        const results = await execute(
          model,
          runnable.map(({ prepared }) => prepared),
        );
        inferring_s = secondsSince(runBegan);
        runnable.forEach(({ row }, k) => {
          const result = results[k];
          if (result === undefined) return;
          if (result instanceof SqlensError) part.addFailure(row, result);
          else part.addTensors(row, result);
        });
      } catch (error) {
        const { sqlState, message, hint, detail } = asSqlensError(error);
        const failure = { sqlState, message, hint, detail };
        send({ type: 'load-failed', batch: batch.id, failure, health: this.health() });
        return;
      }
    }
    send({
      type: 'done',
      batch: batch.id,
      part: part.take(),
      health: this.health(),
      preparing_s,
      inferring_s,
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
  return prepared.kind === 'pixels' || prepared.kind === 'numbers';
}

function secondsSince(began_ms: number): number {
  return (performance.now() - began_ms) / 1000;
}
