/**
 * The two decoding libraries, configured once. No other file of this room imports them, so none can meet them
 * unconfigured.
 */
import { createRequire } from 'node:module';
import { FastResizeFilter, ResizeFit, Transformer } from '@napi-rs/image';
import sharp from 'sharp';

// One libvips thread an image: parallelism comes from decoding several images at once on libuv's threads.
sharp.concurrency(1);
// The operation cache keeps decoded images alive; no image is decoded twice in a row here.
sharp.cache(false);
// Allow by name. Whatever libvips may learn to read (SVG, PDF, its own text formats) stays shut.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadTiff',
    'VipsForeignLoadHeif',
    'VipsForeignLoadNsgif',
  ],
});

export { FastResizeFilter, ResizeFit, sharp, Transformer };

/** From its manifest: the library does not tell its version otherwise. */
function napiImageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('@napi-rs/image/package.json');
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}

/** Raised by hand when a change here makes other pixels from the same bytes. */
const RULES_VERSION = 1;

/**
 * Names everything that decides which pixels come out of the same bytes: part of the answers' key, so that an
 * upgrade never serves answers computed from other pixels.
 */
export const decoderVersion = [
  `rules-${RULES_VERSION}`,
  `napi-image-${napiImageVersion()}`,
  ...(['vips', 'mozjpeg', 'png', 'webp', 'heif', 'aom', 'tiff'] as const).map(
    (library) => `${library}-${sharp.versions[library] ?? 'none'}`,
  ),
].join('+');
