import { type Graph, type Node, useCounts } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { Op } from '../graph/ops/index.ts';
import type { AffineOp } from '../graph/ops/normalization.ts';
import { rebuild } from '../graph/rebuild.ts';
import { isAlong } from './merge-affines.ts';

/**
 * A BatchNormalization behind pooling or upsampling of what a convolution made goes between the two, where it
 * becomes part of the convolution: averages with weights that sum to one, and maxima where no factor is negative,
 * give the same before as after.
 */
export function raiseAffines(graph: Graph): Graph {
  const uses = useCounts(graph);
  const producers = new Map<Value, Node>(graph.nodes.map((node) => [node.output, node]));
  /** The node that makes the one input of a node, if nothing else uses that. */
  const sole = (node: Node): Node | undefined => {
    const [input, ...others] = node.inputs;
    return input !== undefined && others.length === 0 && uses.get(input) === 1
      ? producers.get(input)
      : undefined;
  };
  return rebuild(graph, (node, [input], { add, producer }) => {
    const { op } = node;
    if (op.kind !== 'affine' || input === undefined) return undefined;
    const between = sole(node);
    const source = between && sole(between);
    if (between === undefined || (source?.op.kind !== 'conv' && source?.op.kind !== 'convTranspose'))
      return undefined;
    // What stands between may itself have been moved: look at the new graph.
    const current = producer(input);
    if (current.op.kind !== between.op.kind || !commutes(current.op, op, input)) return undefined;
    return add(current.op, [add(op, current.inputs)], current.layer);
  });
}

function commutes(op: Op, affine: AffineOp, value: Value): boolean {
  const channels = value.shape.length - 1;
  if (!isAlong(affine, channels)) return false;
  switch (op.kind) {
    case 'resize':
      return op.layout === 'channelsLast';
    case 'slice':
      return op.ranges.every(({ axis }) => axis !== channels);
    case 'pool':
    case 'globalPool':
    case 'adaptivePool':
      return op.layout === 'channelsLast' && (op.mode === 'average' || isNonNegative(affine));
    default:
      return false;
  }
}

function isNonNegative({ scale }: AffineOp): boolean {
  return scale === undefined || scale.data.every((factor) => factor >= 0);
}
