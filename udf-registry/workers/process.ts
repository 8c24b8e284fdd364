import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../../common/errors.ts';
import { type FromWorker, isFromWorker, type ToWorker } from './messages.ts';

/**
 * Lowers the limit of data memory and becomes the program that follows. Only positional parameters are used: nothing
 * that anyone typed is ever part of the script. `ulimit -v` would also count address space, which WebAssembly and V8
 * reserve by the terabyte.
 */
const LIMITED = 'ulimit -d "$1" 2>/dev/null; shift; exec "$@"';

/** Heap for JavaScript objects; pixels and tensors live outside it. */
const HEAP_MB = 512;

const THREADPOOL_SIZE = 4;

const STDERR_LINE_MAX = 500;

export interface SpawnSettings {
  /** The entry file of the worker process. */
  readonly entry: string;
  readonly memory_bytes: number;
}

export interface ProcessEvents {
  onMessage(message: FromWorker): void;
  /** The process is gone and everything it had sent was read. */
  onExit(cause: string): void;
  onStderr(line: string): void;
}

/** One child process. It is only ever ended by SIGKILL: it has nothing to save. */
export class WorkerProcess {
  readonly pid: number;
  private readonly child: ChildProcess;

  constructor(settings: SpawnSettings, events: ProcessEvents) {
    const node = [
      process.execPath,
      ...inheritedArguments(),
      `--max-old-space-size=${HEAP_MB}`,
      settings.entry,
    ];
    const limited = ['-c', LIMITED, 'sh', String(Math.ceil(settings.memory_bytes / 1024)), ...node];
    const [command = process.execPath, ...args] =
      process.platform === 'win32' ? node : ['/bin/sh', ...limited];
    this.child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      windowsHide: true,
      env: {
        ...withoutOurs(process.env),
        // Many threads decode: without a cap each gets a malloc arena of its own that never shrinks.
        MALLOC_ARENA_MAX: '2',
        UV_THREADPOOL_SIZE: String(THREADPOOL_SIZE),
      },
    });
    this.pid = this.child.pid ?? -1;
    let lastLine = '';
    let failure = '';
    this.child.stderr?.setEncoding('utf8');
    this.child.stderr?.on('data', (text: string) => {
      for (const line of text.split('\n')) {
        if (line.trim() === '') continue;
        lastLine = line.slice(0, STDERR_LINE_MAX);
        events.onStderr(lastLine);
      }
    });
    this.child.on('message', (message: unknown) => {
      if (isFromWorker(message)) events.onMessage(message);
    });
    // Without a listener a failed spawn or send would end the server; the exit that follows says enough.
    this.child.on('error', (error) => {
      failure = messageOf(error);
      if (this.child.pid === undefined) events.onExit(failure);
    });
    this.child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : signal;
      events.onExit([how, failure, lastLine].filter((part) => part !== '').join('; '));
    });
  }

  /** Does nothing when the process is on its way out: its exit tells the rest. */
  send(message: ToWorker): void {
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** The environment less the server's own settings: workers run strangers' graphs and need none of its passwords. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SQLENS_')));
}

/** What node itself was started with, such as a TypeScript loader, less what makes sense for one process only. */
function inheritedArguments(): string[] {
  return process.execArgv.filter(
    (argument) => !/^--(inspect|test|watch|experimental-test|max-old-space-size)/.test(argument),
  );
}
