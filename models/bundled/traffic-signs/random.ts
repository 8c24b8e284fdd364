import { createHash } from 'node:crypto';

/** The sets of images that are drawn from the same distribution and must never share an image. */
export const SPLITS = ['train', 'validation', 'sample'] as const;

export type Split = (typeof SPLITS)[number];

export function isSplit(text: string): text is Split {
  return SPLITS.some((split) => split === text);
}

/**
 * The name of one image's own stream of random numbers. It is injective (the split is one of a fixed list without
 * a slash, the rest are integers), so images of different splits share a stream only if SHA-256 collides: that is
 * what makes the sample table unseen by the training.
 */
export function streamKey(split: Split, seed: number, classIndex: number, imageIndex: number): string {
  return `sqlens/traffic-signs/1/${split}/${seed}/${classIndex}/${imageIndex}`;
}

/** A seeded stream of random numbers: sfc32, its 128 bits of state filled by the SHA-256 of a key. */
export class Random {
  readonly #state: Uint32Array;

  constructor(key: string) {
    const digest = createHash('sha256').update(key).digest();
    this.#state = Uint32Array.of(
      digest.readUInt32LE(0),
      digest.readUInt32LE(4),
      digest.readUInt32LE(8),
      digest.readUInt32LE(12),
    );
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const result = (a + b + counter) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    this.#state[3] = counter + 1;
    return result;
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * (this.uint32() / 0x1_0000_0000);
  }

  /** A number in (-limit, limit), small ones more often: the mean of two uniform draws. */
  around(limit: number): number {
    return (this.between(-limit, limit) + this.between(-limit, limit)) / 2;
  }

  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  chance(probability: number): boolean {
    return this.between(0, 1) < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.integer(0, items.length - 1)] ?? items[0];
  }

  /** Roughly normal, mean 0, deviation 1, from one draw: the sum of four bytes. Fast enough for every pixel. */
  noise(): number {
    const bits = this.uint32();
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
    return (sum - 510) / 147.8;
  }
}
