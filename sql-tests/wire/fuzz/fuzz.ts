/** Conversations with mistakes, by the hundred thousand, and what must hold for each. */
import assert from 'node:assert/strict';
import { decodeMessage, Seen } from '../backend.ts';
import { type Answer, type MemoryServer, memoryServer } from './memory-connection.ts';
import { caseNumber, dice, mutated } from './mutate.ts';
import { type Recording, recordings } from './recorded.ts';
import { ScriptedBackend } from './scripted-backend.ts';

/** Between two looks at a conversation without mistakes. */
const canaryInterval = 500;
/** Conversations under way at once. */
const width = 32;

export interface FuzzResult {
  readonly cases: number;
  readonly duration_ms: number;
}

export class Fuzzer {
  readonly seed: number;
  readonly #recordings = recordings();
  readonly #backend = new ScriptedBackend();
  readonly #server: MemoryServer;
  /** The same, asking for a password. */
  readonly #locked: MemoryServer;

  constructor(seed: number) {
    this.seed = seed;
    this.#server = memoryServer(this.#backend, undefined);
    this.#locked = memoryServer(this.#backend, 'secret');
  }

  /** Every recording, cut in two at every byte: the answer is that of the whole. */
  async split(): Promise<FuzzResult> {
    const cases: (() => Promise<void>)[] = [];
    for (const { name, messages } of this.#steady) {
      const bytes = Buffer.concat(messages);
      const whole = this.#server.converse([bytes]).then(withoutKeys);
      for (let at = 1; at < bytes.length; at++) {
        cases.push(async () => {
          const answer = withoutKeys(
            await this.#server.converse([bytes.subarray(0, at), bytes.subarray(at)]),
          );
          assert.ok(answer.equals(await whole), `${name}, cut at byte ${at}, is answered in another way`);
        });
      }
    }
    return this.#run(cases.length, (index) => cases[index]?.() ?? Promise.resolve());
  }

  /** One byte at a time. */
  async drip(): Promise<FuzzResult> {
    return this.#run(this.#steady.length, async (index) => {
      const { name, messages } = this.#steady[index] ?? this.#recordings[0];
      const bytes = Buffer.concat(messages);
      const whole = withoutKeys(await this.#server.converse([bytes]));
      const drops = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      assert.ok(withoutKeys(await this.#server.converse(drops)).equals(whole), `${name}, byte by byte`);
    });
  }

  /**
   * Conversations with mistakes.
   * @param only the one case to run, of a run that failed
   */
  async mutate(cases: number, only?: number): Promise<FuzzResult> {
    if (only === undefined) return this.#run(cases, (index) => this.#mutation(index));
    return this.#run(1, () => this.#mutation(only));
  }

  /** A conversation without mistakes, after all of them. */
  async canary(): Promise<void> {
    const { messages } = this.#named('extended-named.wire');
    const answer = await this.#server.converse([Buffer.concat(messages)]);
    check(answer, 'the canary');
    const names = messageNames(answer.bytes);
    assert.equal(names.filter((name) => name === 'ReadyForQuery').length, 5, names.join(' '));
  }

  async #mutation(index: number): Promise<void> {
    const roll = dice(caseNumber(this.seed, index));
    const bytes = mutated(roll.pick(this.#recordings), this.#recordings, roll);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = roll.below(3) === 0 ? at + 1 + roll.below(bytes.length - at) : bytes.length;
      pieces.push(bytes.subarray(at, end));
      at = end;
    }
    const what = `seed ${this.seed}, case ${index}`;
    const server = roll.below(20) === 0 ? this.#locked : this.#server;
    try {
      check(await server.converse(pieces), what);
    } catch (error) {
      throw new Error(
        `${what}: ${error instanceof Error ? error.message : String(error)}\n${bytes.toString('hex')}`,
      );
    }
  }

  async #run(cases: number, one: (index: number) => Promise<void>): Promise<FuzzResult> {
    const start_ms = performance.now();
    // Every third conversation ends in an error, and nobody reads where it came from.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < cases; index = next++) {
        await one(index);
        if (index % canaryInterval === 0) await this.canary();
      }
    };
    try {
      await Promise.all(Array.from({ length: width }, worker));
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    await this.canary();
    assert.equal(this.#server.openConnections + this.#locked.openConnections, 0, 'connections are left');
    assert.equal(this.#backend.sessions.size, 0, 'sessions are left');
    return { cases, duration_ms: performance.now() - start_ms };
  }

  /** Who asks for encryption and goes on without waiting for the answer is refused: there the pieces count. */
  get #steady(): Recording[] {
    return this.#recordings.filter(({ messages }) => messages[0]?.length !== 8);
  }

  #named(name: string): Recording {
    const found = this.#recordings.find((recording) => recording.name.startsWith(name));
    if (found === undefined) throw new Error(`${name} is gone`);
    return found;
  }
}

/** Nothing internal, and nothing that a client could not read. */
function check({ bytes, errors }: Answer, what: string): void {
  assert.deepEqual(errors, [], what);
  messageNames(bytes);
}

/** The names of the messages; throws where they cannot be read, or tell of a defect. */
function messageNames(bytes: Buffer): string[] {
  const names: string[] = [];
  const seen = new Seen();
  for (let at = 0; at < bytes.length; ) {
    const type = String.fromCharCode(bytes.readUInt8(at));
    if (isRefusal(bytes, at)) {
      at++;
      continue;
    }
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    assert.ok(end <= bytes.length, `the last message, ${type}, is cut short`);
    const body = bytes.subarray(at + 5, end);
    assert.ok(type !== 'E' || !body.includes('CXX000'), `an internal error: ${body.toString()}`);
    names.push(decodeMessage(type, body, 'a', seen).name);
    at = end;
  }
  return names;
}

/** The single byte that answers a request for encryption, and not a notice. */
function isRefusal(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x4e && (at + 5 > bytes.length || bytes.readUInt32BE(at + 1) > 0xffff);
}

/** Every connection has another key. */
function withoutKeys({ bytes, errors }: Answer): Buffer {
  assert.deepEqual(errors, []);
  const copy = Buffer.from(bytes);
  for (let at = 0; at + 5 <= copy.length; ) {
    const end = at + 1 + copy.readUInt32BE(at + 1);
    if (copy[at] === 0x4b) copy.fill(0, at + 5, end);
    at = end;
  }
  return copy;
}
