/** One process that runs PostgreSQL, seen from the server: start it, give it one order at a time, kill it. */
import { type ChildProcess, fork } from 'node:child_process';
import { Duplex } from 'node:stream';
import { childEntry } from '../../../common/child-entry.ts';
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import { FrameKind, FrameReader, type Order, orderFrame, type Readiness, type Report } from './frames.ts';
import { type MirrorTask, PIPE_FD } from './task.ts';

/** A slow machine, a cold disk; initdb takes two seconds, a start half of one. */
const START_TIMEOUT_MS = 60_000;
const STDERR_LIMIT_CHARS = 4096;
/**
 * The baseline compiler alone: catalog queries are short and many, so the optimising one costs more time than it saves,
 * and 50 to 80 MB. JavaScript itself needs little.
 */
const NODE_OPTIONS = ['--liftoff-only', '--max-old-space-size=96', '--max-semi-space-size=1'];

export interface Outcome {
  readonly answer: Buffer;
  readonly report: Report;
}

/** The process has ended: nothing is known of what it was doing. */
export class ChildEnded extends Error {
  /** By somebody else (the system, for want of memory): neither what it ran nor its directory is to blame. */
  readonly wasKilled: boolean;

  constructor(message: string, wasKilled = false) {
    super(message);
    this.wasKilled = wasKilled;
  }
}

interface Running {
  readonly pieces: Buffer[];
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: ChildEnded) => void;
}

export class ChildLink {
  /** Fulfils when the process is gone, whatever ended it. */
  readonly gone: Promise<void>;
  readonly readiness: Readiness;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  #running: Running | undefined;

  private constructor(
    child: ChildProcess,
    pipe: Duplex,
    readiness: Readiness,
    said: Listener,
    gone: Promise<void>,
  ) {
    this.#child = child;
    this.#pipe = pipe;
    this.readiness = readiness;
    said.onFrame = (kind, body) => this.#take(kind, body);
    this.gone = gone.then(() => {
      const reason = said.failure() ?? 'the process was killed';
      this.#running?.reject(new ChildEnded(reason, child.signalCode === 'SIGKILL'));
      this.#running = undefined;
    });
  }

  /** @throws ChildEnded when PostgreSQL does not start on the directory */
  static async start(task: MirrorTask): Promise<ChildLink> {
    const child = startChild(task);
    const pipe = pipeOf(child);
    let ready: (readiness: Readiness) => void = () => undefined;
    const readiness = new Promise<Readiness>((resolve) => {
      ready = resolve;
    });
    const said = listen(child, (kind, body) => {
      if (kind === FrameKind.ready) ready(JSON.parse(body.toString()));
    });
    let isLate = false;
    const deadline = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, START_TIMEOUT_MS);
    const gone = ended(child);
    const first = await Promise.race([readiness, gone]);
    clearTimeout(deadline);
    if (first === undefined) {
      const reason = said.failure() ?? 'the process ended while it started';
      throw new ChildEnded(reason, child.signalCode === 'SIGKILL' && !isLate);
    }
    return new ChildLink(child, pipe, first, said, gone);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Runs one order; the next may come when this has settled.
   * @throws ChildEnded
   */
  run(order: Order, bytes: Uint8Array): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#running = { pieces: [], resolve, reject };
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        this.#running = undefined;
        reject(new ChildEnded('the process has ended', this.#child.signalCode === 'SIGKILL'));
        return;
      }
      this.#pipe.write(orderFrame(order, bytes));
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(kind: number, body: Buffer): void {
    const running = this.#running;
    if (running === undefined) return;
    if (kind === FrameKind.answer) {
      running.pieces.push(body);
    } else if (kind === FrameKind.report) {
      this.#running = undefined;
      const [only, second] = running.pieces;
      const answer = only !== undefined && second === undefined ? only : Buffer.concat(running.pieces);
      running.resolve({ answer, report: JSON.parse(body.toString()) });
    }
  }
}

interface Listener {
  onFrame: (kind: number, body: Buffer) => void;
  /** Why it ended, as far as it could say. */
  readonly failure: () => string | undefined;
}

function listen(child: ChildProcess, onFrame: Listener['onFrame']): Listener {
  const reader = new FrameReader();
  let stderr = '';
  let reason: string | undefined;
  const listener: Listener = { onFrame, failure: () => reason ?? (stderr.trim().slice(0, 300) || undefined) };
  const pipe = pipeOf(child);
  pipe.on('data', (piece: Buffer) => {
    reader.push(piece);
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      if (next.kind === FrameKind.failed) reason = next.body.toString();
      else listener.onFrame(next.kind, next.body);
    }
  });
  // A killed process resets its end; that it is gone is heard of by its exit.
  pipe.on('error', () => undefined);
  child.stderr?.on('data', (text: Buffer) => {
    if (stderr.length < STDERR_LIMIT_CHARS) stderr += text.toString();
  });
  return listener;
}

/** Whether an option, or the value behind it, is meant for this process and not for its children. */
function isOurs(option = '', value?: string): boolean {
  const isOption = /^--(test|inspect|watch|max-|expose)/.test(option);
  return value === undefined ? isOption : isOption && !option.includes('=') && !value.startsWith('-');
}

function startChild(task: MirrorTask): ChildProcess {
  try {
    return fork(childEntry(import.meta.url, './mirror-process'), [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
      execArgv: [
        ...process.execArgv.filter(
          (argument, at, all) => !isOurs(argument) && !isOurs(all[at - 1], argument),
        ),
        ...NODE_OPTIONS,
      ],
      env: inherited(),
    });
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.insufficientResources,
      message: `the catalog's process does not start: ${messageOf(error)}`,
      hint: 'The machine has too few processes or too little memory left; try again later.',
      cause: error,
    });
  }
}

/** What node needs to start; credentials in the environment stay here. */
function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'SystemRoot', 'TZ'];
  return { ...Object.fromEntries(names.map((name) => [name, process.env[name]])), MALLOC_ARENA_MAX: '2' };
}

function pipeOf(child: ChildProcess): Duplex {
  const pipe = child.stdio[PIPE_FD];
  if (pipe instanceof Duplex) return pipe;
  throw new SqlensError({
    sqlState: SqlState.internalError,
    message: "the catalog's process has no pipe",
    hint: 'Please report this as a defect in SQLens.',
  });
}

/** When the process is gone and all it said has been read. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}
