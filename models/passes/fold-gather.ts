import type { Graph } from '../graph/graph.ts';
import { rebuild } from '../graph/rebuild.ts';
import { at } from '../graph/weight.ts';

/** Swapped channels (RGB to BGR) before an ordinary convolution become swapped planes of its kernel. */
export function foldGather(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (op.kind !== 'conv2d' || op.depthwise || op.groups !== 1 || op.layout !== 'nhwc') return undefined;
    if (input === undefined) return undefined;
    const before = rewriter.producer(input);
    const [source] = before.inputs;
    if (before.op.kind !== 'gather' || before.op.axis !== 2 || source === undefined) return undefined;
    const { indices } = before.op;
    // Only a reordering keeps the kernel's size; a choice of channels stays.
    if (new Set(indices).size !== indices.length || source.shape[2] !== indices.length) return undefined;
    const { kernel } = op;
    const [height, width, channels, filters] = [0, 1, 2, 3].map((axis) => at(kernel.shape, axis));
    if (!height || !width || !channels || !filters) return undefined;
    const data = new Float32Array(kernel.data.length);
    for (let tap = 0; tap < height * width; tap++) {
      indices.forEach((from, channel) => {
        const start = (tap * channels + channel) * filters;
        data.set(kernel.data.subarray(start, start + filters), (tap * channels + from) * filters);
      });
    }
    return rewriter.add({ ...op, kernel: kernel.with(data) }, before.inputs);
  });
}
