import type { Graph, Node } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { ElementwiseFunction } from '../graph/ops/elementwise.ts';
import { type Rewriter, rebuild } from '../graph/rebuild.ts';
import { transposed, type Weight } from '../graph/weight.ts';

/**
 * Constants that stand as tensors of their own (`ones_like(x)`) become operands of the arithmetic over them, which
 * broadcasts, so that they are not repeated for every row; reshaped and transposed ones are constants again.
 */
export function foldConstants(graph: Graph): Graph {
  return rebuild(
    graph,
    (node, inputs, rewriter) => moved(node, inputs, rewriter) ?? inlined(node, inputs, rewriter),
  );
}

function moved({ op, output }: Node, [input]: readonly Value[], rewriter: Rewriter): Value | undefined {
  if (input === undefined || (op.kind !== 'reshape' && op.kind !== 'transpose')) return undefined;
  const before = rewriter.producer(input);
  if (before.op.kind !== 'constant') return undefined;
  const { value } = before.op;
  const data = op.kind === 'transpose' ? transposed(value.data, value.shape, op.order) : value.data;
  return rewriter.add({ ...before.op, value: value.with(data, output.shape) }, before.inputs);
}

function inlined({ op }: Node, inputs: readonly Value[], rewriter: Rewriter): Value | undefined {
  const made = inputs.map((input): Weight | undefined => {
    const { op: before } = rewriter.producer(input);
    return before.kind === 'constant' && before.type === 'float32' ? before.value : undefined;
  });
  const rest = inputs.filter((_, i) => made[i] === undefined);
  // The types and shapes of what comes out follow the tensors that are left.
  if (rest.length === 0 || rest.length === inputs.length) return undefined;
  if (inputs.some(({ type }) => type !== 'float32')) return undefined;
  if (op.kind === 'elementwise') {
    let next = 0;
    const operands = op.operands.map((operand) => operand ?? made[next++]);
    return rewriter.add({ ...op, operands }, rest);
  }
  if (op.kind !== 'merge' || op.mode === 'average' || inputs.length !== 2) return undefined;
  const fn: ElementwiseFunction = op.mode;
  return rewriter.add({ kind: 'elementwise', fn, operands: made }, rest);
}
