import type { Graph, Node } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import { definitionOf } from '../graph/ops/index.ts';
import { rebuild } from '../graph/rebuild.ts';

const TO_NCHW = [2, 0, 1];
const TO_NHWC = [1, 2, 0];

/**
 * ONNX Runtime computes images channels-first. Images are transposed once at the door; spatial nodes and everything
 * between them work on channels-first values; what depends on Keras' own order (Flatten, Reshape, outputs) gets a
 * transpose back, which later passes turn into reordered weights where they can.
 */
export function channelsFirst(graph: Graph): Graph {
  const isSpatial = (node: Node): boolean => definitionOf(node.op).layout === 'spatial';
  if (!graph.nodes.some(isSpatial)) return graph;
  /** Channels-first twins of channels-last values of the new graph, and back. */
  const twins = new Map<Value, Value>();
  const first = new Set<Value>();
  const outputs = new Set<Value>(graph.outputs.map(({ value }) => value));
  return rebuild(graph, (node, inputs, { add }) => {
    const toFirst = (value: Value): Value => {
      if (value.shape.length !== 3 || first.has(value)) return value;
      const twin = twins.get(value) ?? add({ kind: 'transpose', order: TO_NCHW }, [value]);
      first.add(twin);
      twins.set(value, twin);
      twins.set(twin, value);
      return twin;
    };
    const toLast = (value: Value): Value => {
      if (!first.has(value)) return value;
      const twin = twins.get(value) ?? add({ kind: 'transpose', order: TO_NHWC }, [value]);
      twins.set(value, twin);
      twins.set(twin, value);
      return twin;
    };
    const definition = definitionOf(node.op);
    const images = inputs.some((input) => input.shape.length === 3);
    const relayout = definition.relayout;
    if (definition.layout === 'logical' || !images || relayout === undefined) {
      return add(node.op, inputs.map(toLast));
    }
    const value = add(relayout(node.op), inputs.map(toFirst));
    if (value.shape.length === 3) first.add(value);
    return outputs.has(node.output) ? exposed(value, toLast) : value;
  });
}

/** Outputs of the graph are served in Keras' order. */
function exposed(value: Value, toLast: (value: Value) => Value): Value {
  return toLast(value);
}
