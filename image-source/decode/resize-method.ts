/** How an image gets the size that a model wants: what happens to its proportions, and which filter makes its pixels. */

import { unreachable } from '../../common/errors.ts';

export const RESIZE_FITS = ['stretch', 'crop', 'pad'] as const;
export const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic', 'area'] as const;

/**
 * `stretch` does not keep the proportions (Keras' default); `crop` takes the largest part in the middle that has them
 * (`crop_to_aspect_ratio`, `smart_resize`); `pad` puts the whole image between black bars (`pad_to_aspect_ratio`).
 */
export type ResizeFit = (typeof RESIZE_FITS)[number];

/** Pillow's NEAREST, BILINEAR, BICUBIC and BOX: but for the first, they look at every pixel also when shrinking. */
export type Interpolation = (typeof INTERPOLATIONS)[number];

export interface ResizeMethod {
  readonly fit: ResizeFit;
  readonly interpolation: Interpolation;
}

/** What `image.resize((width, height), BILINEAR)` does: what models get unless told otherwise. */
export const DEFAULT_RESIZE: ResizeMethod = { fit: 'stretch', interpolation: 'bilinear' };

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of an image; for padding larger than the image, and then it begins left of or above it. */
export interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** The part of the image that becomes the whole result, in whole pixels, rounded as Keras rounds. */
export function regionOf(image: Size, target: Size, fit: ResizeFit): Region {
  const { width, height } = image;
  const widthForHeight = Math.max(1, Math.floor((height * target.width) / target.height));
  const heightForWidth = Math.max(1, Math.floor((width * target.height) / target.width));
  switch (fit) {
    case 'stretch':
      return { left: 0, top: 0, width, height };
    case 'crop': {
      const region = { width: Math.min(width, widthForHeight), height: Math.min(height, heightForWidth) };
      const left = Math.floor((width - region.width) / 2);
      return { left, top: Math.floor((height - region.height) / 2), ...region };
    }
    case 'pad': {
      // Both bars are of one size, although the proportions may then be off by a pixel.
      const left = Math.floor(Math.max(0, widthForHeight - width) / 2);
      const top = Math.floor(Math.max(0, heightForWidth - height) / 2);
      return { left: 0 - left, top: 0 - top, width: width + 2 * left, height: height + 2 * top };
    }
    default:
      return unreachable(fit);
  }
}

export function isWhole(region: Region, image: Size): boolean {
  return region.width === image.width && region.height === image.height;
}
