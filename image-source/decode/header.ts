import { readBmpHeader } from './bmp.ts';
import { sharp } from './engines.ts';
import { badImage, tooLarge, undecodable } from './errors.ts';
import { asOrientation, type Orientation, swapsSides } from './exif.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { type ImageFormat, MAX_JPEG_SCANS, MAX_PIXELS } from './limits.ts';
import { sniffFormat } from './sniff.ts';

/** What an image's header says; no pixel has been decoded. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** As stored, before the EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly orientation: Orientation;
  readonly isCmyk: boolean;
  /** A JPEG that the fast decoder reads. */
  readonly isPlainJpeg: boolean;
}

/**
 * How sharp opens a file. TIFF reports missing strips only as ordinary errors; for the others 'truncated' refuses
 * exactly the files that Pillow refuses.
 */
export function sharpInput(format: ImageFormat) {
  return {
    failOn: format === 'tiff' ? 'error' : 'truncated',
    limitInputPixels: MAX_PIXELS[format],
    ignoreIcc: true,
    pages: 1,
  } as const;
}

function jpegHeader(bytes: Uint8Array): ImageHeader {
  const { width, height, components, orientation, scans, isPlain } = readJpegHeader(bytes);
  if (width === 0 || height === 0) throw badImage(`the JPEG header gives a size of ${width}×${height}`);
  if (scans > MAX_JPEG_SCANS) {
    throw tooLarge(
      `the progressive JPEG has ${scans} scans, more than the limit of ${MAX_JPEG_SCANS}`,
      'Save it as a baseline JPEG.',
    );
  }
  return {
    format: 'jpeg',
    width,
    height,
    channels: components,
    orientation,
    isCmyk: components === 4,
    isPlainJpeg: isPlain,
  };
}

async function sharpHeader(bytes: Uint8Array, format: ImageFormat): Promise<ImageHeader> {
  // Without a limit here: the size is checked by the caller, who can say what it is.
  const metadata = await sharp(bytes, { ...sharpInput(format), limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw undecodable(format, bytes, cause);
    });
  const seen = metadata.format === 'heif' ? 'avif' : metadata.format;
  if (seen !== format) throw badImage(`the content begins like ${format} and goes on like ${seen}`);
  if (format === 'avif' && metadata.compression !== 'av1') throw badImage('HEIC images are not supported');
  return {
    format,
    width: metadata.width,
    height: metadata.height,
    channels: metadata.channels,
    orientation: asOrientation(metadata.orientation),
    isCmyk: metadata.space === 'cmyk',
    isPlainJpeg: false,
  };
}

/**
 * Format, size and kind of an image, from its first bytes.
 *
 * @throws SqlensError 22000 for what is not an image of a known format, 54000 for a JPEG with too many scans
 */
export async function readHeader(bytes: Uint8Array): Promise<ImageHeader> {
  const format = sniffFormat(bytes);
  switch (format) {
    case 'jpeg':
      return jpegHeader(bytes);
    case 'bmp': {
      const { width, height, bitsPerPixel } = readBmpHeader(bytes);
      return {
        format,
        width,
        height,
        channels: bitsPerPixel === 32 ? 4 : 3,
        orientation: 1,
        isCmyk: false,
        isPlainJpeg: false,
      };
    }
    default:
      return sharpHeader(bytes, format);
  }
}

/** Width and height after the EXIF orientation, which is how `decodeImage` gives the pixels. */
export function uprightSize(header: ImageHeader): { readonly width: number; readonly height: number } {
  return swapsSides(header.orientation)
    ? { width: header.height, height: header.width }
    : { width: header.width, height: header.height };
}

/** @throws SqlensError 54000 when the header announces more pixels than may be decoded */
export function checkPixelCount(header: ImageHeader, maxPixels: number): void {
  const limit = Math.min(MAX_PIXELS[header.format], maxPixels);
  if (header.width * header.height <= limit) return;
  throw tooLarge(
    `the ${header.format.toUpperCase()} image of ${header.width}×${header.height} has more than ${Math.floor(limit / 1e6)} million pixels`,
    'Scale it down before storing it.',
  );
}
