import type { Graph } from '../graph/graph.ts';
import { kernelSize } from '../graph/ops/conv.ts';
import { hasPads } from '../graph/ops/window.ts';
import { rebuild } from '../graph/rebuild.ts';

/**
 * A convolution of size 1 over a sequence is a dense layer, and as such asks for no order of axes: a transformer whose
 * feed-forward layers are written as Conv1D stays free of transposes. Beside real convolutions `denseToConvolution`
 * makes it one again.
 */
export function pointwiseToDense(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, rewriter) => {
    const { op } = node;
    if (op.kind !== 'conv' || op.layout !== 'channelsLast' || op.depthwise || op.groups !== 1)
      return undefined;
    const single = kernelSize(op).length === 1 && op.kernel.shape[0] === 1 && op.strides[0] === 1;
    if (!single || hasPads(op.pads)) return undefined;
    const kernel = op.kernel.with(op.kernel.data, op.kernel.shape.slice(1));
    return rewriter.add({ kind: 'dense', kernel, bias: op.bias }, inputs);
  });
}
