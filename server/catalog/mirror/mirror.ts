/**
 * The mirror: an empty PostgreSQL, in a process of its own, that has what SQLens has and answers what clients ask the
 * catalog.
 *
 * Requests run one after the other, each in a transaction that is rolled back, so that nothing a client sends stays.
 * WebAssembly cannot be interrupted: what takes too long or is cancelled ends with the process, and those who wait
 * notice the half second that the next one takes to start. What was committed is on disk; if the directory cannot be
 * used (a killed initdb, another layout, damage), it is made anew and the owner fills it.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { messageOf, SqlensError } from '../../../common/errors.ts';
import { type Logger, silentLogger } from '../../../udf-registry/logger.ts';
import { clientMessages, readRows, type TextRow, throwIfFailed } from './backend-bytes.ts';
import { FILLED_KEY } from './bootstrap/index.ts';
import { GIVE_AWAY_FUNCTION } from './bootstrap/roles.ts';
import { STATE_TABLE } from './bootstrap/state.ts';
import { ChildEnded, ChildLink, type Outcome } from './child-link.ts';
import { MirrorDirectory } from './directory.ts';
import { queryMessage, safeMessages } from './frontend-bytes.ts';
import { Job, JobQueue } from './jobs.ts';
import {
  closing,
  crashed,
  doesNotStart,
  overdue,
  rethrow,
  throwPrologueFailure,
  tooLong,
  withStatement,
} from './mirror-errors.ts';
import { createRoleStatements, type MirrorRole } from './roles.ts';
import { Upkeep } from './upkeep.ts';

/** Whoever cancels is answered at once; the process gets this long to finish by itself before it is killed. */
const CANCEL_GRACE_MS = 200;
const MAX_MESSAGES_BYTES = 8 * 2 ** 20;
const ROLES_PER_TRANSACTION = 100;
/** Starts in a row that may fail before those who wait are told. */
const START_TRIES = 2;
/** How often the process may be killed by others while it starts. */
const MAX_KILLS = 20;
/** While it runs one job: the system may kill it for the memory that the job takes. */
const MAX_KILLS_OF_JOB = 4;

export interface MirrorOptions {
  /** The server's data directory; the mirror is `catalog` in it. */
  readonly dataDir: string;
  /** SQLens' own version, for version(). */
  readonly version: string;
  readonly logger?: Logger;
  /** How long one request may run. */
  readonly deadline_ms?: number;
  /** How long one change, or a question of our own, may run. */
  readonly changeDeadline_ms?: number;
  readonly maxAnswer_bytes?: number;
  readonly maxWaiting?: number;
}

export interface MirrorRequest {
  /** SQL for the session: SET LOCAL SESSION AUTHORIZATION, search_path, settings (names.ts, SESSION_SETTINGS). */
  readonly prologue: readonly string[];
  /** What only this session sees (its temporary tables, its uncommitted DDL); runs before the prologue, with every right. */
  readonly overlay: readonly string[];
  /** Frontend messages: Parse, Bind, Describe, Execute, Close, Sync, or one Query. One statement that reads. */
  readonly bytes: Uint8Array;
}

export interface MirrorStats {
  readonly state: 'stopped' | 'starting' | 'ready' | 'closed';
  /** Process id of the one that runs PostgreSQL. */
  readonly pid: number | undefined;
  readonly waiting: number;
  readonly requests: number;
  /** Processes started; and of the directory made anew. */
  readonly starts: number;
  readonly rebuilds: number;
  readonly lastStart_ms: number;
  readonly rss_bytes: number;
}

export class Mirror {
  /**
   * Called when the mirror is empty, before any request goes on: fill it with `apply`. What it throws fails the start,
   * and with it the requests that wait; the next one tries again.
   */
  onRebuilt: () => Promise<void> = async () => undefined;

  readonly #options: Required<MirrorOptions>;
  readonly #directory: MirrorDirectory;
  readonly #requests: JobQueue;
  readonly #changes: JobQueue;
  readonly #roles = new Map<string, MirrorRole>();
  #link: ChildLink | undefined;
  #starting: Promise<ChildLink> | undefined;
  /** While the owner fills the mirror, its changes go by those who wait. */
  #filling: ChildLink | undefined;
  readonly #upkeep = new Upkeep(async (sql) => {
    if (this.#link !== undefined) throwIfFailed((await this.#change(sql, 0)).answer);
  });
  #isPumping = false;
  #isFillPumping = false;
  #isClosed = false;
  #counts = { requests: 0, starts: 0, rebuilds: 0, lastStart_ms: 0, rss_bytes: 0 };

  private constructor(options: MirrorOptions) {
    this.#options = {
      logger: silentLogger,
      deadline_ms: 10_000,
      changeDeadline_ms: 120_000,
      maxAnswer_bytes: 64 * 2 ** 20,
      maxWaiting: 1000,
      ...options,
    };
    this.#directory = new MirrorDirectory(path.join(options.dataDir, 'catalog'));
    this.#requests = new JobQueue(this.#options.maxWaiting);
    this.#changes = new JobQueue(this.#options.maxWaiting);
  }

  /** Nothing is started yet. */
  static create(options: MirrorOptions): Mirror {
    return new Mirror(options);
  }

  /** Starts PostgreSQL if it does not run, ahead of the first request. */
  async start(): Promise<void> {
    await this.#open();
  }

  /**
   * Runs one statement of a client and gives the messages that answer it, errors included, without ReadyForQuery.
   *
   * @throws SqlensError when the mirror itself fails: 57014 cancelled or overdue, 53300 too many wait, 54000 too long an
   *   answer, 58030 no directory, XX000 the prologue or the overlay was refused, or PostgreSQL crashed twice on it
   */
  async request(request: MirrorRequest, signal?: AbortSignal): Promise<Buffer> {
    const { prologue, overlay, bytes } = request;
    if (bytes.length > MAX_MESSAGES_BYTES) throw tooLong('the statement', MAX_MESSAGES_BYTES);
    const messages = safeMessages(bytes);
    const own = overlay.length === 0 ? [] : [...overlay, `SELECT ${GIVE_AWAY_FUNCTION}()`];
    const before = ['BEGIN', ...own, ...prologue, 'SET TRANSACTION READ ONLY'].join(';\n');
    const after = messages.hasNamedStatements ? 'ROLLBACK; DEALLOCATE ALL' : 'ROLLBACK';
    const maxAnswer_bytes = this.#options.maxAnswer_bytes;
    this.#counts.requests++;
    if (overlay.length > 0) this.#upkeep.noteChange();
    const { answer, report } = await this.#submit(
      this.#requests,
      new Job({
        order: { before, after, maxAnswer_bytes },
        bytes: messages.bytes,
        deadline_ms: this.#options.deadline_ms,
        signal,
      }),
    );
    if (report.failure !== undefined) throwPrologueFailure(Buffer.from(report.failure, 'base64'));
    if (report.isTooLong) throw tooLong('the answer of the catalog', maxAnswer_bytes);
    return clientMessages(answer, messages.isSimple);
  }

  /**
   * Changes the mirror: all statements or none, committed when the promise fulfils. What they make belongs to `admin`.
   * @throws SqlensError what PostgreSQL refuses; `detail` then quotes the statement
   */
  async apply(statements: readonly string[]): Promise<void> {
    if (statements.length === 0) return;
    this.#upkeep.noteChange();
    // Should the process end after the commit but before it said so, this tells.
    const id = randomUUID();
    const done = `SELECT ${GIVE_AWAY_FUNCTION}();
      INSERT INTO ${STATE_TABLE} VALUES ('last_change', '${id}') ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
    const sql = ['BEGIN', ...statements, done, 'COMMIT'].join(';\n');
    const run = async (): Promise<void> => {
      const { answer } = await this.#change(sql, 0);
      try {
        throwIfFailed(answer);
      } catch (error) {
        throw error instanceof SqlensError ? withStatement(error, statements, sql) : error;
      }
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof ChildEnded)) throw error;
        if (attempt > (error.wasKilled ? MAX_KILLS_OF_JOB : 1)) return rethrow(error);
        const [row] = await this.query(`SELECT value FROM ${STATE_TABLE} WHERE key = 'last_change'`);
        if (row?.value === id) return;
      }
    }
  }

  /** Rows as text, for our own questions; asked with every right. */
  async query(sql: string): Promise<TextRow[]> {
    const { answer, report } = await this.#change(sql, 1).catch(rethrow);
    if (report.isTooLong) throw tooLong('the answer of the catalog', this.#options.maxAnswer_bytes);
    return readRows(answer);
  }

  /**
   * Makes logins known to the mirror, each as a member of its group; does nothing for those that are.
   * @throws SqlensError 42602 for a name that PostgreSQL cannot have
   */
  async ensureRoles(logins: Iterable<readonly [name: string, role: MirrorRole]>): Promise<void> {
    const unknown = [...logins].filter(
      ([name, role]) => this.#roles.get(name) !== role || this.#link === undefined,
    );
    for (let at = 0; at < unknown.length; at += ROLES_PER_TRANSACTION) {
      const part = unknown.slice(at, at + ROLES_PER_TRANSACTION);
      await this.apply(part.flatMap(([name, role]) => createRoleStatements(name, role)));
      for (const [name, role] of part) this.#roles.set(name, role);
    }
  }

  stats(): MirrorStats {
    return {
      state: this.#isClosed ? 'closed' : this.#link ? 'ready' : this.#starting ? 'starting' : 'stopped',
      pid: this.#link?.pid,
      waiting: this.#requests.length + this.#changes.length,
      ...this.#counts,
    };
  }

  /** Ends the process; those who wait get 57P01. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#upkeep.stop();
    this.#requests.failAll(closing());
    this.#changes.failAll(closing());
    const link = this.#link ?? this.#filling ?? (await this.#starting?.catch(() => undefined));
    link?.kill();
    await link?.gone;
  }

  #change(sql: string, crashesAllowed: number): Promise<Outcome> {
    const job = new Job({
      order: { before: '', after: 'ROLLBACK', maxAnswer_bytes: this.#options.maxAnswer_bytes },
      bytes: queryMessage(sql),
      deadline_ms: this.#options.changeDeadline_ms,
    });
    job.crashes = 1 - crashesAllowed;
    return this.#submit(this.#changes, job);
  }

  #submit(queue: JobQueue, job: Job): Promise<Outcome> {
    if (this.#isClosed) job.fail(closing());
    else if (!job.isSettled) {
      queue.push(job);
      void this.#pump();
    }
    return job.outcome;
  }

  /** Changes first: whoever asks after one was committed must see it. */
  async #pump(): Promise<void> {
    if (this.#filling !== undefined) void this.#pumpFill(this.#filling);
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#requests.length + this.#changes.length > 0) {
        const link = this.#link ?? (await this.#open().catch((error: unknown) => this.#giveUp(error)));
        const queue = this.#changes.length > 0 ? this.#changes : this.#requests;
        const job = link === undefined ? undefined : queue.shift();
        if (link !== undefined && job !== undefined) await this.#run(link, queue, job);
      }
    } finally {
      this.#isPumping = false;
    }
  }

  /** Runs what the owner asks for while it fills the mirror. */
  async #pumpFill(link: ChildLink): Promise<void> {
    if (this.#isFillPumping) return;
    this.#isFillPumping = true;
    try {
      for (let job = this.#changes.shift(); job !== undefined; job = this.#changes.shift()) {
        job.crashes = 1;
        await this.#run(link, this.#changes, job);
      }
    } finally {
      this.#isFillPumping = false;
    }
  }

  #giveUp(error: unknown): undefined {
    this.#requests.failAll(error);
    this.#changes.failAll(error);
    return undefined;
  }

  async #run(link: ChildLink, queue: JobQueue, job: Job): Promise<void> {
    let grace: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => {
      job.fail(overdue(job.deadline_ms));
      link.kill();
    }, job.deadline_ms);
    job.onAbort = () => {
      grace = setTimeout(() => link.kill(), CANCEL_GRACE_MS);
    };
    try {
      const outcome = await link.run(job.order, job.bytes);
      this.#counts.rss_bytes = outcome.report.rss_bytes;
      job.succeed(outcome);
    } catch (error) {
      if (this.#link === link) this.#link = undefined;
      await link.gone;
      if (job.isSettled) return;
      const mayRunAgain = job.crashes === 0 && error instanceof ChildEnded && error.wasKilled;
      if (mayRunAgain && job.kills < MAX_KILLS_OF_JOB) job.kills++;
      else job.crashes++;
      this.#options.logger.warn({ reason: messageOf(error) }, "the catalog's process ended");
      if (this.#isClosed) job.fail(closing());
      else if (job.crashes > 1) job.fail(queue === this.#changes ? error : crashed(error));
      else queue.unshift(job);
    } finally {
      clearTimeout(deadline);
      clearTimeout(grace);
    }
  }

  /** The running process, or the next one; one start at a time. */
  async #open(): Promise<ChildLink> {
    if (this.#isClosed) throw closing();
    if (this.#link !== undefined) return this.#link;
    this.#starting ??= this.#startSomehow().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #startSomehow(): Promise<ChildLink> {
    const began_ms = performance.now();
    let isUsable = await this.#directory.isWhole();
    let kills = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        const link = await this.#startOnce(isUsable);
        this.#counts.lastStart_ms = Math.round(performance.now() - began_ms);
        this.#counts.rss_bytes = link.readiness.rss_bytes;
        return link;
      } catch (error) {
        if (this.#isClosed) throw closing();
        if (!(error instanceof ChildEnded)) throw error;
        // The directory is as good as before, and made anew its objects would have other numbers.
        if (error.wasKilled && kills < MAX_KILLS) {
          kills++;
          attempt--;
          continue;
        }
        if (error.wasKilled || attempt > START_TRIES) throw doesNotStart(error);
        this.#options.logger.warn({ reason: error.message }, "the catalog's directory is made anew");
        isUsable = false;
      }
    }
  }

  /** @throws ChildEnded when the directory cannot be used */
  async #startOnce(isUsable: boolean): Promise<ChildLink> {
    if (!isUsable) {
      this.#counts.rebuilds++;
      await this.#directory.clear();
    }
    this.#counts.starts++;
    const folder = this.#directory.postgresPath;
    const link = await ChildLink.start({ folder, isNew: !isUsable, version: this.#options.version });
    if (!isUsable) await this.#directory.seal();
    void link.gone.then(() => {
      if (this.#link === link) this.#link = undefined;
    });
    if (!link.readiness.isFilled) {
      // Half of what somebody filled in before he was stopped is worse than nothing.
      if (isUsable) {
        link.kill();
        throw new ChildEnded('it was never filled to the end');
      }
      await this.#fill(link);
    }
    if (this.#isClosed) {
      link.kill();
      throw closing();
    }
    this.#link = link;
    return link;
  }

  async #fill(link: ChildLink): Promise<void> {
    this.#filling = link;
    let hasEnded = false;
    void link.gone.then(() => {
      hasEnded = true;
    });
    try {
      const roles = [...this.#roles].flatMap(([name, role]) => createRoleStatements(name, role));
      await this.apply(roles);
      await this.onRebuilt();
      await this.apply([`INSERT INTO ${STATE_TABLE} VALUES ('${FILLED_KEY}', 'yes')`]);
      // So that the next start need not read what initdb and the owner have logged.
      await this.query('CHECKPOINT');
    } catch (error) {
      // Not the owner's fault: worth another try.
      if (hasEnded) throw new ChildEnded(messageOf(error));
      link.kill();
      await link.gone;
      throw error;
    } finally {
      this.#filling = undefined;
    }
  }
}
