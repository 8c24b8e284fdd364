import type { RgbImage } from '../api.ts';
import { badImage } from './errors.ts';

const HEADER_BYTES = 54;

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
}

/**
 * Size and depth from a BMP's header.
 *
 * @throws SqlensError 22000 when the header is damaged or of a kind that does not describe pixels
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header_bytes = view.getUint32(14, true);
  if (header_bytes === 12) {
    return check(view.getUint16(18, true), view.getUint16(20, true), view.getUint16(24, true));
  }
  if (header_bytes < 16 || header_bytes > 124 || bytes.length < 30)
    throw badImage('the BMP header is damaged');
  // A negative height says that the rows run from the top down.
  return check(view.getInt32(18, true), Math.abs(view.getInt32(22, true)), view.getUint16(28, true));
}

function check(width: number, height: number, bitsPerPixel: number): BmpHeader {
  if (width <= 0 || height <= 0) throw badImage(`the BMP header gives a size of ${width}×${height}`);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bitsPerPixel)) {
    throw badImage(`the BMP header gives ${bitsPerPixel} bits per pixel`);
  }
  return { width, height, bitsPerPixel };
}

/**
 * Wraps some rows of pixels as a BMP: the cheapest way to hand RGB to a library that takes only files or RGBA. The
 * bytes are not reordered, so whoever reads the file sees red and blue exchanged.
 */
export function wrapAsBmp(image: RgbImage, firstRow: number, rowCount: number): Buffer {
  const row_bytes = image.width * 3;
  const stride_bytes = (row_bytes + 3) & ~3;
  const size_bytes = HEADER_BYTES + stride_bytes * rowCount;
  const bmp = Buffer.allocUnsafe(size_bytes);
  bmp.fill(0, 0, HEADER_BYTES);
  bmp.write('BM', 0, 'latin1');
  bmp.writeUInt32LE(size_bytes, 2);
  bmp.writeUInt32LE(HEADER_BYTES, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(image.width, 18);
  bmp.writeInt32LE(-rowCount, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  bmp.writeUInt32LE(stride_bytes * rowCount, 34);
  const rows = image.data.subarray(firstRow * row_bytes, (firstRow + rowCount) * row_bytes);
  if (stride_bytes === row_bytes) {
    bmp.set(rows, HEADER_BYTES);
    return bmp;
  }
  for (let row = 0; row < rowCount; row++) {
    const to = HEADER_BYTES + row * stride_bytes;
    bmp.set(rows.subarray(row * row_bytes, (row + 1) * row_bytes), to);
    bmp.fill(0, to + row_bytes, to + stride_bytes);
  }
  return bmp;
}
