import {
  decodeImage,
  decodeResized,
  fromImageSchema,
  imageInfo,
  Locations,
  resizeImage,
  thumbnail,
  toImageSchema,
} from '../../image-source/index.ts';
import type { WorkerSettings } from './messages.ts';
import type { ImageTools } from './prepare.ts';

/** Image-source as a worker uses it: the locations that the server's policy allows, and the decoder. */
export function openImages(settings: WorkerSettings): ImageTools {
  const locations = new Locations(settings.policy);
  return {
    read: (uri, version, signal) =>
      locations.read(uri, {
        maxSize_bytes: settings.file_bytes_max,
        signal,
        ...(version === undefined ? {} : { version }),
      }),
    decode: (bytes) => decodeImage(bytes),
    decodeTo: (bytes, width, height, resize) =>
      decodeResized(bytes, width, height, resize === undefined ? {} : { resize }),
    resize: resizeImage,
    toSchema: (origin, image) => toImageSchema(image, origin),
    fromSchema: fromImageSchema,
    info: imageInfo,
    thumbnail,
  };
}
