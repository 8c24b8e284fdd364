import {
  type ConvOp,
  type ConvTransposeOp,
  filterCount,
  kernelChannels,
  kernelSize,
} from '../../graph/ops/conv.ts';
import type { DenseOp } from '../../graph/ops/dense.ts';
import type { Pads } from '../../graph/ops/window.ts';
import { transposed } from '../../graph/weight.ts';
import type { Lower } from './lowering.ts';
import { requireChannelsFirst } from './require-channels-first.ts';

/** ONNX' order: the starts of all axes, then their ends. */
export function padsAttribute(pads: Pads): { ints: number[] } {
  return { ints: [...pads.begin, ...pads.end] };
}

/** Kernels go from Keras' [...sizes, in, out] to ONNX' [out, in, ...sizes]; depthwise from [..., c, m] to [c·m, 1, ...]. */
export const lowerConv: Lower<ConvOp> = (op, inputs, { op: emit, weight, layer }) => {
  requireChannelsFirst(op.layout, layer);
  const { kernel } = op;
  const size = kernelSize(op);
  const filters = filterCount(op);
  const [channels] = kernelChannels(op);
  const axes = size.map((_, axis) => axis);
  const [inner, last] = [size.length, size.length + 1];
  const kernelName = weight(kernel, 'conv', () => ({
    shape: [filters, op.depthwise ? 1 : channels, ...size],
    data: transposed(kernel.data, kernel.shape, [...(op.depthwise ? [inner, last] : [last, inner]), ...axes]),
  }));
  const bias = op.bias === undefined ? [] : [weight(op.bias, 'vector')];
  return emit('Conv', [...inputs, kernelName, ...bias], {
    kernel_shape: { ints: size },
    strides: { ints: op.strides },
    dilations: { ints: op.dilations },
    pads: padsAttribute(op.pads),
    group: { int: op.depthwise ? channels : op.groups },
  });
};

/** Kernels go from Keras' [...sizes, out, in] to ONNX' [in, out, ...sizes]. */
export const lowerConvTranspose: Lower<ConvTransposeOp> = (op, inputs, { op: emit, weight, layer }) => {
  requireChannelsFirst(op.layout, layer);
  const { kernel } = op;
  const size = kernelSize(op);
  const [filters, channels] = kernelChannels(op);
  const axes = size.map((_, axis) => axis);
  const kernelName = weight(kernel, 'convTranspose', () => ({
    shape: [channels, filters, ...size],
    data: transposed(kernel.data, kernel.shape, [size.length + 1, size.length, ...axes]),
  }));
  const bias = op.bias === undefined ? [] : [weight(op.bias, 'vector')];
  const { begin, end } = op.crops;
  return emit('ConvTranspose', [...inputs, kernelName, ...bias], {
    kernel_shape: { ints: size },
    strides: { ints: op.strides },
    dilations: { ints: op.dilations },
    pads: padsAttribute({ begin, end: end.map((crop) => Math.max(crop, 0)) }),
    output_padding: { ints: end.map((crop) => Math.max(-crop, 0)) },
  });
};

export const lowerDense: Lower<DenseOp> = (op, inputs, { op: emit, weight, inputs: values }) => {
  const kernel = weight(op.kernel, 'matrix');
  const bias = op.bias === undefined ? [] : [weight(op.bias, 'vector')];
  if (values[0]?.shape.length === 1) return emit('Gemm', [...inputs, kernel, ...bias]);
  const product = emit('MatMul', [...inputs, kernel]);
  return bias.length === 0 ? product : emit('Add', [product, ...bias]);
};
