import type { GlobalPool2dOp, Pad2dOp, Pool2dOp } from '../../graph/ops/pooling.ts';
import { padsAttribute } from './convolution.ts';
import type { Lower } from './lowering.ts';
import { requireNchw } from './require-nchw.ts';

export const lowerPool2d: Lower<Pool2dOp> = (op, inputs, { op: emit, layer }) => {
  requireNchw(op.layout, layer);
  const window = {
    kernel_shape: { ints: op.size },
    strides: { ints: op.strides },
    pads: padsAttribute(op.pads),
  };
  return op.mode === 'max'
    ? emit('MaxPool', inputs, window)
    : emit('AveragePool', inputs, { ...window, count_include_pad: { int: 0 } });
};

export const lowerGlobalPool2d: Lower<GlobalPool2dOp> = (op, inputs, { op: emit, layer }) => {
  requireNchw(op.layout, layer);
  return emit(op.mode === 'max' ? 'GlobalMaxPool' : 'GlobalAveragePool', inputs);
};

/**
 * ONNX Runtime folds a Pad of zeros into a MaxPool behind it, whose padding is minus infinity, and answers wrongly
 * where all pixels are negative. It leaves other numbers alone: the smallest normal float is as good as zero.
 */
const ALMOST_ZERO = 2 ** -126;

export const lowerPad2d: Lower<Pad2dOp> = (op, inputs, { op: emit, writer, layer }) => {
  requireNchw(op.layout, layer);
  const { top, left, bottom, right } = op.pads;
  const pads = writer.integers([0, 0, top, left, 0, 0, bottom, right]);
  return emit('Pad', [...inputs, pads, writer.scalar(ALMOST_ZERO)], { mode: { text: 'constant' } });
};
