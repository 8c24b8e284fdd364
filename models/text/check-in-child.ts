/** Tries a stranger's tokenizer in a child process that has a memory limit and a deadline and can be killed. */
import { childEntry } from '../../common/child-entry.ts';
import { SqlState } from '../../common/errors.ts';
import { Turns } from '../../common/turns.ts';
import { fromPlain } from '../compile-messages.ts';
import { startLimited } from '../limited-child.ts';
import { inFile, ModelError, tooLarge } from '../model-error.ts';
import type { CheckOrder, CheckReport, TokenizerSummary } from './check-messages.ts';
import { TOKENIZER_BYTES_MAX } from './tokenizer.ts';

export type { TokenizerSummary } from './check-messages.ts';

export interface CheckLimits {
  readonly timeout_ms: number;
  /** Kills the child; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A vocabulary of 250,000 takes some hundred megabytes: what fits here fits into a worker. */
const HEAP_MB = 512;
/** With what does not lie in the heap: the file, and the tables of large vocabularies. */
const MEMORY_BYTES = 1024 * 2 ** 20;
const turns = new Turns(2);

/**
 * Reads a tokenizer.json and runs it on some texts.
 *
 * Rejects with a ModelError that names the file: also when it exhausts the memory (53200) or the time (54000).
 */
export async function checkTokenizerInChild(
  file: { readonly name: string; readonly bytes: Uint8Array },
  limits: CheckLimits,
): Promise<TokenizerSummary> {
  if (file.bytes.byteLength > TOKENIZER_BYTES_MAX) {
    throw inFile(file.name, tooLarge(`the tokenizer takes more than ${TOKENIZER_BYTES_MAX >> 20} MiB`));
  }
  return turns.run(limits.signal, () => check(file.name, { bytes: file.bytes }, limits));
}

function check(
  name: string,
  order: CheckOrder,
  { timeout_ms, signal }: CheckLimits,
): Promise<TokenizerSummary> {
  return new Promise((resolve, reject) => {
    const child = startLimited(
      childEntry(import.meta.url, './check-main'),
      { memory_bytes: MEMORY_BYTES, heap_bytes: HEAP_MB * 2 ** 20, cpu_s: 10 + Math.ceil(timeout_ms / 500) },
      ['ignore', 'ignore', 'ignore', 'ipc'],
    );
    let summary: TokenizerSummary | undefined;
    let failure: unknown;
    const kill = (reason: unknown): void => {
      failure ??= reason;
      child.kill('SIGKILL');
    };
    const deadline = setTimeout(() => kill(tooSlow(name, timeout_ms)), timeout_ms);
    const abort = (): void => kill(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    child.on('message', (report: CheckReport) => {
      if (report.kind === 'summary') summary = report.summary;
      else failure ??= inFile(name, fromPlain(report.error));
    });
    child.on('error', (error) => kill(error));
    child.on('close', () => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
      if (failure === undefined && summary !== undefined) resolve(summary);
      else reject(failure ?? outOfMemory(name));
    });
    child.send(order, () => undefined);
  });
}

function tooSlow(name: string, timeout_ms: number): ModelError {
  return new ModelError({
    sqlState: SqlState.programLimitExceeded,
    message: `${name}: the tokenizer did not get through some short texts within ${timeout_ms / 1000} s`,
    hint: 'One of its regular expressions backtracks without end, or its vocabulary is too large.',
  });
}

/** V8 ends a process whose heap is full. */
function outOfMemory(name: string): ModelError {
  return new ModelError({
    sqlState: SqlState.outOfMemory,
    message: `${name}: the tokenizer takes more than ${HEAP_MB} MB of memory`,
    hint: 'Use a tokenizer with a smaller vocabulary.',
  });
}
