import type { PadOp } from '../../graph/ops/padding.ts';
import type { Lower } from './lowering.ts';
import { requireChannelsFirst } from './require-channels-first.ts';

/**
 * ONNX Runtime folds a Pad of zeros into a MaxPool behind it, whose padding is minus infinity, and answers wrongly
 * where all pixels are negative. It leaves other numbers alone: the smallest normal float is as good as zero.
 */
const ALMOST_ZERO = 2 ** -126;

export const lowerPad: Lower<PadOp> = (op, inputs, { op: emit, writer, layer }) => {
  requireChannelsFirst(op.layout, layer);
  const { begin, end } = op.pads;
  const pads = writer.integers([0, 0, ...begin, 0, 0, ...end]);
  return emit('Pad', [...inputs, pads, writer.scalar(ALMOST_ZERO)], { mode: { text: 'constant' } });
};
