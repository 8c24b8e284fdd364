import type { Graph } from '../graph/graph.ts';
import type { AffineOp, BatchNormalizationOp } from '../graph/ops/normalization.ts';
import { rebuild } from '../graph/rebuild.ts';
import { at } from '../graph/weight.ts';

/** At inference a BatchNormalization's statistics are constants: one factor and one offset for each feature. */
export function normalizationToAffine(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, rewriter) =>
    node.op.kind === 'batchNormalization' ? rewriter.add(asAffine(node.op), inputs) : undefined,
  );
}

function asAffine(op: BatchNormalizationOp): AffineOp {
  const { mean, variance, gamma, beta } = op;
  const scale = new Float32Array(mean.data.length);
  const offset = new Float32Array(mean.data.length);
  for (let i = 0; i < scale.length; i++) {
    const factor = (gamma ? at(gamma.data, i) : 1) / Math.sqrt(at(variance.data, i) + op.epsilon);
    scale[i] = factor;
    offset[i] = (beta ? at(beta.data, i) : 0) - at(mean.data, i) * factor;
  }
  return {
    kind: 'affine',
    scale: variance.with(scale),
    offset: mean.with(offset),
    axis: op.axis,
  };
}
