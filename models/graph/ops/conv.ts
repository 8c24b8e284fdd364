import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import type { AxisOrder, OpDefinition } from './definition.ts';
import { addsRow, type Layout, spatialInput, spatialShape } from './layout.ts';
import { checkExtent, noPads, type Pads, slide, type Window, withRow } from './window.ts';

/** Convolution over one to three axes, of all channels or (depthwise) of each channel by itself. */
export interface ConvOp {
  readonly kind: 'conv';
  /** Keras' order: [...sizes, channels / groups, filters]; depthwise: [...sizes, channels, multiplier]. */
  readonly kernel: Weight;
  readonly bias: Weight | undefined;
  readonly depthwise: boolean;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
  readonly pads: Pads;
  readonly layout: Layout;
}

/** A convolution of single positions: every step, no padding. `kernel` is [...ones, channels, filters]. */
export function pointwise(kernel: Weight, bias: Weight | undefined): ConvOp {
  const ones = new Array<number>(kernel.shape.length - 2).fill(1);
  return {
    kind: 'conv',
    kernel,
    bias,
    depthwise: false,
    strides: ones,
    dilations: ones,
    groups: 1,
    pads: noPads(ones.length),
    layout: 'channelsLast',
  };
}

/** Sizes of a kernel along the spatial axes. */
export function kernelSize(op: { readonly kernel: Weight }): readonly number[] {
  return op.kernel.shape.slice(0, -2);
}

/** The two last axes of a kernel: what Keras puts behind the spatial ones. */
export function kernelChannels(op: { readonly kernel: Weight }): readonly [inner: number, last: number] {
  const { shape } = op.kernel;
  return [at(shape, shape.length - 2), at(shape, shape.length - 1)];
}

/** Channels that come out. */
export function filterCount(op: ConvOp): number {
  const [inner, last] = kernelChannels(op);
  return op.depthwise ? inner * last : last;
}

export function convWindow(op: ConvOp): Window {
  return { size: kernelSize(op), strides: op.strides, dilations: op.dilations, pads: op.pads };
}

export const conv: OpDefinition<ConvOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const window = convWindow(op);
    const { sizes, channels } = spatialInput(inputs, window.size.length, op.layout, layer);
    const expected = kernelChannels(op)[0] * (op.depthwise ? 1 : op.groups);
    if (channels !== expected) {
      throw invalidLayer(layer, `its kernel is for ${expected} channels, its input has ${channels}`);
    }
    return {
      shape: spatialShape(slide(window, sizes, layer), filterCount(op), op.layout),
      type: 'float32',
    };
  },
  relayout: (op, order) => ({ ...op, ...rowKernel(op, order), pads: rowPads(op.pads, order) }),
  flops: (op, _inputs, output) => 2 * op.kernel.data.length * (elementCount(output.shape) / filterCount(op)),
};

/**
 * What a convolution's gradient towards its input computes: every input number spreads the kernel over the output.
 * Each axis of the full result is (length - 1) · stride + extent of the kernel long, from which `crops` are taken; a
 * negative crop at the end adds positions that only the bias reaches.
 */
export interface ConvTransposeOp {
  readonly kind: 'convTranspose';
  /** Keras' order: [...sizes, filters, channels]. */
  readonly kernel: Weight;
  readonly bias: Weight | undefined;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly crops: Pads;
  readonly layout: Layout;
}

export const convTranspose: OpDefinition<ConvTransposeOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const size = kernelSize(op);
    const [filters, expected] = kernelChannels(op);
    const { sizes, channels } = spatialInput(inputs, size.length, op.layout, layer);
    if (channels !== expected) {
      throw invalidLayer(layer, `its kernel is for ${expected} channels, its input has ${channels}`);
    }
    const spread = sizes.map((length, axis) => {
      const extent = (at(size, axis) - 1) * at(op.dilations, axis) + 1;
      checkExtent(extent, layer);
      const full = (length - 1) * at(op.strides, axis) + extent;
      return full - at(op.crops.begin, axis) - at(op.crops.end, axis);
    });
    return { shape: spatialShape(spread, filters, op.layout), type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, ...rowKernel(op, order), crops: rowPads(op.crops, order) }),
  flops: (op, inputs) =>
    2 * op.kernel.data.length * (elementCount(inputs[0]?.shape ?? []) / kernelChannels(op)[1]),
};

function rowPads(pads: Pads, order: AxisOrder): Pads {
  return addsRow(order) ? withRow(pads) : pads;
}

/** A kernel over channels-first values, one row high where a sequence has become an image. */
function rowKernel(op: ConvOp | ConvTransposeOp, order: AxisOrder) {
  const { kernel, strides, dilations } = op;
  const layout = 'channelsFirst' as const;
  if (!addsRow(order)) return { layout };
  return {
    layout,
    kernel: kernel.with(kernel.data, [1, ...kernel.shape]),
    strides: [1, ...strides],
    dilations: [1, ...dilations],
  };
}
