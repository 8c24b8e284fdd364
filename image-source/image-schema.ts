import { SqlensError, SqlState } from '../common/errors.ts';
import type { ImageSchemaValue, RgbImage } from './api.ts';
import { MAX_PIXELS } from './decode/limits.ts';

/** OpenCV type codes that Spark's ImageSchema uses, and the channels of each: CV_8UC1, CV_8UC3, CV_8UC4. */
const CHANNELS_OF_MODE: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [16, 3],
  [24, 4],
]);

const MODE_BGR = 16;

/**
 * Decoded pixels as Spark's ImageSchema: mode 16, three channels, B G R interleaved, rows top-down.
 *
 * @param origin what the image was read from, kept as it is
 */
export function toImageSchema(image: RgbImage, origin: string): ImageSchemaValue {
  const data = new Uint8Array(image.data.length);
  for (let at = 0; at + 2 < data.length; at += 3) {
    data[at] = image.data[at + 2] ?? 0;
    data[at + 1] = image.data[at + 1] ?? 0;
    data[at + 2] = image.data[at] ?? 0;
  }
  return { origin, height: image.height, width: image.width, nChannels: 3, mode: MODE_BGR, data };
}

function invalid(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.dataException, message, hint });
}

function checkedChannels(value: ImageSchemaValue): number {
  const channels = CHANNELS_OF_MODE.get(value.mode);
  if (channels === undefined) {
    throw invalid(
      `the image struct has mode ${value.mode}`,
      'mode is 0 (one channel), 16 (three, BGR) or 24 (four, BGRA); -1 marks an image that could not be decoded.',
    );
  }
  if (value.nChannels !== channels) {
    throw invalid(
      `the image struct has mode ${value.mode} and ${value.nChannels} channels`,
      `Mode ${value.mode} means nChannels = ${channels}.`,
    );
  }
  for (const side of [value.width, value.height]) {
    if (Number.isInteger(side) && side > 0) continue;
    throw invalid(
      `the image struct has a size of ${value.width}×${value.height}`,
      'Both must be at least 1.',
    );
  }
  return channels;
}

/**
 * Pixels of Spark's ImageSchema struct as RGB: grey is repeated, alpha dropped.
 *
 * @throws SqlensError 22000 when mode, nChannels, sizes and the length of data do not fit together, 54000 for more
 * pixels than an image may have
 */
export function fromImageSchema(value: ImageSchemaValue): RgbImage {
  const channels = checkedChannels(value);
  const { width, height, data } = value;
  const pixelCount = width * height;
  if (pixelCount > MAX_PIXELS.png) {
    throw new SqlensError({
      sqlState: SqlState.programLimitExceeded,
      message: `the image struct of ${width}×${height} has more than ${MAX_PIXELS.png / 1e6} million pixels`,
      hint: 'Scale it down first.',
    });
  }
  if (data.length !== pixelCount * channels) {
    throw invalid(
      `the image struct has ${data.length} bytes of data where ${width}×${height}×${channels} needs ${pixelCount * channels}`,
      'data holds height × width × nChannels bytes, rows top-down without padding.',
    );
  }
  const rgb = new Uint8Array(pixelCount * 3);
  const [red, green] = channels === 1 ? [0, 0] : [2, 1];
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = data[from + red] ?? 0;
    rgb[to + 1] = data[from + green] ?? 0;
    rgb[to + 2] = data[from] ?? 0;
  }
  return { width, height, data: rgb };
}
