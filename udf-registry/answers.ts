/**
 * Answers: what a function said about an input, kept so that no input is inferred twice.
 *
 * One `AnswerStore` per (artifact digest, options), shared by all queries and bounded across them. A query adds its
 * own `QueryAnswers`: answers of inputs whose key means nothing to the next query (a bare URI, whose content may
 * have changed by then) and the inputs that failed (they deserve another try).
 */
import { SqlensError, SqlState } from '../common/errors.ts';
import { ABSENT, KeyIndex } from './key-index.ts';

/** Slot numbers of a query's own index beyond the store's: this input failed. */
export const FAILED = 0x7fff_ffff;

/** Values of one answer: a fixed number of floats (models), or any object (decoded images, listings). */
export type AnswerValue = Float32Array | object;

const CHUNK_SLOTS = 1024;

export interface AnswerLimits {
  /** Bytes that one store may hold when no query uses it. */
  readonly idle_bytes: number;
  /** Bytes that one store may hold at all: beyond, the query that wants more is refused. */
  readonly busy_bytes: number;
}

export class AnswerStore {
  /** Floats per answer, or undefined when answers are objects. */
  readonly width: number | undefined;
  readonly keys = new KeyIndex();
  readonly #identities = new Map<string, number>();
  readonly #limits: AnswerLimits;
  readonly #floats: Float32Array[] = [];
  readonly #objects: object[] = [];
  #count = 0;
  #object_bytes = 0;
  #users = 0;

  constructor(width: number | undefined, limits: AnswerLimits) {
    this.width = width;
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  get size_bytes(): number {
    const floats_bytes = this.#floats.length * CHUNK_SLOTS * (this.width ?? 0) * 4;
    return floats_bytes + this.#object_bytes + this.keys.size_bytes + this.#identities.size * 100;
  }

  /** A query begins to read this store: nothing is evicted until it ends. */
  acquire(): void {
    this.#users++;
  }

  /** A query is done; the last one out empties a store that has grown beyond its idle limit. */
  release(): void {
    this.#users--;
    if (this.#users === 0 && this.size_bytes > this.#limits.idle_bytes) this.clear();
  }

  clear(): void {
    this.keys.clear();
    this.#identities.clear();
    this.#floats.length = 0;
    this.#objects.length = 0;
    this.#count = 0;
    this.#object_bytes = 0;
  }

  /** The slot of an input known by its identity (`uri` and version, or digest of its bytes). */
  find(identity: string): number | undefined {
    return this.#identities.get(identity);
  }

  /**
   * Stores an answer and gives its slot.
   * @param size_bytes what an object answer weighs; ignored for floats
   * @throws 53200 when the queries that run now need more answers than memory allows
   */
  add(identity: string, value: AnswerValue, size_bytes: number): number {
    const known = this.#identities.get(identity);
    if (known !== undefined) return known;
    if (this.size_bytes + size_bytes > this.#limits.busy_bytes) {
      throw new SqlensError({
        sqlState: SqlState.outOfMemory,
        message: `the answers of this statement need more than ${this.#limits.busy_bytes >> 20} MiB`,
        hint: 'Ask for fewer rows at a time, with LIMIT or a narrower WHERE.',
      });
    }
    const slot = this.#count++;
    if (this.width === undefined) {
      this.#objects[slot] = value;
      this.#object_bytes += size_bytes;
    } else {
      if (slot % CHUNK_SLOTS === 0) this.#floats.push(new Float32Array(CHUNK_SLOTS * this.width));
      if (value instanceof Float32Array) {
        this.#floats[Math.floor(slot / CHUNK_SLOTS)]?.set(value, (slot % CHUNK_SLOTS) * this.width);
      }
    }
    this.#identities.set(identity, slot);
    return slot;
  }

  /** Copies the floats of a slot into `target` at `offset`. */
  copyFloats(slot: number, target: Float32Array, offset: number): void {
    const width = this.width ?? 0;
    const chunk = this.#floats[Math.floor(slot / CHUNK_SLOTS)];
    if (chunk === undefined) return;
    const start = (slot % CHUNK_SLOTS) * width;
    for (let i = 0; i < width; i++) target[offset + i] = chunk[start + i] ?? 0;
  }

  object(slot: number): object | undefined {
    return this.#objects[slot];
  }
}

/** What one query knows of one store beyond the store's own keys. */
export class QueryAnswers {
  readonly store: AnswerStore;
  readonly own = new KeyIndex();

  constructor(store: AnswerStore) {
    this.store = store;
    store.acquire();
  }

  /**
   * @param durable whether the key says all about the input (a reference with its version, bytes), so that the
   *   answers of other queries hold for it
   * @returns a slot, `FAILED` or `ABSENT`
   */
  lookup(words: Uint32Array, offset: number, durable: boolean): number {
    if (durable) {
      const slot = this.store.keys.get(words, offset);
      if (slot !== ABSENT) return slot;
    }
    return this.own.get(words, offset);
  }

  release(): void {
    this.store.release();
  }
}
