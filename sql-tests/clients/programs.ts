/** Clients in other languages: which of them this machine has, and how to run them. */
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of a client that is not here, for `skip`. */
export interface Missing {
  readonly missing: string;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

const most_bytes = 64 * 1024 * 1024;

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout_ms?: number;
}

/** Where a file beside this one is. */
export function besideThis(name: string): string {
  return path.join(path.dirname(fileURLToPath(import.meta.url)), name);
}

/** Whether a program is there and says that it works. */
export function works(command: string, args: readonly string[]): boolean {
  const { status } = spawnSync(command, args, { stdio: 'ignore', env: environment() });
  return status === 0;
}

/** Debian's Python, which the drivers of its packages are installed for. */
export const PYTHON = '/usr/bin/python3';

/** @returns why tests with these modules cannot run, false when they can */
export function pythonLacks(...modules: readonly string[]): string | false {
  const found = works(PYTHON, ['-c', modules.map((name) => `import ${name}`).join('\n')]);
  return found ? false : `${PYTHON} has no ${modules.join(', ')}`;
}

/**
 * Runs a program to its end.
 * @throws Error when it takes longer than `timeout_ms`, or writes more than 64 MB
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { input = '', env = {}, timeout_ms = 240_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...environment(), ...env }, stdio: 'pipe' });
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    let size_bytes = 0;
    const text = (stream: 'stdout' | 'stderr') => Buffer.concat(chunks[stream]).toString('utf8');
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command} ran for more than ${timeout_ms} ms: ${text('stdout')}${text('stderr')}`));
    }, timeout_ms);
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        size_bytes += chunk.length;
        if (size_bytes > most_bytes) child.kill('SIGKILL');
        else chunks[stream].push(chunk);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ stdout: text('stdout'), stderr: text('stderr'), code });
    });
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Nothing of the user's own settings: PGHOST and the like. */
function environment(): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    PGTZ: 'UTC',
    PAGER: 'cat',
  };
}
