/**
 * Whether anybody changes anything, and how often somebody has: what was read while nobody did holds until somebody
 * does. A writer counts from before its statement begins until its transaction has ended, however it has ended, so
 * that between two looks at the same version nothing was committed.
 */
import type { StatementKind } from '../text/statements.ts';

export class WriteWatch {
  readonly #writers = new Set<object>();
  #version = 0;

  /** Nobody writes now. */
  get isQuiet(): boolean {
    return this.#writers.size === 0;
  }

  /** Another number whenever a writer has begun or ended. */
  get version(): number {
    return this.#version;
  }

  /** @param writer whose `end` will follow; beginning twice is once */
  begin(writer: object): void {
    if (this.#writers.has(writer)) return;
    this.#writers.add(writer);
    this.#version++;
  }

  end(writer: object): void {
    if (this.#writers.delete(writer)) this.#version++;
  }
}

/** Statements that change no table and no definition themselves; those that they run in turn are looked at then. */
export function onlyReads({ kind }: StatementKind): boolean {
  switch (kind) {
    case 'query':
    case 'show-engine':
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'set':
    case 'show':
    case 'reset':
    case 'discard':
    case 'prepare':
    case 'execute':
    case 'deallocate':
    case 'declare':
    case 'fetch':
    case 'move':
    case 'close':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'no-op':
    case 'refused':
      return true;
    default:
      return false;
  }
}
