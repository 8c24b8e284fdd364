import {
  decodeImage,
  decodeResized,
  fromImageSchema,
  imageInfo,
  resizeImage,
  thumbnail,
  toImageSchema,
} from '../../image-source/index.ts';
import type { ImageTools } from './prepare.ts';

/** The image tools of a worker, less the one that depends on where images may come from. */
export const imageTools: Omit<ImageTools, 'read'> = {
  decode: (bytes) => decodeImage(bytes),
  decodeTo: (bytes, width, height) => decodeResized(bytes, width, height),
  resize: resizeImage,
  toSchema: (origin, image) => toImageSchema(image, origin),
  fromSchema: fromImageSchema,
  info: imageInfo,
  thumbnail,
};
