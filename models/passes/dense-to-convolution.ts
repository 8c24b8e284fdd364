import type { Graph } from '../graph/graph.ts';
import { pointwise } from '../graph/ops/conv.ts';
import { rebuild } from '../graph/rebuild.ts';
import { SpatialRegions } from './spatial-regions.ts';

/**
 * Dense over what convolutions made acts on each position's channels: a convolution of size 1, which needs no change
 * of layout. Elsewhere a matrix product is as good.
 */
export function denseToConvolution(graph: Graph): Graph {
  const regions = new SpatialRegions(graph);
  return rebuild(graph, (node, inputs, rewriter) => {
    const { op } = node;
    const [input] = node.inputs;
    if (op.kind !== 'dense' || input === undefined || !regions.isSpatial(input)) return undefined;
    const axes = input.shape.length - 1;
    if (axes < 1 || axes > 3) return undefined;
    regions.markSpatial(node.output);
    const kernel = op.kernel.with(op.kernel.data, [...new Array<number>(axes).fill(1), ...op.kernel.shape]);
    return rewriter.add(pointwise(kernel, op.bias), inputs);
  });
}
