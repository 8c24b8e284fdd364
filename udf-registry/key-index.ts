/**
 * A hash map from 128-bit keys to small integers, in two flat arrays: a statement over a million answered rows
 * looks up a million keys on the one JavaScript thread, and a Map of strings or bigints costs twenty times as much.
 *
 * The keys are digests (uniformly distributed), so their first word serves as the hash. Open addressing, linear
 * probing, at most half full.
 */
export class KeyIndex {
  #keys: Uint32Array;
  #values: Int32Array;
  #count = 0;

  constructor(expectedCount = 64) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(16, expectedCount * 2)));
    this.#keys = new Uint32Array(capacity * 4);
    this.#values = new Int32Array(capacity).fill(ABSENT);
  }

  get count(): number {
    return this.#count;
  }

  get size_bytes(): number {
    return this.#keys.byteLength + this.#values.byteLength;
  }

  /** @returns the value of the key that stands at `words[offset … offset + 3]`, or `ABSENT` */
  get(words: Uint32Array, offset: number): number {
    const mask = this.#values.length - 1;
    const k0 = words[offset] ?? 0;
    const k1 = words[offset + 1] ?? 0;
    const k2 = words[offset + 2] ?? 0;
    const k3 = words[offset + 3] ?? 0;
    const keys = this.#keys;
    for (let at = k0 & mask; ; at = (at + 1) & mask) {
      const value = this.#values[at] ?? ABSENT;
      if (value === ABSENT) return ABSENT;
      const base = at * 4;
      if (keys[base] === k0 && keys[base + 1] === k1 && keys[base + 2] === k2 && keys[base + 3] === k3) {
        return value;
      }
    }
  }

  /** Sets the value (0 or more) of a key. */
  set(words: Uint32Array, offset: number, value: number): void {
    if ((this.#count + 1) * 2 > this.#values.length) this.#grow();
    if (this.#insert(this.#keys, this.#values, words, offset, value)) this.#count++;
  }

  clear(): void {
    this.#values.fill(ABSENT);
    this.#count = 0;
  }

  #insert(keys: Uint32Array, values: Int32Array, words: Uint32Array, offset: number, value: number): boolean {
    const mask = values.length - 1;
    let at = (words[offset] ?? 0) & mask;
    for (; values[at] !== ABSENT; at = (at + 1) & mask) {
      let same = true;
      for (let word = 0; word < 4; word++) same &&= keys[at * 4 + word] === words[offset + word];
      if (same) {
        values[at] = value;
        return false;
      }
    }
    keys.set(words.subarray(offset, offset + 4), at * 4);
    values[at] = value;
    return true;
  }

  #grow(): void {
    const keys = new Uint32Array(this.#keys.length * 2);
    const values = new Int32Array(this.#values.length * 2).fill(ABSENT);
    for (let at = 0; at < this.#values.length; at++) {
      const value = this.#values[at] ?? ABSENT;
      if (value !== ABSENT) this.#insert(keys, values, this.#keys, at * 4, value);
    }
    this.#keys = keys;
    this.#values = values;
  }
}

/** What `get` gives for a key that is not there. */
export const ABSENT = -1;
