import type { Graph } from '../graph/graph.ts';
import { type ConvOp, type ConvTransposeOp, filterCount, kernelChannels } from '../graph/ops/conv.ts';
import type { DenseOp } from '../graph/ops/dense.ts';
import type { AffineOp } from '../graph/ops/normalization.ts';
import { rebuild } from '../graph/rebuild.ts';
import { at, channelValue, Weight } from '../graph/weight.ts';
import { isAlong } from './merge-affines.ts';

/**
 * An affine after a convolution or dense layer becomes part of its weights (this is how BatchNormalization is
 * folded). Exact for any padding: it acts on what comes out.
 */
export function foldAffineBackward(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, rewriter) => {
    const [input] = inputs;
    const { op } = node;
    if (op.kind !== 'affine' || input === undefined || !rewriter.ownsInput(0)) return undefined;
    const before = rewriter.producer(input);
    if (!isAlong(op, input.shape.length - 1)) return undefined;
    switch (before.op.kind) {
      case 'conv':
        if (before.op.layout !== 'channelsLast') return undefined;
        return rewriter.add(scaled(before.op, op, filterCount(before.op)), before.inputs, before.layer);
      case 'convTranspose': {
        if (before.op.layout !== 'channelsLast') return undefined;
        const [filters, channels] = kernelChannels(before.op);
        return rewriter.add(scaled(before.op, op, filters, channels), before.inputs, before.layer);
      }
      case 'dense':
        return rewriter.add(
          scaled(before.op, op, at(before.op.kernel.shape, 1)),
          before.inputs,
          before.layer,
        );
      default:
        return undefined;
    }
  });
}

/**
 * Kernels keep the output channel in their last axis (depthwise: in the last two), so it varies fastest.
 *
 * @param run numbers in a row that belong to one output channel: more than one for transposed convolutions
 */
function scaled<Op extends ConvOp | ConvTransposeOp | DenseOp>(
  op: Op,
  affine: AffineOp,
  channels: number,
  run = 1,
): Op {
  const factors = Float64Array.from({ length: channels }, (_, i) => channelValue(affine.scale, i, 1));
  const { data } = op.kernel;
  const kernel = new Float32Array(data.length);
  for (let start = 0; start < data.length; ) {
    for (const factor of factors) {
      for (const end = start + run; start < end; start++)
        kernel[start] = (data[start] ?? Number.NaN) * factor;
    }
  }
  const bias = new Float32Array(channels);
  for (let i = 0; i < channels; i++) {
    bias[i] =
      channelValue(op.bias, i, 0) * channelValue(affine.scale, i, 1) + channelValue(affine.offset, i, 0);
  }
  return {
    ...op,
    kernel: op.kernel.with(kernel),
    bias: op.bias?.with(bias) ?? new Weight(`${op.kernel.name}:bias`, [channels], bias),
  };
}
