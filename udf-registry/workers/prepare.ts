/** From an input to what a batch holds of it: pixels or numbers for a graph, or the answer itself. */

import sharp from 'sharp';
import { messageOf, SqlensError, SqlState, unreachable } from '../../common/errors.ts';
import type { ImageInfo, ImageSchemaValue, RgbImage, StoredBytes } from '../../image-source/api.ts';
import type { TensorSpec } from '../../models/artifact.ts';
import type { Answer, Input } from '../api.ts';
import type { ModelSpec, WorkerTask } from './messages.ts';

/** What a worker needs of image-source. Every call works off the JS thread and rejects with a SqlensError. */
export interface ImageTools {
  /** Refuses an object whose version is another one by now. */
  read(uri: string, version: string | undefined, signal: AbortSignal): Promise<StoredBytes>;
  decode(bytes: Uint8Array): Promise<RgbImage>;
  /** Decodes and resizes in one go where that is cheaper; same pixels as `decode` and then `resize`. */
  decodeTo(bytes: Uint8Array, width: number, height: number): Promise<RgbImage>;
  resize(image: RgbImage, width: number, height: number): Promise<RgbImage>;
  toSchema(origin: string, image: RgbImage): ImageSchemaValue;
  fromSchema(image: ImageSchemaValue): RgbImage;
  info(bytes: Uint8Array): Promise<ImageInfo>;
  thumbnail(bytes: Uint8Array, size_px: number): Promise<Uint8Array>;
}

export type Prepared =
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array }
  | {
      readonly kind: 'numbers';
      readonly values: Float32Array;
      readonly shapes: readonly (readonly number[])[];
    }
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
      if (task.model.image === undefined) return numbersOf(task.model, input);
      return { kind: 'pixels', pixels: await pixelsOf(task.model.image, input, images, signal) };
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

async function pixelsOf(
  target: { readonly width: number; readonly height: number },
  input: Input,
  images: ImageTools,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { width, height } = target;
  const image =
    input.kind === 'schema'
      ? await images.resize(images.fromSchema(input.image), width, height)
      : await images.decodeTo(await bytesOf(input, images, signal), width, height);
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
      throw new SqlensError({
        sqlState: SqlState.datatypeMismatch,
        message: `an image is needed, not ${input.kind === 'tensor' ? 'numbers' : 'decoded pixels'}`,
        hint: 'Pass an image reference, a URI, the bytes of an image file, or what image_decode() gives.',
      });
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

function numbersOf(model: ModelSpec, input: Input): Prepared {
  if (input.kind !== 'tensor') {
    throw new SqlensError({
      sqlState: SqlState.datatypeMismatch,
      message: 'this model takes numbers, not an image',
      hint: `Pass a list of numbers: ${model.inputs.map(describe).join(', ')}.`,
    });
  }
  return { kind: 'numbers', values: input.values, shapes: shapesFor(model.inputs, input.values.length) };
}

/**
 * The shape of each input, without the batch axis, for one row of `length` numbers: the inputs' numbers one after the
 * other. One axis in all may be free; the length then decides it.
 * @throws SqlensError 22023 naming both lengths when the numbers do not fit
 */
export function shapesFor(specs: readonly TensorSpec[], length: number): number[][] {
  const known = specs.map((spec) => spec.shape.reduce<number>((product, axis) => product * (axis ?? 1), 1));
  const free = specs.flatMap((spec, at) => spec.shape.filter((axis) => axis === null).map(() => at));
  const [freeAt] = free;
  if (freeAt === undefined) {
    const expected = known.reduce((sum, size) => sum + size, 0);
    if (expected !== length) throw wrongLength(specs, `${expected}`, length);
    return specs.map((spec) => spec.shape.map((axis) => axis ?? 1));
  }
  if (free.length > 1) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `the model's input has ${free.length} free axes: a flat list of numbers cannot say how long each is`,
      hint: `The inputs are ${specs.map(describe).join(', ')}: export the model with at most one free axis.`,
    });
  }
  const others = known.reduce((sum, size, at) => (at === freeAt ? sum : sum + size), 0);
  const step = known[freeAt] ?? 1;
  const size = (length - others) / step;
  if (!Number.isInteger(size) || size < 1) {
    throw wrongLength(
      specs,
      others === 0 ? `a multiple of ${step}` : `${others} and a multiple of ${step}`,
      length,
    );
  }
  return specs.map((spec) => spec.shape.map((axis) => axis ?? size));
}

function wrongLength(specs: readonly TensorSpec[], expected: string, length: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `the model takes ${expected} numbers, but ${length} were given`,
    hint: `Its inputs are ${specs.map(describe).join(', ')}.`,
  });
}

function describe(spec: TensorSpec): string {
  return `${spec.name} ${spec.type}[${spec.shape.map((axis) => axis ?? '?').join(', ')}]`;
}

export function asSqlensError(error: unknown): SqlensError {
  if (error instanceof SqlensError) return error;
  return new SqlensError({ sqlState: SqlState.dataException, message: messageOf(error), cause: error });
}
