/**
 * Where images come from: locations (file, s3, http) that list and read objects under a policy, and a decoder that
 * turns what was read into RGB pixels. Knows nothing of models, SQL or sockets.
 */
export type * from './api.ts';
export {
  type DecodeOptions,
  type DecodeResizedOptions,
  decodeImage,
  decodeResized,
} from './decode/decode.ts';
export { decoderVersion } from './decode/engines.ts';
export { imageInfo } from './decode/info.ts';
export { MAX_IMAGE_BYTES } from './decode/limits.ts';
export { resizeImage } from './decode/resize.ts';
export {
  DEFAULT_RESIZE,
  INTERPOLATIONS,
  type Interpolation,
  RESIZE_FITS,
  type ResizeFit,
  type ResizeMethod,
} from './decode/resize-method.ts';
export { thumbnail } from './decode/thumbnail.ts';
export { fromImageSchema, toImageSchema } from './image-schema.ts';
export { NotAFileError } from './locations/errors.ts';
export type { ObjectStat, ReadOptions, WaitOptions } from './locations/location.ts';
export { type ListOptions, Locations } from './locations/locations.ts';
