/** Parts of images, cut out or put between black bars, and the one filter that is not a convolution. */
import type { RgbImage } from '../api.ts';
import type { Region, Size } from './resize-method.ts';

/**
 * The pixels of a region; what lies outside of the image is black.
 *
 * @returns region.width × region.height × 3 bytes, RGB
 */
export function copyRegion(image: RgbImage, region: Region): RgbImage {
  const { left, top, width, height } = region;
  const data = new Uint8Array(width * height * 3);
  const firstColumn = Math.max(0, left);
  const lastColumn = Math.min(image.width, left + width);
  for (let row = Math.max(0, top); row < Math.min(image.height, top + height); row++) {
    const from = (row * image.width + firstColumn) * 3;
    const to = ((row - top) * width + firstColumn - left) * 3;
    data.set(image.data.subarray(from, from + (lastColumn - firstColumn) * 3), to);
  }
  return { width, height, data };
}

/** Pillow's NEAREST: for each pixel the one of the region that its middle falls into; black outside of the image. */
export function nearest(image: RgbImage, region: Region, target: Size): RgbImage {
  const { width, height } = target;
  const data = new Uint8Array(width * height * 3);
  const columns = positions(region.left, region.width, width);
  const rows = positions(region.top, region.height, height);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (row >= 0 && row < image.height && column >= 0 && column < image.width) {
        const from = (row * image.width + column) * 3;
        data[to] = image.data[from] ?? 0;
        data[to + 1] = image.data[from + 1] ?? 0;
        data[to + 2] = image.data[from + 2] ?? 0;
      }
      to += 3;
    }
  }
  return { width, height, data };
}

function positions(start: number, length: number, count: number): Int32Array {
  const scale = length / count;
  return Int32Array.from({ length: count }, (_, at) => start + Math.floor((at + 0.5) * scale));
}
