/** What the compiler's child process and its parent tell each other. Bytes go over pipes, not in messages. */
import { type SqlensError, SqlState } from '../common/errors.ts';
import type { CompileOptions, Manifest } from './artifact.ts';
import { ModelError } from './model-error.ts';

/** Parent to child; the file's bytes follow on standard input, then those of its parts. */
export interface CompileOrder {
  readonly fileName: string;
  readonly size_bytes: number;
  readonly parts: readonly { readonly name: string; readonly size_bytes: number }[];
  readonly options: CompileOptions;
}

export type CompilePhase = 'reading' | 'compiling' | 'loading' | 'running';

/** Child to parent; the artifact's bytes go to ARTIFACT_FD before `done`. */
export type CompileReport =
  | { readonly kind: 'phase'; readonly phase: CompilePhase }
  | { readonly kind: 'artifact'; readonly manifest: Manifest }
  | { readonly kind: 'failed'; readonly error: PlainError };

export interface PlainError {
  readonly sqlState: SqlState;
  readonly message: string;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
}

/** File descriptor of the pipe that carries the artifact out of the child. */
export const ARTIFACT_FD = 3;
/** The artifact's size, as a little-endian 64-bit number, before its bytes. */
export const ARTIFACT_HEADER_BYTES = 8;

export function toPlain(error: SqlensError): PlainError {
  const { sqlState, message, hint, detail } = error;
  return { sqlState, message, hint, detail };
}

export function fromPlain(error: PlainError): ModelError {
  return new ModelError(error);
}

const MEMORY_SIGNS =
  /out of memory|bad_?alloc|bad allocation|allocation failed|failed to allocate|invalid (typed )?array (buffer )?length|memory access out of bounds|cannot enlarge memory|no memory/i;

/** True for what JavaScript, WebAssembly and ONNX Runtime say when there is no more memory. */
export function isMemoryFailure(message: string): boolean {
  return MEMORY_SIGNS.test(message);
}

export function outOfMemory(fileName: string, memory_bytes: number, cause?: unknown): ModelError {
  return new ModelError({
    sqlState: SqlState.outOfMemory,
    message: `${fileName}: the model file made the compiler run out of memory (${Math.round(memory_bytes / 2 ** 20)} MiB)`,
    hint: 'Use a smaller model, or allow the compiler more memory.',
    cause,
  });
}
