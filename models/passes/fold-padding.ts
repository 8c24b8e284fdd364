import type { Graph } from '../graph/graph.ts';
import type { Op } from '../graph/ops/index.ts';
import type { PoolOp } from '../graph/ops/pooling.ts';
import { addPads, type Pads } from '../graph/ops/window.ts';
import { rebuild } from '../graph/rebuild.ts';

/**
 * Zeros around an image are what a convolution's own padding is, so ZeroPadding moves into it, and into another
 * ZeroPadding. A max pooling pads with minus infinity, which is the same only behind an activation without negative
 * numbers; an average does not count its padding.
 */
export function foldPadding(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (input === undefined || (op.kind !== 'conv' && op.kind !== 'pad' && op.kind !== 'pool'))
      return undefined;
    const before = rewriter.producer(input);
    const [source] = before.inputs;
    if (before.op.kind !== 'pad' || before.op.layout !== op.layout || source === undefined) return undefined;
    const pads = addPads(op.pads, before.op.pads);
    if (op.kind === 'pool' && !(touchesAll(op, pads) && isNonNegative(rewriter.producer(source).op)))
      return undefined;
    return rewriter.add({ ...op, pads }, before.inputs);
  });
}

/** True when every window of a max pooling holds a position that is not padding. */
function touchesAll({ mode, size }: PoolOp, pads: Pads): boolean {
  return (
    mode === 'max' &&
    size.every((length, axis) => Math.max(pads.begin[axis] ?? 0, pads.end[axis] ?? 0) < length)
  );
}

function isNonNegative(op: Op): boolean {
  if (op.kind !== 'activation') return op.kind === 'softmax' && !op.log;
  const { fn } = op;
  if (fn.name === 'relu') return fn.negativeSlope === 0 && fn.threshold >= 0;
  return (
    fn.name === 'sigmoid' || fn.name === 'hardSigmoid' || fn.name === 'softplus' || fn.name === 'exponential'
  );
}
