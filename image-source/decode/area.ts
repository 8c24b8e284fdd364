/**
 * Pillow's BOX filter: each pixel is the mean of those that lie in its place. By hand, since the library disagrees with
 * Pillow about pixels whose middle lies on a border (every second one from 336 to 224).
 */
import type { RgbImage } from '../api.ts';

/** Pillow's fixed point: 32 bits, less 8 for the value and 2 for what filters overshoot. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** Which source pixels make each target pixel, one after the other: where they begin, how many, and the weight of each. */
interface Boxes {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}

function boxesOf(sourceLength: number, targetLength: number): Boxes {
  const scale = sourceLength / targetLength;
  const filterScale = Math.max(1, scale);
  const starts = new Int32Array(targetLength);
  const counts = new Int32Array(targetLength);
  const weights = new Int32Array(targetLength);
  for (let at = 0; at < targetLength; at++) {
    const middle = (at + 0.5) * scale;
    const isInside = (source: number) => {
      const off = (source - middle + 0.5) * (1 / filterScale);
      return off > -0.5 && off <= 0.5;
    };
    let start = Math.max(0, Math.trunc(middle - filterScale / 2 + 0.5));
    let end = Math.min(sourceLength, Math.trunc(middle + filterScale / 2 + 0.5));
    while (start < end - 1 && !isInside(start)) start++;
    while (end > start + 1 && !isInside(end - 1)) end--;
    starts[at] = start;
    counts[at] = Math.max(1, end - start);
    weights[at] = Math.round(2 ** PRECISION_BITS / (counts[at] ?? 1));
  }
  return { starts, counts, weights };
}

/** @returns width × image.height × 3 bytes, RGB */
export function areaWidth(image: RgbImage, width: number): RgbImage {
  if (image.width === width) return image;
  const { starts, counts, weights } = boxesOf(image.width, width);
  const data = new Uint8Array(width * image.height * 3);
  let to = 0;
  for (let row = 0; row < image.height; row++) {
    const rowStart = row * image.width * 3;
    for (let column = 0; column < width; column++) {
      const first = rowStart + (starts[column] ?? 0) * 3;
      const last = first + (counts[column] ?? 1) * 3;
      const weight = weights[column] ?? 0;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let from = first; from < last; from += 3) {
        red += image.data[from] ?? 0;
        green += image.data[from + 1] ?? 0;
        blue += image.data[from + 2] ?? 0;
      }
      data[to] = (red * weight + HALF) >> PRECISION_BITS;
      data[to + 1] = (green * weight + HALF) >> PRECISION_BITS;
      data[to + 2] = (blue * weight + HALF) >> PRECISION_BITS;
      to += 3;
    }
  }
  return { width, height: image.height, data };
}

/** @returns image.width × height × 3 bytes, RGB */
export function areaHeight(image: RgbImage, height: number): RgbImage {
  if (image.height === height) return image;
  const { starts, counts, weights } = boxesOf(image.height, height);
  const row_bytes = image.width * 3;
  const data = new Uint8Array(row_bytes * height);
  const sums = new Int32Array(row_bytes);
  for (let row = 0; row < height; row++) {
    sums.fill(0);
    const first = starts[row] ?? 0;
    for (let source = first; source < first + (counts[row] ?? 1); source++) {
      const from = source * row_bytes;
      for (let at = 0; at < row_bytes; at++) sums[at] = (sums[at] ?? 0) + (image.data[from + at] ?? 0);
    }
    const weight = weights[row] ?? 0;
    const to = row * row_bytes;
    for (let at = 0; at < row_bytes; at++)
      data[to + at] = ((sums[at] ?? 0) * weight + HALF) >> PRECISION_BITS;
  }
  return { width: image.width, height, data };
}
