/**
 * Programs of other languages print a JSON line for each thing that they have tried: its name and what came of it, or
 * the error. Here each becomes a test.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Output, type RunOptions, run } from './programs.ts';

type Seen = { readonly name: string; readonly value?: unknown; readonly error?: string };

export class Checks {
  readonly #seen: ReadonlyMap<string, Seen>;
  readonly #output: Output;
  readonly #asked = new Set<string>();

  private constructor(seen: ReadonlyMap<string, Seen>, output: Output) {
    this.#seen = seen;
    this.#output = output;
  }

  static async of(command: string, args: readonly string[], options?: RunOptions): Promise<Checks> {
    const output = await run(command, args, options);
    const seen = new Map<string, Seen>();
    for (const line of output.stdout.split('\n')) {
      if (!line.startsWith('{')) continue;
      const one: Seen = JSON.parse(line);
      seen.set(one.name, one);
    }
    return new Checks(seen, output);
  }

  /** What the program saw under a name. @throws AssertionError with its error, or when it never came so far */
  value(name: string): unknown {
    this.#asked.add(name);
    const one = this.#seen.get(name);
    if (one === undefined) assert.fail(`nothing was seen of "${name}": ${this.#output.stderr.slice(-4000)}`);
    if (one.error !== undefined) assert.fail(`${name}: ${one.error}`);
    return one.value;
  }

  expect(name: string, expected: unknown): void {
    assert.deepEqual(this.value(name), expected, name);
  }

  /** That the program ended well, and that nothing it saw went unchecked. */
  finish(): void {
    assert.equal(this.#output.code, 0, this.#output.stderr.slice(-4000));
    const unchecked = [...this.#seen.keys()].filter((name) => !this.#asked.has(name));
    assert.deepEqual(unchecked, []);
  }
}

/** One test for each name that a program reports on. */
export function expectAll(checks: () => Checks, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) {
    test(name, () => checks().expect(name, value));
  }
  test('ended well, and nothing went unchecked', () => checks().finish());
}
