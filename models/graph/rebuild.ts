import { compilerDefect } from '../model-error.ts';
import { type Graph, GraphBuilder, type Node, useCounts } from './graph.ts';
import type { Value } from './ops/definition.ts';
import type { Op } from './ops/index.ts';

/** What a pass sees of the graph it makes while it looks at one node of the old one. */
export interface Rewriter {
  /** Adds a node for the layer of the node being looked at, or of another. */
  add(op: Op, inputs: readonly Value[], layer?: Node['layer']): Value;
  /** The node of the new graph that makes a value of the new graph. */
  producer(value: Value): Node;
  /** True when nothing but the node being looked at uses its i-th input. */
  ownsInput(index: number): boolean;
}

/** A new value for the node (over `inputs`, which belong to the new graph), or undefined to keep it as it is. */
export type Rewrite = (node: Node, inputs: readonly Value[], rewriter: Rewriter) => Value | undefined;

/**
 * Makes a new graph node by node. Nodes that nothing uses any more are left behind for `removeDeadNodes`. The
 * outputs keep their names and must keep their shapes.
 */
export function rebuild(graph: Graph, rewrite: Rewrite): Graph {
  const builder = new GraphBuilder();
  const uses = useCounts(graph);
  const renewed = new Map<Value, Value>();
  /** Uses of a new value that came from merging several old values into it. */
  const sharers = new Map<Value, number>();
  const renew = (value: Value): Value => {
    const known = renewed.get(value);
    if (known === undefined) throw compilerDefect(`value ${value.id} is used before it is made`);
    return known;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(renew);
    const value =
      rewrite(node, inputs, {
        add: (op, operands, layer) => builder.add(op, operands, layer ?? node.layer),
        producer: (operand) => builder.producer(operand),
        ownsInput: (index) => {
          const old = node.inputs[index];
          const current = inputs[index];
          return (
            old !== undefined && current !== undefined && uses.get(old) === 1 && sharers.get(current) === 1
          );
        },
      }) ?? builder.add(node.op, inputs, node.layer);
    renewed.set(node.output, value);
    sharers.set(value, (sharers.get(value) ?? 0) + (uses.get(node.output) === 0 ? 0 : 1));
  }
  const outputs = graph.outputs.map(({ name, value }) => {
    const fresh = renew(value);
    if (fresh.shape.join() !== value.shape.join()) {
      throw compilerDefect(`a pass changed output ${name} from (${value.shape}) to (${fresh.shape})`);
    }
    return { name, value: fresh };
  });
  return builder.finish(outputs);
}
