import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';

/** Drops nodes that no output depends on. Inputs stay: they are the model's signature. */
export function removeDeadNodes(graph: Graph): Graph {
  const alive = new Set<Value>(graph.outputs.map(({ value }) => value));
  for (const node of graph.nodes.toReversed()) {
    if (alive.has(node.output)) for (const input of node.inputs) alive.add(input);
  }
  return {
    nodes: graph.nodes.filter((node) => node.op.kind === 'input' || alive.has(node.output)),
    outputs: graph.outputs,
  };
}
