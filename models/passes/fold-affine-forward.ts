import type { Graph } from '../graph/graph.ts';
import { type ConvOp, type ConvTransposeOp, filterCount, kernelChannels } from '../graph/ops/conv.ts';
import type { AffineOp } from '../graph/ops/normalization.ts';
import { hasPads } from '../graph/ops/window.ts';
import { rebuild } from '../graph/rebuild.ts';
import { at, channelValue, Weight } from '../graph/weight.ts';
import { isAlong } from './merge-affines.ts';

/**
 * An affine before a convolution or dense layer (preprocessing, Rescaling, a BatchNormalization after an activation)
 * becomes part of its weights. Before a padded convolution only the factor does: padding is zero after the offset
 * was added, so the offset stays, divided by the factor. So it is before a transposed one.
 */
export function foldAffineForward(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, rewriter) => {
    const [input] = inputs;
    const { op } = node;
    if (input === undefined || !rewriter.ownsInput(0)) return undefined;
    const before = rewriter.producer(input);
    if (before.op.kind !== 'affine' || !isAlong(before.op, input.shape.length - 1)) return undefined;
    const { scale, offset } = before.op;
    if (op.kind === 'dense') {
      const units = at(op.kernel.shape, 1);
      const split = distribute(op.kernel.data, before.op, units, (i) => [Math.floor(i / units), i % units]);
      return rewriter.add(
        { ...op, kernel: op.kernel.with(split.kernel), bias: biasOf(op, split.bias) },
        before.inputs,
      );
    }
    if (op.kind !== 'conv' && op.kind !== 'convTranspose') return undefined;
    if (op.layout !== 'channelsLast') return undefined;
    // A transposed convolution is as if padded: at the borders fewer taps meet than inside.
    const padded = op.kind === 'convTranspose' || hasPads(op.pads);
    if (!padded) {
      const split = distribute(op.kernel.data, before.op, filterCount(op), channelsOf(op));
      return rewriter.add(
        { ...op, kernel: op.kernel.with(split.kernel), bias: biasOf(op, split.bias) },
        before.inputs,
      );
    }
    if (scale === undefined || scale.data.some((value) => value === 0)) return undefined;
    const remainder = offset && dividedOffset(offset, scale);
    if (remainder?.data.some((value) => !Number.isFinite(value))) return undefined;
    const split = distribute(op.kernel.data, { ...before.op, offset: undefined }, 0, channelsOf(op));
    const axis = input.shape.length - 1;
    const shifted: AffineOp = { ...before.op, scale: undefined, offset: remainder, axis };
    const value =
      remainder === undefined ? before.inputs : [rewriter.add(shifted, before.inputs, before.layer)];
    return rewriter.add({ ...op, kernel: op.kernel.with(split.kernel) }, value);
  });
}

function dividedOffset(offset: Weight, scale: Weight): Weight {
  const length = Math.max(offset.data.length, scale.data.length);
  const data = Float32Array.from(
    { length },
    (_, i) => channelValue(offset, i, 0) / channelValue(scale, i, 1),
  );
  return new Weight(offset.name, [length], data);
}

/** Input and output channel of a kernel's number. */
function channelsOf(op: ConvOp | ConvTransposeOp): (i: number) => readonly [input: number, output: number] {
  const [inputs, outputs] = kernelChannels(op);
  if (op.kind === 'convTranspose') return (i) => [i % outputs, Math.floor(i / outputs) % inputs];
  if (op.depthwise) {
    const channels = inputs * outputs;
    return (i) => [Math.floor((i % channels) / outputs), i % channels];
  }
  const perGroup = outputs / op.groups;
  return (i) => {
    const output = i % outputs;
    const input = Math.floor(i / outputs) % inputs;
    return [Math.floor(output / perGroup) * inputs + input, output];
  };
}

function distribute(
  kernel: Float32Array,
  affine: AffineOp,
  outputs: number,
  channels: (i: number) => readonly [input: number, output: number],
): { kernel: Float32Array; bias: Float64Array | undefined } {
  const scaled = new Float32Array(kernel.length);
  const bias = affine.offset === undefined ? undefined : new Float64Array(outputs);
  for (let i = 0; i < kernel.length; i++) {
    const [input, output] = channels(i);
    const value = at(kernel, i);
    scaled[i] = value * channelValue(affine.scale, input, 1);
    if (bias) bias[output] = at(bias, output) + value * channelValue(affine.offset, input, 0);
  }
  return { kernel: scaled, bias };
}

function biasOf(
  op: { readonly bias: Weight | undefined; readonly kernel: Weight },
  extra: Float64Array | undefined,
): Weight | undefined {
  if (extra === undefined) return op.bias;
  const data = Float32Array.from(extra, (value, i) => value + channelValue(op.bias, i, 0));
  return op.bias?.with(data) ?? new Weight(`${op.kernel.name}:bias`, [data.length], data);
}
