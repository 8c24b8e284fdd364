import type { ImageInfo } from '../api.ts';
import { readHeader, uprightSize } from './header.ts';

/**
 * Format, size and channels from the header alone: no pixel is decoded, so an image that is too large to decode
 * still has its answer. Width and height are those of the upright image (after the EXIF orientation), as
 * `decodeImage` gives it; channels are the file's own (1 grey, 2 with alpha, 3 colour, 4 with alpha or CMYK; a
 * palette counts as colour).
 *
 * @throws SqlensError 22000 when it is not an image of a known format or its header is damaged
 */
export async function imageInfo(bytes: Uint8Array): Promise<ImageInfo> {
  const header = await readHeader(bytes);
  return { format: header.format, ...uprightSize(header), channels: header.channels };
}
