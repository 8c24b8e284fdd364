import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import { definitionOf } from '../graph/ops/index.ts';
import { channelsFirstOrder } from '../graph/ops/layout.ts';
import { rebuild } from '../graph/rebuild.ts';
import { followsOrder, SpatialRegions } from './spatial-regions.ts';

/**
 * ONNX Runtime computes images channels-first. They are transposed once at the door; spatial nodes and everything
 * between them work on channels-first values; what depends on Keras' own order (Flatten, Reshape, outputs) gets a
 * transpose back, which later passes turn into reordered weights where they can. Sequences become images of one row:
 * ONNX Runtime computes those as fast or faster (depthwise four times).
 */
export function channelsFirst(graph: Graph): Graph {
  const regions = new SpatialRegions(graph);
  /** Channels-first twins of channels-last values of the new graph, and back. */
  const twins = new Map<Value, Value>();
  const first = new Set<Value>();
  const outputs = new Set<Value>(graph.outputs.map(({ value }) => value));
  return rebuild(graph, (node, inputs, { add }) => {
    const pair = (value: Value, twin: Value): Value => {
      twins.set(value, twin);
      twins.set(twin, value);
      return twin;
    };
    const toFirst = (value: Value): Value => {
      if (first.has(value)) return value;
      const twin = twins.get(value) ?? pair(value, transposedToFirst(value));
      first.add(twin);
      return twin;
    };
    const transposedToFirst = (value: Value): Value => {
      const order = channelsFirstOrder(value.shape.length);
      const moved = add({ kind: 'transpose', order: order.filter((axis) => axis >= 0) }, [value]);
      if (!order.includes(-1)) return moved;
      return add({ kind: 'reshape', shape: order.map((axis) => value.shape[axis] ?? 1) }, [moved]);
    };
    /** @param rank of the value in Keras' order */
    const toLast = (value: Value, rank: number): Value => {
      if (!first.has(value)) return value;
      return twins.get(value) ?? pair(value, transposedToLast(value, rank));
    };
    const transposedToLast = (value: Value, rank: number): Value => {
      const [channels = 1, ...sizes] = value.shape;
      const flat =
        sizes.length + 1 === rank
          ? value
          : add({ kind: 'reshape', shape: [channels, ...sizes.slice(1)] }, [value]);
      const order = [...Array.from({ length: rank - 1 }, (_, axis) => axis + 1), 0];
      return add({ kind: 'transpose', order }, [flat]);
    };
    const { layout, relayout } = definitionOf(node.op);
    const [input] = node.inputs;
    if (node.op.kind === 'globalPool' && input !== undefined && !regions.isSpatial(input)) {
      const { mode } = node.op;
      const axes = input.shape.slice(1).map((_, axis) => axis);
      // What a global pooling channels-first gave may come in, though its region is in Keras' order.
      const pixels = inputs.map((value) => toLast(value, input.shape.length));
      return add({ kind: 'reduce', fn: mode === 'max' ? 'max' : 'mean', axes }, pixels);
    }
    const moves = layout === 'spatial' || (followsOrder(node) && regions.isSpatial(node.output));
    if (!moves || relayout === undefined || input === undefined) {
      return add(
        node.op,
        inputs.map((value, i) => toLast(value, node.inputs[i]?.shape.length ?? 0)),
      );
    }
    const value = add(relayout(node.op, channelsFirstOrder(input.shape.length)), inputs.map(toFirst));
    first.add(value);
    // Outputs of the graph are served in Keras' order.
    return outputs.has(node.output) ? toLast(value, node.output.shape.length) : value;
  });
}
