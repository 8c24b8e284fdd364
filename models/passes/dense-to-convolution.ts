import type { Graph } from '../graph/graph.ts';
import { pointwise } from '../graph/ops/conv2d.ts';
import { rebuild } from '../graph/rebuild.ts';

/** Dense over an image acts on each pixel's channels: a 1×1 convolution, which needs no change of layout. */
export function denseToConvolution(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, rewriter) => {
    const { op } = node;
    if (op.kind !== 'dense' || inputs[0]?.shape.length !== 3) return undefined;
    const kernel = op.kernel.with(op.kernel.data, [1, 1, ...op.kernel.shape]);
    return rewriter.add(pointwise(kernel, op.bias), inputs);
  });
}
