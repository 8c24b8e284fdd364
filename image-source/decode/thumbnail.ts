import { SqlensError, SqlState } from '../../common/errors.ts';
import { decodeResized } from './decode.ts';
import { sharp } from './engines.ts';
import { readHeader, uprightSize } from './header.ts';
import { MAX_THUMBNAIL_PX } from './limits.ts';

const JPEG_QUALITY = 85;

/**
 * A JPEG of the image whose longest side has at most `size_px` pixels: upright, its proportions kept, never
 * enlarged, without metadata.
 *
 * @param size_px 1 to 4,096
 * @throws SqlensError 22023 for another size, else as `decodeImage`
 */
export async function thumbnail(bytes: Uint8Array, size_px: number): Promise<Uint8Array> {
  if (!Number.isInteger(size_px) || size_px < 1 || size_px > MAX_THUMBNAIL_PX) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `a thumbnail cannot be ${size_px} pixels large`,
      hint: `Give the longest side in pixels, from 1 to ${MAX_THUMBNAIL_PX}.`,
    });
  }
  const { width, height } = uprightSize(await readHeader(bytes));
  const scale = Math.min(1, size_px / Math.max(width, height));
  const image = await decodeResized(
    bytes,
    Math.max(1, Math.round(width * scale)),
    Math.max(1, Math.round(height * scale)),
  );
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}
