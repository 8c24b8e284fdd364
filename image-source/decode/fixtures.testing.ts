import { readFileSync } from 'node:fs';
import type { RgbImage } from '../api.ts';

/** The images that fixtures/make_fixtures.py drew, and what Pillow answers for them. For tests alone. */

const folder = new URL('../fixtures/', import.meta.url);

interface RecordedImage {
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
}

interface Recorded {
  readonly images: Readonly<Record<string, RecordedImage>>;
  readonly resize: readonly RecordedImage[];
}

const recorded: Recorded = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));

function decoded(image: RecordedImage): RgbImage {
  return { width: image.width, height: image.height, data: Buffer.from(image.rgb, 'base64') };
}

export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

export const expectedImages: ReadonlyMap<string, RgbImage> = new Map(
  Object.entries(recorded.images).map(([name, image]) => [name, decoded(image)]),
);

/** Pillow's bilinear resizes of resize.png. */
export const expectedResizes: readonly RgbImage[] = recorded.resize.map(decoded);

/** Mean and largest difference of two images of one size, in grey levels. */
export function difference(a: RgbImage, b: RgbImage): { readonly mean: number; readonly max: number } {
  if (a.width !== b.width || a.height !== b.height || a.data.length !== b.data.length) {
    throw new Error(`sizes differ: ${a.width}×${a.height} and ${b.width}×${b.height}`);
  }
  let sum = 0;
  let max = 0;
  for (let index = 0; index < a.data.length; index++) {
    const off = Math.abs((a.data[index] ?? 0) - (b.data[index] ?? 0));
    sum += off;
    max = Math.max(max, off);
  }
  return { mean: sum / a.data.length, max };
}
