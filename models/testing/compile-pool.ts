/** Children that compile many files each, and are replaced when one of them dies or does not come back in time. */
import type { ChildProcess } from 'node:child_process';
import { childEntry } from '../../common/child-entry.ts';
import type { SqlState } from '../../common/errors.ts';
import type { CompileOptions } from '../artifact.ts';
import { startLimited } from '../limited-child.ts';
import type { ModelFile } from '../model-parts.ts';

export interface PoolOrder {
  readonly file: ModelFile;
  readonly options: CompileOptions;
}

export type PoolReport =
  | { readonly kind: 'compiled'; readonly shapes: readonly (readonly (number | null)[])[] }
  | { readonly kind: 'refused'; readonly sqlState: SqlState; readonly message: string; readonly hint: string }
  /** An error that is not a ModelError. */
  | { readonly kind: 'defect'; readonly what: string };

export type PoolResult =
  | PoolReport
  | { readonly kind: 'died'; readonly how: string; readonly stderr: string }
  | { readonly kind: 'late' };

export interface PoolLimits {
  /** Data segment of each child. */
  readonly memory_bytes: number;
  /** For each file. */
  readonly timeout_ms: number;
}

export class CompileChild {
  readonly #limits: PoolLimits;
  #child: ChildProcess | undefined;
  started = 0;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  async compile(order: PoolOrder): Promise<PoolResult> {
    this.#child ??= this.#start();
    const child = this.#child;
    let stderr = '';
    return new Promise<PoolResult>((resolve) => {
      const settle = (result: PoolResult): void => {
        clearTimeout(deadline);
        child.removeAllListeners('message');
        child.removeAllListeners('exit');
        child.stderr?.removeAllListeners('data');
        if (result.kind === 'late' || result.kind === 'died') this.end();
        resolve(result);
      };
      const deadline = setTimeout(() => settle({ kind: 'late' }), this.#limits.timeout_ms);
      child.on('message', (report: PoolReport) => settle(report));
      child.on('exit', (code, signal) => settle({ kind: 'died', how: signal ?? `code ${code}`, stderr }));
      child.stderr?.on('data', (text: Buffer) => {
        if (stderr.length < 4000) stderr += text.toString();
      });
      child.send(order, () => undefined);
    });
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    this.started++;
    const { memory_bytes } = this.#limits;
    const child = startLimited(
      childEntry(import.meta.url, './compile-pool-main'),
      { memory_bytes, heap_bytes: memory_bytes, cpu_s: 24 * 60 * 60 },
      ['ignore', 'ignore', 'pipe', 'ipc'],
    );
    child.on('error', () => undefined);
    return child;
  }
}
