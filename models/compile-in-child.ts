/**
 * Compiles strangers' model files in a child process that has a memory limit and a deadline and can be killed. Nothing
 * touches the disk: the file goes in and the artifact comes out over pipes.
 */
import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { childEntry } from '../common/child-entry.ts';
import { SqlensError, SqlState } from '../common/errors.ts';
import { Turns } from '../common/turns.ts';
import type { CompiledModel, CompileOptions, Manifest } from './artifact.ts';
import {
  ARTIFACT_FD,
  ARTIFACT_HEADER_BYTES,
  type CompileOrder,
  type CompilePhase,
  type CompileReport,
  fromPlain,
  isMemoryFailure,
  outOfMemory,
} from './compile-messages.ts';
import { detectFormat } from './detect.ts';
import { startLimited } from './limited-child.ts';
import { MODEL_LIMITS } from './limits.ts';
import { compilerDefect, inFile, ModelError, tooLarge } from './model-error.ts';
import { type ModelFile, modelSize_bytes } from './model-parts.ts';

export interface CompileLimits {
  /** Data segment of the child: its heap, WebAssembly and ONNX Runtime together. */
  readonly memory_bytes: number;
  /** From start to end; each phase has a shorter deadline of its own, by the size of the file. */
  readonly timeout_ms: number;
  /** Of each phase's deadline the part that does not depend on the file's size; MODEL_LIMITS.phase_ms unless given. */
  readonly phase_ms?: number;
  /** Kills the child; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Children at a time: each may use its whole memory limit. */
const PARALLEL = 2;
const STDERR_LIMIT_CHARS = 16_384;

const turns = new Turns(PARALLEL);

/**
 * Compiles a model file, loads the artifact into ONNX Runtime and runs a batch of one and of two on zeros, all in a
 * child process that is gone when the promise settles.
 *
 * Rejects with a ModelError that names the file and, where one is to blame, the layer: also when the file exhausts the
 * memory (53200) or the time (54000) it is given.
 */
export async function compileInChild(
  file: ModelFile,
  options: CompileOptions,
  limits: CompileLimits,
): Promise<CompiledModel> {
  const size_bytes = modelSize_bytes(file);
  if (size_bytes > MODEL_LIMITS.file_bytes) {
    throw inFile(
      file.name,
      tooLarge(`the file takes ${size_bytes} bytes; at most ${MODEL_LIMITS.file_bytes} are read`),
    );
  }
  try {
    // What is no model at all needs no child to be refused.
    detectFormat(file.bytes);
  } catch (error) {
    throw error instanceof SqlensError ? inFile(file.name, error) : error;
  }
  return turns.run(limits.signal, () => compileWith(startChild(limits), file, options, limits));
}

function startChild({ memory_bytes, timeout_ms }: CompileLimits): ChildProcess {
  // Should this process die, a child that loops for ever still ends by its limit of CPU time (two threads and a reserve).
  const cpu_s = 60 + Math.ceil((2 * timeout_ms) / 1000);
  return startLimited(
    childEntry(import.meta.url, './compile-main'),
    { memory_bytes, heap_bytes: memory_bytes, cpu_s },
    ['pipe', 'ignore', 'pipe', 'pipe', 'ipc'],
  );
}

function compileWith(
  child: ChildProcess,
  file: ModelFile,
  options: CompileOptions,
  limits: CompileLimits,
): Promise<CompiledModel> {
  return new Promise((resolve, reject) => {
    let phase: CompilePhase = 'reading';
    let manifest: Manifest | undefined;
    let failure: Error | undefined;
    let stderr = '';
    let phaseDeadline: NodeJS.Timeout | undefined;
    const phaseLimit_ms = phaseLimitOf(modelSize_bytes(file), limits.phase_ms);
    const artifact = collect(child);
    const kill = (error: Error): void => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const deadline = setTimeout(() => kill(tooSlow(file.name, phase, limits.timeout_ms)), limits.timeout_ms);
    const abort = (): void => kill(limits.signal?.reason);
    limits.signal?.addEventListener('abort', abort, { once: true });
    child.on('message', (message: CompileReport) => {
      switch (message.kind) {
        case 'phase':
          phase = message.phase;
          clearTimeout(phaseDeadline);
          phaseDeadline = setTimeout(() => kill(tooSlow(file.name, phase, phaseLimit_ms)), phaseLimit_ms);
          break;
        case 'artifact':
          clearTimeout(phaseDeadline);
          manifest = message.manifest;
          break;
        case 'failed':
          failure ??= isMemoryFailure(message.error.message)
            ? outOfMemory(file.name, limits.memory_bytes, fromPlain(message.error))
            : fromPlain(message.error);
          break;
      }
    });
    child.stderr?.on('data', (text: Buffer) => {
      if (stderr.length < STDERR_LIMIT_CHARS) stderr += text.toString();
    });
    child.on('error', (error) => kill(compilerDefect(`the child process does not start: ${error.message}`)));
    // A child that ended before it had read the whole file says why in its report.
    child.stdin?.on('error', () => {});
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      clearTimeout(phaseDeadline);
      limits.signal?.removeEventListener('abort', abort);
      const onnx = artifact();
      if (failure === undefined && manifest !== undefined && onnx?.byteLength === manifest.size_bytes) {
        resolve({ manifest, onnx });
      } else {
        reject(failure ?? died(file.name, limits, phase, stderr, signal ?? `code ${code}`));
      }
    });
    const parts = [...(file.parts ?? [])];
    const order: CompileOrder = {
      fileName: file.name,
      size_bytes: file.bytes.byteLength,
      parts: parts.map(([name, bytes]) => ({ name, size_bytes: bytes.byteLength })),
      options,
    };
    child.send(order, () => {});
    for (const bytes of [file.bytes, ...parts.map(([, part]) => part)]) child.stdin?.write(bytes);
    child.stdin?.end();
  });
}

/** Gathers the artifact into one buffer: its size comes first, in eight bytes. */
function collect(child: ChildProcess): () => Uint8Array | undefined {
  const pipe = child.stdio[ARTIFACT_FD];
  const header = Buffer.alloc(ARTIFACT_HEADER_BYTES);
  let headerLength = 0;
  let bytes: Uint8Array | undefined;
  let length = 0;
  if (pipe instanceof Readable) {
    pipe.on('data', (chunk: Buffer) => {
      const taken = chunk.copy(header, headerLength);
      headerLength += taken;
      if (headerLength < header.length) return;
      bytes ??= new Uint8Array(Math.min(Number(header.readBigUInt64LE()), MODEL_LIMITS.file_bytes));
      const rest = chunk.subarray(taken);
      if (length + rest.length <= bytes.length) bytes.set(rest, length);
      length += rest.length;
    });
  }
  return () => (length === bytes?.byteLength ? bytes : undefined);
}

function phaseLimitOf(size_bytes: number, phase_ms: number = MODEL_LIMITS.phase_ms): number {
  return Math.round(phase_ms + (MODEL_LIMITS.phasePerMegabyte_ms * size_bytes) / 2 ** 20);
}

function tooSlow(fileName: string, phase: CompilePhase, limit_ms: number): ModelError {
  const what = {
    reading: 'reading the file',
    compiling: 'compiling the model',
    loading: 'loading the model',
    running: 'running the model once, on zeros,',
  }[phase];
  return new ModelError({
    sqlState: SqlState.programLimitExceeded,
    message: `${fileName}: ${what} did not end within ${limit_ms / 1000} s`,
    hint: 'The file is damaged, holds a loop that never ends, or is too large for this machine.',
  });
}

function died(
  fileName: string,
  limits: CompileLimits,
  phase: CompilePhase,
  stderr: string,
  how: string,
): ModelError {
  // V8 aborts when its heap is full; the kernel kills what outgrows the machine.
  if (isMemoryFailure(stderr) || how === 'SIGKILL') return outOfMemory(fileName, limits.memory_bytes);
  return new ModelError({
    sqlState: SqlState.dataException,
    message: `${fileName}: the model file made the compiler crash while ${phase} (${how})`,
    hint: 'Check the file; if other programs read it, please report it as a defect in SQLens.',
    detail: stderr.trim().split('\n').at(-1)?.slice(0, 300),
  });
}
