import type { Graph } from '../graph/graph.ts';
import { rebuild } from '../graph/rebuild.ts';
import { at } from '../graph/weight.ts';

/** Transposes that move only axes of length 1 are reshapes; pairs that cancel, and reshapes in a row, are one or none. */
export function simplifyShapes(graph: Graph): Graph {
  return rebuild(graph, (node, [input], rewriter) => {
    const { op } = node;
    if (input === undefined) return undefined;
    const before = rewriter.producer(input);
    const [source] = before.inputs;
    if (op.kind === 'transpose') {
      if (movesOnlyOnes(op.order, input.shape)) return reshaped(node.output.shape);
      if (before.op.kind === 'transpose' && source !== undefined) {
        const earlier = before.op.order;
        const order = op.order.map((axis) => at(earlier, axis));
        return isIdentity(order) ? source : rewriter.add({ kind: 'transpose', order }, [source]);
      }
      return undefined;
    }
    return op.kind === 'reshape' ? reshaped(op.shape) : undefined;

    function reshaped(shape: readonly number[]) {
      const from = before.op.kind === 'reshape' && source !== undefined ? source : input;
      if (from === undefined) return undefined;
      if (from.shape.join() === shape.join()) return from;
      return rewriter.add({ kind: 'reshape', shape }, [from]);
    }
  });
}

function isIdentity(order: readonly number[]): boolean {
  return order.every((axis, i) => axis === i);
}

function movesOnlyOnes(order: readonly number[], shape: readonly number[]): boolean {
  const moved = order.filter((axis) => at(shape, axis) !== 1);
  return moved.every((axis, i) => i === 0 || axis > at(moved, i - 1));
}
