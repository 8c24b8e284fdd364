import type { Graph } from '../graph/graph.ts';
import { rebuild } from '../graph/rebuild.ts';

/** What is cropped from a transposed convolution need not be computed: it already crops its full result. */
export function foldCropping(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (op.kind !== 'slice' || input === undefined || !rewriter.ownsInput(0)) return undefined;
    const before = rewriter.producer(input);
    if (before.op.kind !== 'convTranspose' || before.op.layout !== 'channelsLast') return undefined;
    const channels = input.shape.length - 1;
    if (op.ranges.some(({ axis, step }) => axis === channels || step !== 1)) return undefined;
    const begin = [...before.op.crops.begin];
    const end = [...before.op.crops.end];
    for (const { axis, start, count } of op.ranges) {
      begin[axis] = (begin[axis] ?? 0) + start;
      end[axis] = (end[axis] ?? 0) + (input.shape[axis] ?? 0) - start - count;
    }
    return rewriter.add({ ...before.op, crops: { begin, end } }, before.inputs, before.layer);
  });
}
