/**
 * Brings inputs to workers and answers back: who is served next (batcher), where (the least busy worker, best one that
 * has the model loaded), and what happens when a worker dies (its batch is tried again alone, input by input, so that the
 * one that does it is found; a model that keeps killing workers is quarantined).
 */

import type { SqlensError } from '../common/errors.ts';
import type { Answer, Inference, Input, SubmitOptions, Task } from './api.ts';
import {
  type Batch,
  Batcher,
  type BatchLimits,
  isLive,
  type Submission,
  settle,
  taskKey,
} from './batcher.ts';
import type { Logger } from './logger.ts';
import { Meter } from './meter.ts';
import { type Ending, Quarantine } from './quarantine.ts';
import { Retries } from './retries.ts';
import { deadly, shuttingDown, tooManySubmissions, unanswered, workersDoNotStart } from './router-errors.ts';
import { Seat } from './seat.ts';
import { Seats } from './seats.ts';
import type { InferenceStats, WorkerStats } from './stats.ts';
import { type FromWorker, fromFailure, type Part, unpackTensors } from './workers/messages.ts';
import type { Pool, PoolEvents, PoolWorker } from './workers/pool.ts';
import { workerTask } from './workers/task.ts';

export interface RouterLimits extends BatchLimits {
  /** Submissions at the same time; the next is refused. */
  readonly submissions_max: number;
  /** A batch may take so long to be prepared, to load its model and to run, each. */
  readonly batch_timeout_ms: number;
  /** A worker is replaced after so many batches … */
  readonly recycle_batches: number;
  /** … or above this much memory. */
  readonly recycle_rss_bytes: number;
  /** … or after it has released so many sessions. */
  readonly recycle_released: number;
  /** A worker is not replaced before it is so old: its successor may soon be in the same state. */
  readonly recycle_pause_ms: number;
}

/** Batches under way to one worker: one runs, the others are fetched and decoded meanwhile. */
const DEPTH = 3;
/** With batches this slow a third one under way gains nothing and lets newcomers wait. */
const SLOW_RUN_S = 0.25;
const DEPTH_SLOW = 2;

/** Workers that died with a careful batch between two of its inputs, before it is given up. */
const STRAYS_MAX = 3;

/** Workers that did not start, in a row, before those who wait are told. */
const START_FAILURES_MAX = 5;

export class Router implements Inference {
  private readonly limits: RouterLimits;
  private readonly logger: Logger;
  private readonly pool: Pool;
  private readonly batcher: Batcher;
  private readonly quarantine = new Quarantine();
  private readonly meter = new Meter();
  private readonly submissions = new Set<Submission>();
  private readonly seats = new Seats();
  private readonly retries = new Retries();
  private closed: SqlensError | undefined;

  constructor(limits: RouterLimits, logger: Logger, openPool: (events: PoolEvents) => Pool) {
    this.limits = limits;
    this.logger = logger;
    this.batcher = new Batcher(limits);
    this.pool = openPool({
      onReady: (worker, rss_bytes) => this.workerReady(worker, rss_bytes),
      onMessage: (worker, message) => this.received(worker, message),
      onGone: (worker, cause) => this.workerGone(worker, cause),
      onStartFailed: (failures, cause) => this.startFailed(failures, cause),
      onDraining: (worker) => this.retireIfIdle(this.seats.of(worker)),
    });
    this.pool.start();
  }

  /** See {@link Inference.submit}. Inputs are taken as they are needed: the array must not change meanwhile. */
  async submit(task: Task, inputs: readonly Input[], options: SubmitOptions): Promise<void> {
    options.signal.throwIfAborted();
    const refusal = this.refusal(task);
    if (refusal !== undefined) throw refusal;
    if (inputs.length === 0) return;
    let submission: Submission | undefined;
    const abort = () => {
      if (submission !== undefined) this.drop(submission, options.signal.reason);
    };
    options.signal.addEventListener('abort', abort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        const { length } = inputs;
        const state = { next: 0, remaining: length, isOver: false };
        submission = { task, key: taskKey(task), inputs, options, resolve, reject, ...state };
        this.submissions.add(submission);
        this.batcher.add(submission);
        this.dispatch();
      });
    } finally {
      options.signal.removeEventListener('abort', abort);
      if (submission !== undefined) this.submissions.delete(submission);
    }
  }

  /** Forgets that a model was quarantined: call it when its artifact is registered again. */
  release(digest: string): void {
    this.quarantine.release(digest);
  }

  /** A snapshot for views and metrics. */
  stats(): InferenceStats {
    const workers = this.pool.workers().map((worker): WorkerStats => {
      const seat = this.seats.of(worker);
      return {
        pid: worker.pid,
        slot: worker.slot,
        state: worker.state === 'ready' && (seat?.batches.length ?? 0) > 0 ? 'busy' : worker.state,
        loaded: seat?.loaded ?? [],
        batches: seat?.batchCount ?? 0,
        batches_under_way: seat?.batches.length ?? 0,
        restarts: this.pool.restartsOf(worker.slot),
        rss_bytes: seat?.rss_bytes ?? 0,
        startedAt: worker.startedAt,
      };
    });
    return {
      workers,
      submissions: this.submissions.size,
      inputs_waiting: this.batcher.waiting,
      batches_to_retry: this.retries.count,
      quarantined: this.quarantine.digests(),
      tasks: this.meter.tasks(),
    };
  }

  /** Rejects whatever waits and ends the workers. */
  async close(): Promise<void> {
    const reason = shuttingDown();
    this.closed = reason;
    for (const submission of [...this.submissions]) this.drop(submission, reason);
    for (const seat of this.seats.all()) seat.disarm();
    await this.pool.close();
  }

  private refusal(task: Task): SqlensError | undefined {
    if (this.closed !== undefined) return this.closed;
    if (this.submissions.size >= this.limits.submissions_max) {
      return tooManySubmissions(this.limits.submissions_max);
    }
    return task.kind === 'model' ? this.quarantine.refusal(task.digest) : undefined;
  }

  // ── Out: batches to workers ──────────────────────────────────────────────────────────────────────────────────────

  private dispatch(): void {
    if (this.closed !== undefined) return;
    const reserved = this.dispatchSuspects();
    for (;;) {
      const batch = this.retries.peekInnocent();
      if (batch === undefined) break;
      const seat = this.freeSeat(batch.task, batch.key, reserved);
      if (seat === undefined) return;
      this.retries.takeInnocent();
      this.send(seat, batch);
    }
    for (;;) {
      const task = this.batcher.peek();
      if (task === undefined) return;
      const key = taskKey(task);
      const seat = this.freeSeat(task, key, reserved);
      if (seat === undefined) return;
      // Few inputs are spread over the workers that could begin with them at once.
      const share = Math.ceil(this.batcher.waitingFor(key) / Math.max(1, this.seats.idleFor(task)));
      const batch = this.batcher.take(share);
      if (batch === undefined) return;
      this.send(seat, batch);
    }
  }

  /**
   * Sends suspects to idle workers. When there are more, one worker is kept free of other batches, so that it
   * becomes idle.
   */
  private dispatchSuspects(): Seat | undefined {
    for (;;) {
      const batch = this.retries.peekSuspect();
      if (batch === undefined) return undefined;
      const seat = this.seats.leastBusy();
      if (seat === undefined || seat.batches.length > 0) return seat;
      this.retries.takeSuspect();
      this.send(seat, batch);
    }
  }

  private freeSeat(task: Task, key: string, reserved: Seat | undefined): Seat | undefined {
    const depth = this.meter.meanRun_s(key) > SLOW_RUN_S ? DEPTH_SLOW : DEPTH;
    return this.seats.free(task, depth, reserved);
  }

  private send(seat: Seat, batch: Batch): void {
    const rows = batch.rows.filter(isLive);
    const sent: Batch = { ...batch, rows };
    seat.add(sent);
    seat.worker.send({
      type: 'batch',
      batch: sent.id,
      task: workerTask(batch.task),
      careful: batch.isCareful,
      inputs: rows
        .map(({ submission, index }) => submission.inputs[index])
        .filter((input) => input !== undefined),
    });
  }

  // ── Back: answers to submissions ─────────────────────────────────────────────────────────────────────────────────

  private received(worker: PoolWorker, message: FromWorker): void {
    const seat = this.seats.of(worker);
    if (seat === undefined || message.type === 'ready') return;
    const batch = seat.find(message.batch);
    if (batch === undefined) return;
    switch (message.type) {
      case 'phase':
        seat.enter(message.phase, message.row);
        return;
      case 'part':
        this.deliver(batch, message.part);
        return;
      case 'done':
        seat.remove(batch);
        seat.heard(message.health);
        this.pool.hasWorked(worker);
        this.meter.addBatch(batch.key, message.preparing_s, message.inferring_s);
        if (message.part !== undefined) {
          this.deliver(batch, message.part);
          this.completeForgotten(batch);
        }
        if (batch.task.kind === 'model' && (message.part?.tensors?.rows.length ?? 0) > 0) {
          this.quarantine.answered(batch.task.digest);
        }
        break;
      case 'load-failed':
        seat.remove(batch);
        seat.heard(message.health);
        this.failTask(batch.key, fromFailure(message.failure));
        break;
    }
    this.recycleIfDue(seat);
    this.retireIfIdle(seat);
    this.dispatch();
  }

  private deliver(batch: Batch, part: Part): void {
    if (part.tensors !== undefined) {
      for (const { row, tensors } of unpackTensors(part.tensors)) {
        this.answer(batch, row, { kind: 'tensors', tensors });
      }
    }
    for (const { row, answer } of part.answers) this.answer(batch, row, answer);
    for (const { row, failure } of part.failures) {
      this.answer(batch, row, { kind: 'failed', error: fromFailure(failure) });
    }
  }

  private answer(batch: Batch, position: number, answer: Answer): void {
    const row = batch.rows[position];
    batch.rows[position] = undefined;
    if (row === undefined) return;
    this.meter.addInput(batch.key, answer.kind === 'failed');
    const { submission, index } = row;
    if (submission.isOver) return;
    try {
      submission.options.onAnswer(index, answer);
    } catch (error) {
      this.drop(submission, error);
      return;
    }
    submission.remaining--;
    if (submission.remaining === 0) settle(submission, 'answered');
  }

  /** A batch that is done has answered every row; one without an answer would be waited for without end. */
  private completeForgotten(batch: Batch): void {
    const error = unanswered();
    batch.rows.forEach((row, position) => {
      if (isLive(row)) this.answer(batch, position, { kind: 'failed', error });
    });
  }

  /** Ends a submission early: what waits is forgotten, what is under way is not waited for. */
  private drop(submission: Submission, reason: unknown): void {
    this.batcher.remove(submission);
    settle(submission, { reason });
    for (const seat of this.seats.all()) {
      for (const batch of seat.batches) {
        if (!batch.rows.some(isLive)) seat.worker.send({ type: 'cancel', batch: batch.id });
      }
    }
    this.dispatch();
  }

  private failTask(key: string, error: SqlensError): void {
    for (const submission of [...this.submissions]) {
      if (submission.key === key) this.drop(submission, error);
    }
  }

  // ── Workers that come and go ─────────────────────────────────────────────────────────────────────────────────────

  private workerReady(worker: PoolWorker, rss_bytes: number): void {
    const seat = new Seat(worker, this.limits.batch_timeout_ms, ({ phase }) => {
      this.logger.warn({ pid: worker.pid, phase }, 'worker killed: its batch took too long');
      this.pool.kill(worker);
    });
    seat.rss_bytes = rss_bytes;
    this.seats.add(seat);
    this.dispatch();
  }

  private startFailed(failures: number, cause: string): void {
    if (failures < START_FAILURES_MAX || this.seats.ready().length > 0) return;
    const error = workersDoNotStart(cause);
    for (const submission of [...this.submissions]) this.drop(submission, error);
  }

  private workerGone(worker: PoolWorker, cause: string): void {
    const seat = this.seats.remove(worker);
    if (seat === undefined) return;
    if (seat.isRetired) return;
    this.logger.warn({ pid: worker.pid, cause, batches: seat.batches.length }, 'worker died');
    const [head, ...others] = seat.batches;
    const ending: Ending = seat.isLate ? 'deadline' : 'crash';
    if (head !== undefined) this.blame(head, seat, ending, cause);
    for (const batch of others) {
      // A deadline is the running batch's own; a crash may come from any input that was being decoded.
      if (ending === 'deadline') this.retries.addInnocent(batch);
      else this.retries.addSuspect(batch);
    }
    this.dispatch();
  }

  /** A worker died while this batch was the first of its batches. */
  private blame(batch: Batch, seat: Seat, ending: Ending, cause: string): void {
    const { phase } = seat;
    const culprit = seat.row === undefined ? undefined : batch.rows[seat.row];
    // A crash among other batches may be theirs, and a first one may come from outside.
    const isCertain = ending === 'deadline' || batch.isCareful;
    if (batch.task.kind === 'model' && phase !== 'prepare' && isCertain) {
      const { digest } = batch.task;
      const rows = culprit === undefined ? batch.rows.filter((row) => row !== undefined) : [culprit];
      const refusal = this.quarantine.died({ digest, phase, ending, rows });
      if (refusal !== undefined) {
        this.logger.error({ digest }, refusal.message);
        this.failTask(batch.key, refusal);
        this.killRunning(batch.key);
        return;
      }
    }
    if (culprit !== undefined && phase !== 'load') {
      culprit.crashes++;
      // A crash, unlike a deadline, may once be somebody else's doing.
      if (ending === 'deadline' || culprit.crashes > 1) {
        const error = deadly(ending, this.limits.batch_timeout_ms, cause);
        this.answer(batch, seat.row ?? 0, { kind: 'failed', error });
      }
    }
    let strays = batch.strays;
    if (batch.isCareful && culprit === undefined && ++strays > STRAYS_MAX) {
      const error = deadly(ending, this.limits.batch_timeout_ms, cause);
      for (const row of batch.rows.keys()) this.answer(batch, row, { kind: 'failed', error });
    }
    if (batch.rows.some(isLive)) this.retries.addSuspect(batch, strays);
  }

  /** Workers that run a quarantined model would sit in it until their deadline. */
  private killRunning(key: string): void {
    for (const seat of this.seats.all()) {
      if (seat.batches[0]?.key === key && seat.phase !== 'prepare') {
        seat.isLate = true;
        this.pool.kill(seat.worker);
      }
    }
  }

  private recycleIfDue(seat: Seat): void {
    const { limits } = this;
    const isDue =
      seat.batchCount >= limits.recycle_batches ||
      seat.rss_bytes >= limits.recycle_rss_bytes ||
      seat.released >= limits.recycle_released ||
      seat.abandoned > 0;
    if (!isDue || seat.worker.state !== 'ready' || seat.isReplaced) return;
    if (Date.now() - seat.worker.startedAt.getTime() < limits.recycle_pause_ms) return;
    seat.isReplaced = true;
    const { batchCount, rss_bytes, released, abandoned } = seat;
    this.logger.info(
      { pid: seat.worker.pid, batchCount, rss_bytes, released, abandoned },
      'worker is replaced',
    );
    this.pool.replace(seat.worker);
  }

  private retireIfIdle(seat: Seat | undefined): void {
    if (seat?.worker.state !== 'draining' || seat.batches.length > 0) return;
    seat.isRetired = true;
    this.pool.retire(seat.worker);
  }
}
