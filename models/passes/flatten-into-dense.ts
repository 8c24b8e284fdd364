import type { Graph } from '../graph/graph.ts';
import { rebuild } from '../graph/rebuild.ts';
import { at, transposed } from '../graph/weight.ts';

/**
 * Flatten of a transposed image before a Dense: the image is flattened as it lies, and the rows of the Dense's kernel
 * are put in that order instead.
 */
export function flattenIntoDense(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (op.kind !== 'dense' || input === undefined || input.shape.length !== 1) return undefined;
    const flatten = rewriter.producer(input);
    const [image] = flatten.inputs;
    if (flatten.op.kind !== 'reshape' || image === undefined) return undefined;
    const transpose = rewriter.producer(image);
    const [source] = transpose.inputs;
    if (transpose.op.kind !== 'transpose' || source === undefined) return undefined;
    const { order } = transpose.op;
    // Row r of the kernel belongs to position r of the transposed image: move it to where the source has it.
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const units = at(op.kernel.shape, 1);
    const rows = transposed(op.kernel.data, [...image.shape, units], [...inverse, order.length]);
    const flat = rewriter.add({ kind: 'reshape', shape: input.shape }, [source], flatten.layer);
    return rewriter.add({ ...op, kernel: op.kernel.with(rows) }, [flat]);
  });
}
