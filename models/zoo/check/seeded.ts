/**
 * Weights and images that are the same here and in `seeded.py`, number for number, so that no weights need to be kept:
 * each is computed from the name of its layer and its place.
 */
import type { WeightedLayer } from '../architectures/weighted-layers.ts';

const GOLDEN = 0x9e3779b9;

/** FNV-1a of the name: where a weight's numbers begin. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** 24 mixed bits for each place. */
function bits(seed: number, index: number): number {
  let x = (seed + Math.imul(index + 1, GOLDEN)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 8) & 0xffffff;
}

/** Evenly spread in [low, high). */
export function uniform(name: string, count: number, low: number, high: number): Float32Array {
  const seed = seedOf(name);
  const width = (high - low) / 2 ** 24;
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = low + bits(seed, i) * width;
  return numbers;
}

/** What a model's convolutions multiply the variance by; it keeps activations in the range of floats. */
export interface SeededScale {
  readonly gain: number;
}

/** The i-th weight of a layer, in Keras' order. */
export function seededWeight(
  { path, className, weights }: WeightedLayer,
  i: number,
  scale: SeededScale,
): Float32Array {
  const weight = weights[i];
  if (weight === undefined) throw new RangeError(`${path.join('/')} has no weight ${i}`);
  const { role, shape } = weight;
  const count = shape.reduce((product, length) => product * length, 1);
  const [low, high] = range(className, role, shape, scale);
  return uniform(`${path.at(-1)}#${i}`, count, low, high);
}

function range(
  className: string,
  role: string,
  shape: readonly number[],
  { gain }: SeededScale,
): readonly [low: number, high: number] {
  switch (role) {
    case 'kernel':
    case 'pointwise_kernel': {
      const inputs = shape.slice(0, -1).reduce((product, length) => product * length, 1);
      return evenly(Math.sqrt((3 * gain) / inputs));
    }
    case 'depthwise_kernel':
      return evenly(Math.sqrt((3 * gain) / ((shape[0] ?? 1) * (shape[1] ?? 1))));
    case 'gamma':
      return className === 'LayerScale' ? [0.2, 0.6] : [0.8, 1.2];
    case 'moving_variance':
      return [0.7, 1.3];
    case 'mean':
      return [0.4, 0.5];
    case 'variance':
      return [0.04, 0.06];
    case 'count':
      return [0, 0];
    default:
      return evenly(0.2);
  }
}

function evenly(limit: number): readonly [number, number] {
  return [-limit, limit];
}

/** RGB pixels: an 8×8 grid of colours with grain on it, one image after the other. */
export function seededImages(count: number, height_px: number, width_px: number): Uint8Array {
  const pixels = new Uint8Array(count * height_px * width_px * 3);
  let at = 0;
  for (let image = 0; image < count; image++) {
    const grid = seedOf(`grid ${image}`);
    const grain = seedOf(`grain ${image}`);
    for (let i = 0; i < height_px * width_px * 3; i++) {
      const channel = i % 3;
      const x = Math.floor(i / 3) % width_px;
      const y = Math.floor(i / (3 * width_px));
      const cell = Math.floor((y * 8) / height_px) * 8 + Math.floor((x * 8) / width_px);
      const value = (bits(grid, cell * 3 + channel) >>> 16) + (bits(grain, i) >>> 18) - 32;
      pixels[at++] = Math.min(255, Math.max(0, value));
    }
  }
  return pixels;
}
