import { SqlensError, SqlState } from '../../common/errors.ts';
import type { RgbImage } from '../api.ts';
import { areaHeight, areaWidth } from './area.ts';
import { wrapAsBmp } from './bmp.ts';
import { FastResizeFilter, ResizeFit, Transformer } from './engines.ts';
import { MAX_RESIZED_SIDE_PX } from './limits.ts';
import { toRgb } from './pixels.ts';
import { copyRegion, nearest } from './region.ts';
import {
  DEFAULT_RESIZE,
  type Interpolation,
  isWhole,
  type Region,
  type ResizeMethod,
  regionOf,
} from './resize-method.ts';

/**
 * Larger images are resized in bands: first each band's width, then the height of the whole. The filter is
 * separable and rounds between the two, so the pixels are the same, at a tenth of the memory.
 */
const BAND_PIXELS = 4_000_000;

/** The filters that weigh neighbours, widened when shrinking (antialiased). */
type Filter = Exclude<Interpolation, 'nearest'>;

/** Those that the library has. */
export type NativeFilter = Exclude<Filter, 'area'>;

/** Pillow's BICUBIC is Catmull and Rom's. */
const FILTERS: Readonly<Record<NativeFilter, FastResizeFilter>> = {
  bilinear: FastResizeFilter.Bilinear,
  bicubic: FastResizeFilter.CatmullRom,
};

export function isNative(interpolation: Interpolation): interpolation is NativeFilter {
  return interpolation === 'bilinear' || interpolation === 'bicubic';
}

/** For the library's resizer; the aspect ratio is not kept. */
export function resizeOptions(width: number, height: number, filter: NativeFilter) {
  return { width, height, filter: FILTERS[filter], fit: ResizeFit.Fill };
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

/**
 * Resizes as Pillow does with the filter of the same name, to within 0.3 grey levels on average; the same image when
 * the size is already right. `bilinear` and `bicubic` run on libuv's threads, the others on the caller's.
 *
 * @param method bilinear without keeping the proportions unless told otherwise
 * @returns width × height × 3 bytes, RGB
 * @throws SqlensError 22023 for a size out of range
 */
export async function resizeImage(
  image: RgbImage,
  width: number,
  height: number,
  method: ResizeMethod = DEFAULT_RESIZE,
): Promise<RgbImage> {
  checkTargetSize(width, height);
  if (image.width === width && image.height === height) return image;
  const region = regionOf(image, { width, height }, method.fit);
  const { interpolation } = method;
  if (interpolation === 'nearest') return nearest(image, region, { width, height });
  if (isWhole(region, image)) return stretch(image, width, height, interpolation);
  if (method.fit === 'crop') return stretch(copyRegion(image, region), width, height, interpolation);
  return resizePadded(image, region, width, height, interpolation);
}

/**
 * Only one axis gets bars, and they would make an image of one row as large as the square of its width: so the other axis
 * is resized before they are added. Black stays black, whichever comes first.
 */
async function resizePadded(
  image: RgbImage,
  region: Region,
  width: number,
  height: number,
  filter: Filter,
): Promise<RgbImage> {
  if (region.height > image.height) {
    const narrowed = await resizeWidth(image, width, filter);
    return resizeHeight(copyRegion(narrowed, { ...region, left: 0, width }), height, filter);
  }
  const lowered = await resizeHeight(image, height, filter);
  return resizeWidth(copyRegion(lowered, { ...region, top: 0, height }), width, filter);
}

async function stretch(image: RgbImage, width: number, height: number, filter: Filter): Promise<RgbImage> {
  if (image.width === width && image.height === height) return image;
  if (filter !== 'area' && image.width * image.height <= BAND_PIXELS) {
    return { width, height, data: await resizeRows(image, 0, image.height, width, height, filter) };
  }
  return resizeHeight(await resizeWidth(image, width, filter), height, filter);
}

async function resizeRows(
  image: RgbImage,
  firstRow: number,
  rowCount: number,
  width: number,
  height: number,
  filter: NativeFilter,
): Promise<Uint8Array> {
  const bmp = wrapAsBmp(image, firstRow, rowCount);
  const pixels = await new Transformer(bmp).fastResize(resizeOptions(width, height, filter)).rawPixels();
  return toRgb(pixels, width * height, 'bgra');
}

async function resizeWidth(image: RgbImage, width: number, filter: Filter): Promise<RgbImage> {
  if (image.width === width) return image;
  if (filter === 'area') return areaWidth(image, width);
  const data = new Uint8Array(width * image.height * 3);
  const band_rows = Math.max(1, Math.floor(BAND_PIXELS / Math.max(image.width, width)));
  for (let row = 0; row < image.height; row += band_rows) {
    const rows = Math.min(band_rows, image.height - row);
    data.set(await resizeRows(image, row, rows, width, rows, filter), row * width * 3);
  }
  return { width, height: image.height, data };
}

/** Bands of columns: each is copied out, so that the whole never stands in memory a second time. */
async function resizeHeight(image: RgbImage, height: number, filter: Filter): Promise<RgbImage> {
  if (image.height === height) return image;
  if (filter === 'area') return areaHeight(image, height);
  const data = new Uint8Array(image.width * height * 3);
  const band_columns = Math.max(1, Math.floor(BAND_PIXELS / Math.max(image.height, height)));
  for (let column = 0; column < image.width; column += band_columns) {
    const columns = Math.min(band_columns, image.width - column);
    const band = copyRegion(image, { left: column, top: 0, width: columns, height: image.height });
    const resized = await resizeRows(band, 0, band.height, columns, height, filter);
    for (let row = 0; row < height; row++) {
      const from = row * columns * 3;
      data.set(resized.subarray(from, from + columns * 3), (row * image.width + column) * 3);
    }
  }
  return { width: image.width, height, data };
}
