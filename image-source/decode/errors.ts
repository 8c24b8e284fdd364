import { SqlensError, SqlState, unreachable } from '../../common/errors.ts';
import type { ImageFormat } from './limits.ts';

/** The input is not an image that can be decoded (22000). `message` says what is wrong with it. */
export function badImage(message: string, fields: { hint?: string; cause?: unknown } = {}): SqlensError {
  return new SqlensError({ sqlState: SqlState.dataException, message, ...fields });
}

/** The image is sound but larger than this process is willing to decode (54000). */
export function tooLarge(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.programLimitExceeded, message, hint });
}

/**
 * What went wrong while the pixels were decoded. libvips keeps one error buffer for all threads, so the text that it
 * gives may belong to another image: it is kept as the cause for a debugger and never shown.
 */
export function undecodable(format: ImageFormat, bytes: Uint8Array, cause: unknown): SqlensError {
  if (cause instanceof SqlensError) return cause;
  const what = isCutShort(format, bytes) ? 'is truncated' : 'is damaged and cannot be decoded';
  return badImage(`the ${format.toUpperCase()} image ${what}`, { cause });
}

/** Whether the file visibly ends too early; false where the format does not show it. */
function isCutShort(format: ImageFormat, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case 'jpeg':
      return !(bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9);
    case 'png':
      return bytes.length < 20 || view.getUint32(bytes.length - 8) !== 0x49454e44;
    case 'gif':
      return bytes.at(-1) !== 0x3b;
    case 'webp':
      return view.getUint32(4, true) + 8 > bytes.length;
    case 'bmp':
      return view.getUint32(2, true) > bytes.length;
    case 'tiff':
    case 'avif':
      return false;
    default:
      return unreachable(format);
  }
}
