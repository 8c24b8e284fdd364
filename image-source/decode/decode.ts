import type { RgbImage } from '../api.ts';
import { PixelBudget } from './budget.ts';
import { sharp, Transformer } from './engines.ts';
import { badImage, undecodable } from './errors.ts';
import { checkPixelCount, type ImageHeader, readHeader, sharpInput, uprightSize } from './header.ts';
import { DECODE_BUDGET_PIXELS, MAX_PIXELS } from './limits.ts';
import { cmykToRgb, type PixelLayout, toRgb } from './pixels.ts';
import { checkTargetSize, isNative, resizeImage, resizeOptions } from './resize.ts';
import { DEFAULT_RESIZE, isWhole, type ResizeMethod, regionOf } from './resize-method.ts';

export interface DecodeOptions {
  /** Refuse images of more pixels than this, below the format's own limit. */
  readonly maxPixels?: number;
}

/** Below this size decoding and resizing in one native call is worth its extra memory. */
const FUSED_PIXELS = 8_000_000;

export interface DecodeResizedOptions extends DecodeOptions {
  /** Bilinear without keeping the proportions unless told otherwise. */
  readonly resize?: ResizeMethod;
}

const budget = new PixelBudget(DECODE_BUDGET_PIXELS);

/** An AVIF costs more memory a pixel than the others: its limit stands for the whole budget, as theirs does. */
function budgetCost_pixels(header: ImageHeader): number {
  return header.width * header.height * (DECODE_BUDGET_PIXELS / MAX_PIXELS[header.format]);
}

async function openImage(bytes: Uint8Array, options: DecodeOptions): Promise<ImageHeader> {
  const header = await readHeader(bytes);
  checkPixelCount(header, options.maxPixels ?? Number.POSITIVE_INFINITY);
  return header;
}

function plainJpeg(bytes: Uint8Array, header: ImageHeader): Transformer {
  const image = new Transformer(bytes);
  return header.orientation === 1 ? image : image.rotate(header.orientation);
}

function layoutOf(data: Uint8Array, pixelCount: number): PixelLayout {
  const layouts = ['grey', 'grey-alpha', 'rgb', 'rgba'] as const;
  const layout = layouts[data.length / pixelCount - 1];
  if (layout === undefined)
    throw badImage(`the image has an unexpected depth (${data.length / pixelCount} bytes a pixel)`);
  return layout;
}

async function decodeNative(image: Transformer, header: ImageHeader): Promise<RgbImage> {
  const { width, height } = uprightSize(header);
  const pixels = await image.rawPixels();
  return { width, height, data: toRgb(pixels, width * height, layoutOf(pixels, width * height)) };
}

async function decodeBySharp(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  const input = sharp(bytes, { ...sharpInput(header.format), autoOrient: true });
  // Inks stay inks: libvips would go through a press profile, where Pillow multiplies.
  const pipeline = header.isCmyk
    ? input.pipelineColourspace('cmyk').toColourspace('cmyk')
    : input.removeAlpha().toColourspace('srgb');
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const pixelCount = width * height;
  if (header.isCmyk && info.channels === 4) return { width, height, data: cmykToRgb(data, pixelCount) };
  return { width, height, data: toRgb(data, pixelCount, layoutOf(data, pixelCount)) };
}

async function decodeOpened(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  try {
    if (header.format === 'bmp') return await decodeNative(new Transformer(bytes), header);
    if (header.isPlainJpeg) {
      try {
        return await decodeNative(plainJpeg(bytes, header), header);
      } catch {
        // The fast decoder is stricter about damage inside a scan; the other one has the last word.
      }
    }
    return await decodeBySharp(bytes, header);
  } catch (cause) {
    throw undecodable(header.format, bytes, cause);
  }
}

/**
 * Decodes an image to upright RGB, as Pillow's `exif_transpose` and `convert('RGB')` do: alpha is dropped, grey
 * repeated, CMYK multiplied out, profiles ignored, the first frame or page taken. Two deviations: 16-bit grey keeps
 * its high byte like 16-bit colour (Pillow clips it to white), and transparent pixels of a GIF are black (in Pillow
 * they have whatever colour the palette gives them). The size in the header is checked first, and images wait for a
 * budget of pixels in flight.
 *
 * @param bytes a whole JPEG, PNG, GIF, WebP, AVIF, TIFF or BMP file; the content decides, not a name
 * @returns width × height × 3 bytes, rows top-down
 * @throws SqlensError 22000 when it is not such an image or damaged, 54000 when it has too many pixels
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<RgbImage> {
  const header = await openImage(bytes, options);
  return budget.use(budgetCost_pixels(header), () => decodeOpened(bytes, header));
}

/**
 * `resizeImage(await decodeImage(bytes), width, height)`: the same pixels, for most JPEGs in one native call
 * without the full-size copy in between.
 *
 * @throws SqlensError as `decodeImage` and `resizeImage`
 */
export async function decodeResized(
  bytes: Uint8Array,
  width: number,
  height: number,
  options: DecodeResizedOptions = {},
): Promise<RgbImage> {
  checkTargetSize(width, height);
  const resize = options.resize ?? DEFAULT_RESIZE;
  const { interpolation } = resize;
  const header = await openImage(bytes, options);
  return budget.use(budgetCost_pixels(header), async () => {
    const upright = uprightSize(header);
    const isSameSize = upright.width === width && upright.height === height;
    const isStretched = isWhole(regionOf(upright, { width, height }, resize.fit), upright);
    const isSmall = header.width * header.height <= FUSED_PIXELS;
    if (header.isPlainJpeg && !isSameSize && isSmall && isStretched && isNative(interpolation)) {
      try {
        const filter = resizeOptions(width, height, interpolation);
        const pixels = await plainJpeg(bytes, header).fastResize(filter).rawPixels();
        return { width, height, data: toRgb(pixels, width * height, 'rgba') };
      } catch {
        // As in decodeOpened: let the other decoder say what is wrong, if anything is.
      }
    }
    return resizeImage(await decodeOpened(bytes, header), width, height, resize);
  });
}
