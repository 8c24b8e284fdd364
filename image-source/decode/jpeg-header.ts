import { badImage } from './errors.ts';
import { exifOrientation, type Orientation } from './exif.ts';

/** What a JPEG says of itself before its first scan; nothing is decoded to learn it. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly orientation: Orientation;
  /** Number of scans, counted only for progressive files (each costs a pass over the image). */
  readonly scans: number;
  /** True when the fast decoder is known to give the right pixels for such a file. */
  readonly isPlain: boolean;
}

interface Frame {
  readonly marker: number;
  readonly precision_bits: number;
  readonly width: number;
  readonly height: number;
  readonly componentIds: readonly number[];
  readonly sampling: readonly number[];
}

const MAX_SEGMENTS = 10_000;

function isFrameMarker(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(marker: number, payload: Uint8Array): Frame {
  const count = payload[5] ?? 0;
  if (payload.length < 6 + 3 * count || count === 0) throw badImage('the JPEG frame header is damaged');
  const componentIds: number[] = [];
  const sampling: number[] = [];
  for (let index = 0; index < count; index++) {
    componentIds.push(payload[6 + index * 3] ?? 0);
    sampling.push(payload[7 + index * 3] ?? 0);
  }
  return {
    marker,
    precision_bits: payload[0] ?? 0,
    height: ((payload[1] ?? 0) << 8) | (payload[2] ?? 0),
    width: ((payload[3] ?? 0) << 8) | (payload[4] ?? 0),
    componentIds,
    sampling,
  };
}

/**
 * 8-bit Huffman-coded greyscale or YCbCr with the samplings that cameras and editors write. Everything rarer (RGB
 * and CMYK JPEGs, 12 bits, arithmetic coding, lossless) is left to the decoder that Pillow shares.
 */
function isPlainFrame(frame: Frame, adobeTransform: number | undefined): boolean {
  if (frame.marker > 0xc2 || frame.precision_bits !== 8) return false;
  if (frame.componentIds.length === 1) return true;
  if (frame.componentIds.length !== 3 || adobeTransform === 0) return false;
  if (frame.componentIds[0] === 0x52 && frame.componentIds[1] === 0x47) return false;
  const [luma, blue, red] = frame.sampling;
  return (luma === 0x11 || luma === 0x21 || luma === 0x22) && blue === 0x11 && red === 0x11;
}

function endsInEoi(bytes: Uint8Array): boolean {
  return bytes[bytes.length - 2] === 0xff && bytes[bytes.length - 1] === 0xd9;
}

function countScans(bytes: Uint8Array, from: number): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const startOfScan = Buffer.from([0xff, 0xda]);
  let scans = 0;
  for (let at = buffer.indexOf(startOfScan, from); at !== -1; at = buffer.indexOf(startOfScan, at + 2))
    scans++;
  return scans;
}

/**
 * Reads the segments of a JPEG up to its first scan.
 *
 * @throws SqlensError 22000 when it ends before, or its segments do not add up
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let frame: Frame | undefined;
  let isOdd = false;
  let adobeTransform: number | undefined;
  let orientation: Orientation | undefined;
  let at = 2;
  for (let segment = 0; segment < MAX_SEGMENTS; segment++) {
    // Any number of fill bytes may stand before a marker; other bytes there are damage that libjpeg skips over.
    while (at < bytes.length && bytes[at] !== 0xff) {
      isOdd = true;
      at++;
    }
    while (at < bytes.length && bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    if (marker === undefined) throw badImage('the JPEG is truncated inside its header');
    if (marker === 0 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    if (marker === 0xd9) throw badImage('the JPEG ends before its first scan');
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    if (length < 2) throw badImage('the JPEG header is damaged: a segment has no length');
    if (at + length > bytes.length) throw badImage('the JPEG is truncated inside its header');
    const payload = bytes.subarray(at + 2, at + length);
    if (marker === 0xda) {
      if (frame === undefined) throw badImage('the JPEG has no frame header');
      const scans = frame.marker === 0xc2 ? countScans(bytes, at - 2) : 1;
      const isPlain = !isOdd && isPlainFrame(frame, adobeTransform) && endsInEoi(bytes);
      const { width, height, componentIds } = frame;
      return {
        width,
        height,
        components: componentIds.length,
        orientation: orientation ?? 1,
        scans,
        isPlain,
      };
    }
    if (isFrameMarker(marker)) {
      isOdd ||= frame !== undefined;
      frame ??= readFrame(marker, payload);
    } else if (marker === 0xe1) {
      orientation ??= exifOrientation(payload);
    } else if (marker === 0xee && payload.length >= 12 && payload[0] === 0x41 && payload[1] === 0x64) {
      adobeTransform = payload[11];
    }
    at += length;
  }
  throw badImage(`the JPEG has more than ${MAX_SEGMENTS} segments before its first scan`);
}
