import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import { imageShape, type Layout, type OpDefinition } from './definition.ts';
import { imageInput } from './image-input.ts';
import { NO_PADS, type Pads, type Pair, slide } from './window.ts';

/** Convolution over images, of whole images or (depthwise) of each channel by itself. */
export interface Conv2dOp {
  readonly kind: 'conv2d';
  /** Keras' layout: [height, width, channels / groups, filters]; depthwise: [height, width, channels, multiplier]. */
  readonly kernel: Weight;
  readonly bias: Weight | undefined;
  readonly depthwise: boolean;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly groups: number;
  readonly pads: Pads;
  readonly layout: Layout;
}

/** A convolution of single pixels: every step, no padding. `kernel` is [1, 1, channels, filters]. */
export function pointwise(kernel: Weight, bias: Weight | undefined): Conv2dOp {
  return {
    kind: 'conv2d',
    kernel,
    bias,
    depthwise: false,
    strides: [1, 1],
    dilations: [1, 1],
    groups: 1,
    pads: NO_PADS,
    layout: 'nhwc',
  };
}

export function kernelSize(op: Conv2dOp): Pair {
  return [at(op.kernel.shape, 0), at(op.kernel.shape, 1)];
}

/** Channels that come out. */
export function filterCount(op: Conv2dOp): number {
  return op.depthwise ? at(op.kernel.shape, 2) * at(op.kernel.shape, 3) : at(op.kernel.shape, 3);
}

export const conv2d: OpDefinition<Conv2dOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { height, width, channels } = imageInput(inputs, op.layout, layer);
    const expected = at(op.kernel.shape, 2) * (op.depthwise ? 1 : op.groups);
    if (channels !== expected) {
      throw invalidLayer(layer, `its kernel is for ${expected} channels, its input has ${channels}`);
    }
    const window = { size: kernelSize(op), strides: op.strides, dilations: op.dilations, pads: op.pads };
    const [outHeight, outWidth] = slide(window, height, width, layer);
    return { shape: imageShape(outHeight, outWidth, filterCount(op), op.layout), type: 'float32' };
  },
  relayout: (op) => ({ ...op, layout: 'nchw' }),
  // Every number of the kernel is used once for every position that comes out.
  flops: (op, _inputs, output) => 2 * op.kernel.data.length * (elementCount(output.shape) / filterCount(op)),
};
