/**
 * Strings by their prefixes, in flat arrays: a vocabulary of 250,000 tokens has a million nodes, and as objects they took
 * 170 MB. A step from a node by a character is one slot of a hash table with open addressing.
 */
export class PrefixTree {
  /** node · 2²¹ + character, below 2⁵³; -1 where there is none. */
  #keys = new Float64Array(1 << 12).fill(-1);
  #children = new Int32Array(1 << 12);
  /** What the string that ends at a node was given; -1 for none. */
  #values = new Int32Array(1 << 11).fill(-1);
  #nodeCount = 1;

  static readonly root = 0;

  set(text: string, value: number): void {
    let node = PrefixTree.root;
    for (const char of text) {
      const code = char.codePointAt(0) ?? 0;
      const child = this.step(node, code);
      node = child >= 0 ? child : this.#grow(node, code);
    }
    if (node !== PrefixTree.root) this.#values[node] = value;
  }

  /** @returns -1 when nothing goes on with the character */
  step(node: number, code: number): number {
    const key = node * 2 ** 21 + code;
    const mask = this.#keys.length - 1;
    for (let at = slotOf(node, code) & mask; ; at = (at + 1) & mask) {
      const found = this.#keys[at] ?? -1;
      if (found === key) return this.#children[at] ?? -1;
      if (found === -1) return -1;
    }
  }

  valueAt(node: number): number {
    return this.#values[node] ?? -1;
  }

  #grow(node: number, code: number): number {
    if (this.#nodeCount * 2 > this.#keys.length) this.#widen();
    const child = this.#nodeCount++;
    if (child >= this.#values.length) {
      const wider = new Int32Array(this.#values.length * 2).fill(-1);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#put(node, code, child);
    return child;
  }

  #put(node: number, code: number, child: number): void {
    const mask = this.#keys.length - 1;
    let at = slotOf(node, code) & mask;
    while ((this.#keys[at] ?? -1) !== -1) at = (at + 1) & mask;
    this.#keys[at] = node * 2 ** 21 + code;
    this.#children[at] = child;
  }

  #widen(): void {
    const keys = this.#keys;
    const children = this.#children;
    this.#keys = new Float64Array(keys.length * 2).fill(-1);
    this.#children = new Int32Array(keys.length * 2);
    keys.forEach((key, at) => {
      if (key !== -1) this.#put(Math.floor(key / 2 ** 21), key % 2 ** 21, children[at] ?? -1);
    });
  }
}

function slotOf(node: number, code: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
