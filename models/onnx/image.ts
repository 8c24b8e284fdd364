/** Which input of a foreign ONNX file is an image, and how its pixels are laid out. */
import { SqlState } from '../../common/errors.ts';
import type { CompileOptions, ImageInput } from '../artifact.ts';
import { ModelError, unsupportedPart } from '../model-error.ts';
import { pixelScaling, refusePreprocess } from '../preprocess.ts';
import type { DeclaredTensor } from './tensors.ts';

type Layout = Pick<ImageInput, 'layout' | 'channels'> & {
  readonly height: number | null;
  readonly width: number | null;
};

/** Undefined when no input is one; throws when it is one of a size or type that cannot be fed. */
export function imageInput(
  declared: readonly DeclaredTensor[],
  options: CompileOptions,
): ImageInput | undefined {
  const [input, found] = findImage(declared);
  if (input === undefined || found === undefined) {
    refusePreprocess(options.preprocess);
    return undefined;
  }
  const { layout, channels, height, width } = found;
  if (height === null || width === null) {
    throw unsupportedPart(
      `input "${input.name}"`,
      'the model declares no input size (its height or width is free)',
      `Say it: OPTIONS (input_shape = ${layout === 'nchw' ? `[${channels}, 224, 224]` : `[224, 224, ${channels}]`}), in the order of the input's axes.`,
    );
  }
  if (input.type !== 'float32' && input.type !== 'float16' && input.type !== 'uint8') {
    throw unsupportedPart(
      `input "${input.name}"`,
      `images as ${input.type} are not supported`,
      'Export the model with float32, float16 or uint8 pixels.',
    );
  }
  if (input.type === 'uint8' && options.preprocess !== 'none') {
    throw new ModelError({
      sqlState: SqlState.invalidParameterValue,
      message: `input "${input.name}" takes pixels as uint8, which preprocess = '${options.preprocess}' does not give`,
      hint: "Use preprocess = 'none'.",
    });
  }
  const { scale, offset, reversed } = pixelScaling(options.preprocess, channels);
  return {
    tensor: input.name,
    type: input.type,
    layout,
    channels,
    channelOrder: reversed ? 'bgr' : 'rgb',
    height,
    width,
    // Factors stand in the order of the input's channels.
    scale: reversed ? scale.toReversed() : scale,
    offset: reversed ? offset.toReversed() : offset,
    dynamicBatch: input.dims[0] === null,
  };
}

/** The only input, or among several the only one of a fixed size, that looks like an image. */
function findImage(declared: readonly DeclaredTensor[]): readonly [DeclaredTensor?, Layout?] {
  const candidates =
    declared.length === 1 ? declared : declared.filter(({ dims }) => !dims.slice(1).includes(null));
  const found = candidates.filter((input) => layoutOf(input) !== undefined);
  const [input, ...others] = found;
  if (input === undefined || others.length > 0) return [];
  return [input, layoutOf(input)];
}

/** An image is four axes of which one or three channels stand second or last. */
function layoutOf({ type, dims }: DeclaredTensor): Layout | undefined {
  if (dims.length !== 4 || type === 'bool') return undefined;
  const [, second = null, third = null, fourth = null] = dims;
  const isChannels = (size: number | null): size is 1 | 3 => size === 1 || size === 3;
  // Where both ends could be channels it is three that are colours, and else the first: one row of pixels is rare.
  if (isChannels(second) && !(second === 1 && fourth === 3)) {
    return { layout: 'nchw', channels: second, height: third, width: fourth };
  }
  if (isChannels(fourth)) return { layout: 'nhwc', channels: fourth, height: second, width: third };
  return undefined;
}
