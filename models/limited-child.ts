/** Starts one of our child processes under limits of its own, which it cannot raise. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';

export interface ChildLimits {
  /** Data segment: its heap, WebAssembly, buffers and ONNX Runtime together. */
  readonly memory_bytes: number;
  /** V8's part of it. */
  readonly heap_bytes: number;
  readonly cpu_s: number;
}

/** Node itself and ONNX Runtime's library need this much before any model is read. */
const LEAST_MEMORY_BYTES = 256 * 2 ** 20;

/** @param entry path of its module */
export function startLimited(entry: string, limits: ChildLimits, stdio: StdioOptions): ChildProcess {
  const memory_bytes = Math.max(limits.memory_bytes, LEAST_MEMORY_BYTES);
  const node = [
    ...process.execArgv.filter((argument) => !/^--(test|inspect|watch)/.test(argument)),
    `--max-old-space-size=${Math.floor(Math.max(limits.heap_bytes, LEAST_MEMORY_BYTES) / 2 ** 20)}`,
    entry,
  ];
  // The limit must be set by the process itself before it becomes node. The script is fixed; what varies are numbers and
  // our own paths, handed over as arguments.
  const shell = ['-c', 'ulimit -d "$1" && ulimit -t "$2" && shift 2 && exec "$@"', 'sh'];
  const values = [Math.floor(memory_bytes / 1024), limits.cpu_s].map(String);
  const [command, args] =
    process.platform === 'win32'
      ? [process.execPath, node]
      : ['/bin/sh', [...shell, ...values, process.execPath, ...node]];
  return spawn(command, args, {
    stdio,
    env: { ...inherited(), MALLOC_ARENA_MAX: '2' },
    serialization: 'advanced',
  });
}

/** What node needs to start; credentials in the environment stay here. */
function inherited(): NodeJS.ProcessEnv {
  const names = ['PATH', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'SystemRoot', 'TZ'];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
