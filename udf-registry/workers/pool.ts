import type { Logger } from '../logger.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import { WorkerProcess } from './process.ts';

export interface PoolSettings {
  readonly workers: number;
  readonly entry: string;
  readonly memory_bytes: number;
  readonly start_timeout_ms: number;
  readonly worker: WorkerSettings;
}

export type WorkerState = 'starting' | 'ready' | 'draining' | 'gone';

/** One process of the pool, as the router sees it. */
export interface PoolWorker {
  readonly id: number;
  readonly slot: number;
  readonly pid: number;
  readonly startedAt: Date;
  readonly state: WorkerState;
  send(message: ToWorker): void;
}

export interface PoolEvents {
  onReady(worker: PoolWorker, rss_bytes: number): void;
  onMessage(worker: PoolWorker, message: FromWorker): void;
  /** A worker is gone that had been ready; `cause` is for people. */
  onGone(worker: PoolWorker, cause: string): void;
  /** A worker ended before it was ready; `failures` in a row, in all slots. */
  onStartFailed(failures: number, cause: string): void;
  /** Its replacement is ready: it gets no new batch, and `retire` ends it once it has none. */
  onDraining(worker: PoolWorker): void;
}

/** A new worker is to serve within five seconds of a crash, and starting takes up to one of them. */
const BACKOFF_MAX_MS = 2_000;
const BACKOFF_FIRST_MS = 100;
/** Deaths in a row that are followed by an immediate restart: a search for the input that kills takes some. */
const SHORT_LIVES_FREE = 3;
/** A worker that lived this long has earned an immediate restart. */
const HEALTHY_MS = 10_000;

interface Entry {
  worker: MutableWorker;
  process: WorkerProcess;
  replaces: Entry | undefined;
  startTimer: NodeJS.Timeout;
}

type MutableWorker = { -readonly [K in keyof PoolWorker]: PoolWorker[K] };

interface Slot {
  /** How often a worker of this slot died unasked. */
  restarts: number;
  /** Deaths in a row, each soon after the start and before any batch was done. */
  shortLives: number;
  restartTimer: NodeJS.Timeout | undefined;
  replacement: Entry | undefined;
}

/** Keeps N worker processes alive. Knows nothing of batches. */
export class Pool {
  private readonly settings: PoolSettings;
  private readonly events: PoolEvents;
  private readonly logger: Logger;
  private readonly slots: Slot[];
  private readonly entries = new Map<number, Entry>();
  private nextId = 1;
  private startFailures = 0;
  private closing: Promise<void> | undefined;
  private allGone: () => void = () => undefined;

  constructor(settings: PoolSettings, events: PoolEvents, logger: Logger) {
    this.settings = settings;
    this.events = events;
    this.logger = logger;
    this.slots = Array.from({ length: settings.workers }, () => ({
      restarts: 0,
      shortLives: 0,
      restartTimer: undefined,
      replacement: undefined,
    }));
  }

  /** Starts all workers; each reports itself by `onReady`. */
  start(): void {
    this.slots.forEach((_, slot) => {
      this.launch(slot, undefined);
    });
  }

  restartsOf(slot: number): number {
    return this.slots[slot]?.restarts ?? 0;
  }

  /** All processes that are not gone, starting ones too. */
  workers(): readonly PoolWorker[] {
    return [...this.entries.values()].map((entry) => entry.worker);
  }

  /** Ends a worker now; it comes back as after a crash. */
  kill(worker: PoolWorker): void {
    this.entries.get(worker.id)?.process.kill();
  }

  /** A worker has finished a batch: should it die, its successor starts at once. */
  hasWorked(worker: PoolWorker): void {
    const slot = this.slots[worker.slot];
    if (slot !== undefined) slot.shortLives = 0;
  }

  /** Starts a successor; the worker goes on serving until that one is ready. */
  replace(worker: PoolWorker): void {
    const entry = this.entries.get(worker.id);
    const slot = this.slots[worker.slot];
    if (
      entry === undefined ||
      slot === undefined ||
      slot.replacement !== undefined ||
      this.closing !== undefined
    )
      return;
    slot.replacement = this.launch(worker.slot, entry);
  }

  /** Ends a worker that is draining and has nothing left to do. */
  retire(worker: PoolWorker): void {
    const entry = this.entries.get(worker.id);
    if (entry === undefined || entry.worker.state !== 'draining') return;
    entry.process.kill();
  }

  /** Ends all workers; resolves when none is left. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    for (const slot of this.slots) clearTimeout(slot.restartTimer);
    const gone = new Promise<void>((resolve) => {
      this.allGone = resolve;
    });
    if (this.entries.size === 0) return;
    for (const entry of this.entries.values()) entry.process.kill();
    await gone;
  }

  private launch(slotIndex: number, replaces: Entry | undefined): Entry {
    const id = this.nextId++;
    const child = new WorkerProcess(
      { entry: this.settings.entry, memory_bytes: this.settings.memory_bytes },
      {
        onMessage: (message) => this.receive(entry, message),
        onExit: (cause) => this.exited(entry, cause),
        onStderr: (line) => this.logger.debug({ pid: child.pid, line }, 'worker wrote to stderr'),
      },
    );
    const worker: MutableWorker = {
      id,
      slot: slotIndex,
      pid: child.pid,
      startedAt: new Date(),
      state: 'starting',
      send: (message) => child.send(message),
    };
    const startTimer = setTimeout(() => child.kill(), this.settings.start_timeout_ms);
    const entry: Entry = { worker, process: child, replaces, startTimer };
    this.entries.set(id, entry);
    child.send({ type: 'init', settings: this.settings.worker });
    return entry;
  }

  private receive(entry: Entry, message: FromWorker): void {
    if (message.type !== 'ready') {
      this.events.onMessage(entry.worker, message);
      return;
    }
    clearTimeout(entry.startTimer);
    this.startFailures = 0;
    entry.worker.state = 'ready';
    const { replaces } = entry;
    const slot = this.slots[entry.worker.slot];
    if (slot?.replacement === entry) slot.replacement = undefined;
    if (replaces !== undefined && this.entries.has(replaces.worker.id)) {
      replaces.worker.state = 'draining';
      this.events.onDraining(replaces.worker);
    }
    this.events.onReady(entry.worker, message.rss_bytes);
  }

  private exited(entry: Entry, cause: string): void {
    if (!this.entries.delete(entry.worker.id)) return;
    clearTimeout(entry.startTimer);
    const { worker } = entry;
    const before = worker.state;
    worker.state = 'gone';
    const slot = this.slots[worker.slot];
    if (slot?.replacement === entry) slot.replacement = undefined;
    if (this.closing !== undefined) {
      if (this.entries.size === 0) this.allGone();
      return;
    }
    if (before === 'starting') {
      this.startFailures++;
      this.logger.warn({ pid: worker.pid, cause }, 'worker did not start');
      this.events.onStartFailed(this.startFailures, cause);
    } else {
      this.events.onGone(worker, cause);
    }
    this.restart(worker, before);
  }

  /** Starts a worker in a slot that has lost its last one. */
  private restart(worker: PoolWorker, before: WorkerState): void {
    const slot = this.slots[worker.slot];
    const isManned = [...this.entries.values()].some((entry) => entry.worker.slot === worker.slot);
    if (slot === undefined || isManned || slot.restartTimer !== undefined) return;
    if (before !== 'draining') slot.restarts++;
    const isHealthy = Date.now() - worker.startedAt.getTime() >= HEALTHY_MS;
    slot.shortLives = isHealthy ? 0 : slot.shortLives + 1;
    const delay_ms =
      slot.shortLives <= SHORT_LIVES_FREE
        ? 0
        : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (slot.shortLives - SHORT_LIVES_FREE - 1));
    slot.restartTimer = setTimeout(() => {
      slot.restartTimer = undefined;
      this.launch(worker.slot, undefined);
    }, delay_ms);
  }
}
