/**
 * The weights with which TensorFlow's resizing makes each position of an axis from those of the old one, in the steps
 * and the precision of its kernels (resize_bilinear, resize_bicubic, scale_and_translate), which are separable.
 */
import type { Interpolation } from '../../graph/ops/resize.ts';

/** Weight by old position, for each new position. */
export type Resampling = readonly Map<number, number>[];

/** The old position that each new one shows. */
export function nearestPositions(length: number, size: number): number[] {
  const step = Math.fround(length / size);
  return Array.from({ length: size }, (_, i) =>
    Math.min(Math.floor(Math.fround(Math.fround(i + 0.5) * step)), length - 1),
  );
}

/** @param antialias widens the kernel where the axis shrinks */
export function resampling(
  interpolation: Exclude<Interpolation, 'nearest'>,
  length: number,
  size: number,
  antialias: boolean,
): Resampling {
  switch (interpolation) {
    case 'bilinear':
      return antialias ? spans(triangle, 1, length, size, true) : linear(length, size);
    case 'bicubic':
      return antialias ? spans(keysCubic, 2, length, size, true) : cubic(length, size);
    case 'lanczos3':
      return spans(lanczos(3), 3, length, size, antialias);
    case 'lanczos5':
      return spans(lanczos(5), 5, length, size, antialias);
  }
}

/** Where a new position lies among the old ones. */
function centre(i: number, length: number, size: number): number {
  const step = Math.fround(length / size);
  return Math.fround(Math.fround(Math.fround(i + 0.5) * step) - 0.5);
}

function linear(length: number, size: number): Resampling {
  return Array.from({ length: size }, (_, i) => {
    const position = centre(i, length, size);
    const low = Math.max(Math.floor(position), 0);
    const high = Math.min(Math.ceil(position), length - 1);
    const part = Math.fround(position - Math.floor(position));
    const weights = new Map([[low, 1 - part]]);
    weights.set(high, (weights.get(high) ?? 0) + part);
    return weights;
  });
}

/** TensorFlow looks the cubic up in a table of so many steps between two pixels. */
const CUBIC_STEPS = 1024;

function cubic(length: number, size: number): Resampling {
  return Array.from({ length: size }, (_, i) => {
    const position = centre(i, length, size);
    const low = Math.floor(position);
    const offset = roundHalfEven(Math.fround(position - low) * CUBIC_STEPS) / CUBIC_STEPS;
    const taps = [
      [low - 1, keysCubic(1 + offset)],
      [low, keysCubic(offset)],
      [low + 1, keysCubic(1 - offset)],
      [low + 2, keysCubic(2 - offset)],
    ] as const;
    // What lies outside has no weight; the rest sums to one again.
    return normalised(taps.filter(([position]) => position >= 0 && position < length));
  });
}

function spans(
  kernel: (distance: number) => number,
  radius: number,
  length: number,
  size: number,
  antialias: boolean,
): Resampling {
  const step = Math.fround(1 / Math.fround(size / length));
  const width = antialias ? Math.max(step, 1) : 1;
  const inside = (position: number): number => Math.min(Math.max(position, 0), length - 1);
  return Array.from({ length: size }, (_, i) => {
    const sample = Math.fround(Math.fround(i + 0.5) * step);
    const first = inside(Math.ceil(Math.fround(sample - radius * width - 0.5)));
    const last = inside(Math.floor(Math.fround(sample + radius * width - 0.5)));
    const taps: [number, number][] = [];
    for (let position = first; position <= last; position++) {
      taps.push([position, kernel(Math.fround(Math.fround(position + 0.5 - sample) / width))]);
    }
    return normalised(taps);
  });
}

function normalised(taps: readonly (readonly [position: number, weight: number])[]): Map<number, number> {
  const sum = taps.reduce((total, [, weight]) => total + weight, 0);
  return new Map(taps.map(([position, weight]) => [position, weight / sum]));
}

function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

function triangle(distance: number): number {
  return Math.max(1 - Math.abs(distance), 0);
}

/** Keys' cubic with a = -1/2. */
function keysCubic(distance: number): number {
  const x = Math.abs(distance);
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}

function lanczos(radius: number): (distance: number) => number {
  return (distance) => {
    const x = Math.abs(distance);
    if (x > radius) return 0;
    if (x <= 1e-3) return 1;
    return (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2;
  };
}
