import type { Conv2dOp } from '../../graph/ops/conv2d.ts';
import { filterCount, kernelSize } from '../../graph/ops/conv2d.ts';
import type { DenseOp } from '../../graph/ops/dense.ts';
import type { Pads } from '../../graph/ops/window.ts';
import { at, transposed } from '../../graph/weight.ts';
import type { Lower } from './lowering.ts';
import { requireNchw } from './require-nchw.ts';

/** ONNX' order: the starts of all axes, then their ends. */
export function padsAttribute(pads: Pads): { ints: number[] } {
  return { ints: [pads.top, pads.left, pads.bottom, pads.right] };
}

/** Kernels go from Keras' [h, w, in, out] to ONNX' [out, in, h, w]; depthwise from [h, w, c, m] to [c·m, 1, h, w]. */
export const lowerConv2d: Lower<Conv2dOp> = (op, inputs, { op: emit, weight, layer }) => {
  requireNchw(op.layout, layer);
  const { kernel } = op;
  const [height, width] = kernelSize(op);
  const filters = filterCount(op);
  const kernelName = weight(kernel, 'conv', () => ({
    shape: [filters, op.depthwise ? 1 : at(kernel.shape, 2), height, width],
    data: transposed(kernel.data, kernel.shape, op.depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]),
  }));
  const bias = op.bias === undefined ? [] : [weight(op.bias, 'vector')];
  return emit('Conv', [...inputs, kernelName, ...bias], {
    kernel_shape: { ints: [height, width] },
    strides: { ints: op.strides },
    dilations: { ints: op.dilations },
    pads: padsAttribute(op.pads),
    group: { int: op.depthwise ? at(kernel.shape, 2) : op.groups },
  });
};

export const lowerDense: Lower<DenseOp> = (op, inputs, { op: emit, weight, inputs: values }) => {
  const kernel = weight(op.kernel, 'matrix');
  const bias = op.bias === undefined ? [] : [weight(op.bias, 'vector')];
  if (values[0]?.shape.length === 1) return emit('Gemm', [...inputs, kernel, ...bias]);
  const product = emit('MatMul', [...inputs, kernel]);
  return bias.length === 0 ? product : emit('Add', [product, ...bias]);
};
