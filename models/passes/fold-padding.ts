import type { Graph } from '../graph/graph.ts';
import { addPads } from '../graph/ops/window.ts';
import { rebuild } from '../graph/rebuild.ts';

/**
 * Zeros around an image are what a convolution's own padding is, so ZeroPadding moves into it, and into another
 * ZeroPadding. Never into a max pooling, which pads with minus infinity, nor an average, which does not count.
 */
export function foldPadding(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (input === undefined || (op.kind !== 'conv' && op.kind !== 'pad')) return undefined;
    const before = rewriter.producer(input);
    if (before.op.kind !== 'pad' || before.op.layout !== op.layout) return undefined;
    return rewriter.add({ ...op, pads: addPads(op.pads, before.op.pads) }, before.inputs);
  });
}
