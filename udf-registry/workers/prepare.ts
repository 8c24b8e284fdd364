/** From an input to what a batch holds of it: pixels or numbers for a graph, or the answer itself. */

import sharp from 'sharp';
import { messageOf, SqlensError, SqlState, unreachable } from '../../common/errors.ts';
import type { ImageInfo, ImageSchemaValue, RgbImage, StoredBytes } from '../../image-source/api.ts';
import type { ResizeMethod } from '../../image-source/index.ts';
import type { TensorSpec } from '../../models/artifact.ts';
import type { Answer, Input, TensorInput } from '../api.ts';
import { describeShape, sizesText } from '../tensor-shape.ts';
import type { ModelSpec, WorkerTask } from './messages.ts';

/** What a worker needs of image-source. Every call works off the JS thread and rejects with a SqlensError. */
export interface ImageTools {
  /** Refuses an object whose version is another one by now. */
  read(uri: string, version: string | undefined, signal: AbortSignal): Promise<StoredBytes>;
  decode(bytes: Uint8Array): Promise<RgbImage>;
  /** Decodes and resizes in one go where that is cheaper; same pixels as `decode` and then `resize`. */
  decodeTo(bytes: Uint8Array, width: number, height: number, method?: ResizeMethod): Promise<RgbImage>;
  resize(image: RgbImage, width: number, height: number, method?: ResizeMethod): Promise<RgbImage>;
  toSchema(origin: string, image: RgbImage): ImageSchemaValue;
  fromSchema(image: ImageSchemaValue): RgbImage;
  info(bytes: Uint8Array): Promise<ImageInfo>;
  thumbnail(bytes: Uint8Array, size_px: number): Promise<Uint8Array>;
}

export type PreparedPart =
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array }
  | {
      readonly kind: 'numbers';
      readonly values: Float32Array | Float64Array;
      /** Without the batch axis. */
      readonly shape: readonly number[];
    };

export type Prepared =
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array }
  /** One part for each input of the graph, in their order. */
  | { readonly kind: 'row'; readonly parts: readonly PreparedPart[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'answer'; readonly answer: Exclude<Answer, { kind: 'tensors' | 'failed' }> }
  /** The answer has been handed on and is not kept: it may be a hundred megabytes of pixels. */
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly error: SqlensError };

/** Prepares one input; never rejects: what is wrong with an input is its own answer. */
export async function prepare(
  task: WorkerTask,
  input: Input,
  images: ImageTools,
  signal: AbortSignal,
): Promise<Prepared> {
  try {
    return await prepareFor(task, input, images, signal);
  } catch (error) {
    return { kind: 'failed', error: asSqlensError(error) };
  }
}

async function prepareFor(
  task: WorkerTask,
  input: Input,
  images: ImageTools,
  signal: AbortSignal,
): Promise<Prepared> {
  switch (task.kind) {
    case 'model':
      return prepareRow(task.model, input, images, signal);
    case 'image_decode': {
      const image =
        input.kind === 'schema'
          ? input.image
          : images.toSchema(originOf(input), await images.decode(await bytesOf(input, images, signal)));
      return { kind: 'answer', answer: { kind: 'image', image } };
    }
    case 'image_info': {
      if (input.kind === 'schema') {
        const { width, height, nChannels } = input.image;
        const info = { format: 'raw', width, height, channels: nChannels };
        return { kind: 'answer', answer: { kind: 'info', ...info } };
      }
      const info = await images.info(await bytesOf(input, images, signal));
      return { kind: 'answer', answer: { kind: 'info', ...info } };
    }
    case 'image_thumbnail': {
      const file =
        input.kind === 'schema'
          ? await losslessFile(images.fromSchema(input.image))
          : await bytesOf(input, images, signal);
      const bytes = await images.thumbnail(file, task.size_px);
      return { kind: 'answer', answer: { kind: 'bytes', bytes } };
    }
    default:
      return unreachable(task);
  }
}

async function prepareRow(
  model: ModelSpec,
  input: Input,
  images: ImageTools,
  signal: AbortSignal,
): Promise<Prepared> {
  const { image, inputs } = model;
  if (model.text !== undefined) {
    if (input.kind !== 'text') throw misplaced('text', input);
    return { kind: 'text', text: input.text };
  }
  if (input.kind !== 'parts') {
    if (image !== undefined)
      return { kind: 'pixels', pixels: await pixelsOf(model, image, input, images, signal) };
    const [spec] = inputs;
    if (spec === undefined || inputs.length > 1) throw misplaced(`${inputs.length} inputs`, input);
    return { kind: 'row', parts: [numbersOf(spec, input)] };
  }
  const parts = inputs.map(async (spec, at): Promise<PreparedPart> => {
    const part = input.parts[at];
    if (part === undefined) throw misplaced(`${inputs.length} inputs`, input);
    if (spec.name !== image?.tensor) return numbersOf(spec, part);
    return { kind: 'pixels', pixels: await pixelsOf(model, image, part, images, signal) };
  });
  return { kind: 'row', parts: await Promise.all(parts) };
}

async function pixelsOf(
  { resize }: ModelSpec,
  target: { readonly width: number; readonly height: number },
  input: Input,
  images: ImageTools,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { width, height } = target;
  const image =
    input.kind === 'schema'
      ? await images.resize(images.fromSchema(input.image), width, height, resize)
      : await images.decodeTo(await bytesOf(input, images, signal), width, height, resize);
  if (image.data.length !== width * height * 3) {
    throw new SqlensError({
      sqlState: SqlState.internalError,
      message: `a resized image has ${image.data.length} bytes where ${width * height * 3} are needed`,
    });
  }
  return image.data;
}

async function bytesOf(input: Input, images: ImageTools, signal: AbortSignal): Promise<Uint8Array> {
  switch (input.kind) {
    case 'bytes':
      return input.bytes;
    case 'stored': {
      // An answer is kept under the version that was asked for: one computed from other content would be wrong later.
      const stored = await images.read(input.uri, input.version, signal);
      return stored.bytes;
    }
    case 'schema':
    case 'tensor':
    case 'text':
    case 'parts':
      throw misplaced('an image', input);
    default:
      return unreachable(input);
  }
}

/** Decoded pixels as a file, for what works on files. */
async function losslessFile(image: RgbImage): Promise<Uint8Array> {
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  return sharp(image.data, { raw }).png({ compressionLevel: 0 }).toBuffer();
}

function originOf(input: Input): string {
  return input.kind === 'stored' ? input.uri : '';
}

function numbersOf(spec: TensorSpec, input: Input): PreparedPart {
  if (input.kind !== 'tensor') throw misplaced('numbers', input);
  const shape = shapeFor(spec, input);
  refuseFractions(spec, input.values);
  return { kind: 'numbers', values: input.values, shape };
}

/**
 * The shape of an input, without the batch axis, for one row's numbers. The length of a flat list decides one free axis.
 * @throws SqlensError 22023 naming both lengths, or shapes, when they do not fit
 */
export function shapeFor(spec: TensorSpec, input: Pick<TensorInput, 'values' | 'shape'>): readonly number[] {
  const { length } = input.values;
  if (input.shape === 'ragged') throw wrongShape(spec, 'lists of unequal lengths');
  if (input.shape !== undefined) {
    const { shape } = input;
    const fits =
      shape.length === spec.shape.length &&
      shape.every((size, axis) => size > 0 && (spec.shape[axis] ?? size) === size);
    if (!fits) throw wrongShape(spec, `${length} (${sizesText(shape)})`);
    return shape;
  }
  const known = spec.shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  const free = spec.shape.filter((size) => size === null).length;
  if (free > 1) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `input "${spec.name}" has ${free} free axes: a flat list of numbers cannot say how long each is`,
      hint: `Nest the lists as the input is: ${sizesText(spec.shape)}.`,
    });
  }
  const size = length / known;
  if (free === 0 ? size !== 1 : !Number.isInteger(size) || size < 1) throw wrongShape(spec, `${length}`);
  return spec.shape.map((axis) => axis ?? size);
}

function refuseFractions(spec: TensorSpec, values: Float32Array | Float64Array): void {
  const range = WHOLE_RANGES[spec.type];
  if (range === undefined) return;
  const [least, most] = range;
  const wrong = values.find((value) => !Number.isInteger(value) || value < least || value > most);
  if (wrong === undefined) return;
  throw new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `input "${spec.name}" takes whole numbers (${spec.type}), row has ${wrong}`,
    hint: `Give whole numbers from ${least} to ${most}.`,
  });
}

/** What input types of whole numbers hold; those of 64 bits as far as a double is exact. */
const WHOLE_RANGES: Partial<Record<TensorSpec['type'], readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

function wrongShape(spec: TensorSpec, given: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `input "${spec.name}" takes ${describeShape(spec)}, row has ${given}`,
    hint: 'Give as many numbers as the model takes, flat or nested as it takes them.',
  });
}

/** The function that was called has checked what it was given: this is a defect of ours. */
function misplaced(wanted: string, input: Input): SqlensError {
  return new SqlensError({
    sqlState: SqlState.datatypeMismatch,
    message: `the model takes ${wanted}, not an input of kind ${input.kind}`,
  });
}

export function asSqlensError(error: unknown): SqlensError {
  if (error instanceof SqlensError) return error;
  return new SqlensError({ sqlState: SqlState.dataException, message: messageOf(error), cause: error });
}
