import { SqlensError, SqlState } from '../../common/errors.ts';
import type { RgbImage } from '../api.ts';
import { wrapAsBmp } from './bmp.ts';
import { FastResizeFilter, ResizeFit, Transformer } from './engines.ts';
import { MAX_RESIZED_SIDE_PX } from './limits.ts';
import { toRgb } from './pixels.ts';

/**
 * Larger images are resized in bands: first each band's width, then the height of the whole. The filter is
 * separable and rounds between the two, so the pixels are the same, at a tenth of the memory.
 */
const BAND_PIXELS = 4_000_000;

/** The one filter of this project: bilinear, widened when shrinking (antialiased), the aspect ratio not kept. */
export function resizeOptions(width: number, height: number) {
  return { width, height, filter: FastResizeFilter.Bilinear, fit: ResizeFit.Fill };
}

/** @throws SqlensError 22023 for a size that is not 1 to 16,384 whole pixels a side */
export function checkTargetSize(width: number, height: number): void {
  for (const side of [width, height]) {
    if (Number.isInteger(side) && side >= 1 && side <= MAX_RESIZED_SIDE_PX) continue;
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `images cannot be resized to ${width}×${height}`,
      hint: `Both sides must be whole numbers from 1 to ${MAX_RESIZED_SIDE_PX}.`,
    });
  }
}

async function resizeRows(
  image: RgbImage,
  firstRow: number,
  rowCount: number,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const bmp = wrapAsBmp(image, firstRow, rowCount);
  const pixels = await new Transformer(bmp).fastResize(resizeOptions(width, height)).rawPixels();
  return toRgb(pixels, width * height, 'bgra');
}

/**
 * Resizes as Pillow's `resize((width, height), BILINEAR)` does, to within 0.3 grey levels on average; the same
 * image when the size is already right. Runs on libuv's threads.
 *
 * @returns width × height × 3 bytes, RGB
 * @throws SqlensError 22023 for a size out of range
 */
export async function resizeImage(image: RgbImage, width: number, height: number): Promise<RgbImage> {
  checkTargetSize(width, height);
  if (image.width === width && image.height === height) return image;
  if (image.width * image.height <= BAND_PIXELS) {
    return { width, height, data: await resizeRows(image, 0, image.height, width, height) };
  }
  const narrowed = image.width === width ? image : await resizeWidth(image, width);
  if (narrowed.height === height) return narrowed;
  return { width, height, data: await resizeHeight(narrowed, height) };
}

async function resizeWidth(image: RgbImage, width: number): Promise<RgbImage> {
  const data = new Uint8Array(width * image.height * 3);
  const band_rows = Math.max(1, Math.floor(BAND_PIXELS / Math.max(image.width, width)));
  for (let row = 0; row < image.height; row += band_rows) {
    const rows = Math.min(band_rows, image.height - row);
    data.set(await resizeRows(image, row, rows, width, rows), row * width * 3);
  }
  return { width, height: image.height, data };
}

/** Bands of columns: each is copied out, so that the whole never stands in memory a second time. */
async function resizeHeight(image: RgbImage, height: number): Promise<Uint8Array> {
  const data = new Uint8Array(image.width * height * 3);
  const band_columns = Math.max(1, Math.floor(BAND_PIXELS / Math.max(image.height, height)));
  for (let column = 0; column < image.width; column += band_columns) {
    const columns = Math.min(band_columns, image.width - column);
    const band = copyColumns(image, column, columns);
    const resized = await resizeRows(band, 0, band.height, columns, height);
    for (let row = 0; row < height; row++) {
      const from = row * columns * 3;
      data.set(resized.subarray(from, from + columns * 3), (row * image.width + column) * 3);
    }
  }
  return data;
}

function copyColumns(image: RgbImage, column: number, columns: number): RgbImage {
  const data = new Uint8Array(columns * image.height * 3);
  for (let row = 0; row < image.height; row++) {
    const from = (row * image.width + column) * 3;
    data.set(image.data.subarray(from, from + columns * 3), row * columns * 3);
  }
  return { width: columns, height: image.height, data };
}
