/** Every limit of decoding, in one place. Measured: at these sizes a process stays under 1 GB. */

/** Formats that are decoded, and the most pixels an image of each may have. AVIF decoders take ten times the memory. */
export const MAX_PIXELS = {
  jpeg: 64_000_000,
  png: 64_000_000,
  gif: 64_000_000,
  webp: 64_000_000,
  tiff: 64_000_000,
  bmp: 64_000_000,
  avif: 25_000_000,
} as const;

export type ImageFormat = keyof typeof MAX_PIXELS;

/** Pixels being decoded at one time in this process, weighed by what their format costs. */
export const DECODE_BUDGET_PIXELS = 64_000_000;

/** A progressive JPEG is decoded once per scan; ordinary ones have about ten. */
export const MAX_JPEG_SCANS = 100;

/** Sides of resized images and thumbnails. */
export const MAX_RESIZED_SIDE_PX = 16_384;
export const MAX_THUMBNAIL_PX = 4_096;

/** The largest stored image that callers should read; larger files are no photos. */
export const MAX_IMAGE_BYTES = 64 * 1024 * 1024;
