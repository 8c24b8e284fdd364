import type { Graph } from '../graph/graph.ts';
import { kernelChannels, kernelSize } from '../graph/ops/conv.ts';
import { rebuild } from '../graph/rebuild.ts';
import { elementCount } from '../graph/weight.ts';

/** Swapped channels (RGB to BGR) before an ordinary convolution become swapped planes of its kernel. */
export function foldGather(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (op.kind !== 'conv' || op.depthwise || op.groups !== 1 || op.layout !== 'channelsLast')
      return undefined;
    if (input === undefined) return undefined;
    const before = rewriter.producer(input);
    const [source] = before.inputs;
    if (before.op.kind !== 'gather' || source === undefined) return undefined;
    const { indices, axis } = before.op;
    if (axis !== source.shape.length - 1) return undefined;
    // Only a reordering keeps the kernel's size; a choice of channels stays.
    if (new Set(indices).size !== indices.length || source.shape[axis] !== indices.length) return undefined;
    const { kernel } = op;
    const [channels, filters] = kernelChannels(op);
    const taps = elementCount(kernelSize(op));
    const data = new Float32Array(kernel.data.length);
    for (let tap = 0; tap < taps; tap++) {
      indices.forEach((from, channel) => {
        const start = (tap * channels + channel) * filters;
        data.set(kernel.data.subarray(start, start + filters), (tap * channels + from) * filters);
      });
    }
    return rewriter.add({ ...op, kernel: kernel.with(data) }, before.inputs);
  });
}
