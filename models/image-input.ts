/** Which inputs of a Keras model are images, and in which order of axes the model wants their pixels. */
import type { ImageInput } from './artifact.ts';
import type { GraphBuilder } from './graph/graph.ts';
import type { Value } from './graph/ops/definition.ts';
import type { ModelConfig } from './keras/config/architecture.ts';
import type { DeclaredInput } from './keras/import.ts';

/**
 * An image is an input of height, width and one or three channels; or of channels, height and width, in a model whose
 * first layer over images says channels_first. Workers send the pixels of both in one order.
 */
export function imageInput({ name, shape }: DeclaredInput, model: ModelConfig): ImageInput | undefined {
  const [a, b, c, ...rest] = shape;
  if (a === undefined || b === undefined || c === undefined || rest.length > 0) return undefined;
  const [height, width, channels] = isChannelsFirst(shape, model) ? [b, c, a] : [a, b, c];
  if (channels !== 1 && channels !== 3) return undefined;
  return {
    tensor: name,
    type: 'uint8',
    layout: 'nhwc',
    channels,
    channelOrder: 'rgb',
    height,
    width,
    scale: new Array<number>(channels).fill(1),
    offset: new Array<number>(channels).fill(0),
    dynamicBatch: true,
  };
}

/** Preprocessed pixels in the order of axes that the model declares. */
export function inDeclaredOrder(
  builder: GraphBuilder,
  pixels: Value,
  input: DeclaredInput,
  model: ModelConfig,
): Value {
  if (!isChannelsFirst(input.shape, model)) return pixels;
  return builder.add({ kind: 'transpose', order: [2, 0, 1] }, [pixels], input.ref);
}

function isChannelsFirst(shape: readonly number[], model: ModelConfig): boolean {
  return (shape[0] === 1 || shape[0] === 3) && firstDataFormat(model) === 'channels_first';
}

/** What the first layer over images says of the order of axes, models within included. */
function firstDataFormat({ layers }: ModelConfig): unknown {
  for (const { className, options, model } of layers) {
    const format = model === undefined ? options.data_format : firstDataFormat(model);
    const overImages = model !== undefined || /2D(Transpose)?$/.test(className);
    if (overImages && typeof format === 'string') return format;
  }
  return undefined;
}
