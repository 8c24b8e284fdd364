import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import { definitionOf } from '../graph/ops/index.ts';
import { rebuild } from '../graph/rebuild.ts';
import { elementCount } from '../graph/weight.ts';
import { followsOrder } from './spatial-regions.ts';

/**
 * A node that works in any order of axes can stand before a transpose as well as behind it. Behind layers with
 * data_format = 'channels_first' it goes before: transposes come to lie side by side, where they cancel, and what
 * they held apart (a convolution and its BatchNormalization) is together.
 */
export function sinkTransposes(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, { add, producer }) => {
    const { relayout } = definitionOf(node.op);
    if (!followsOrder(node) || relayout === undefined) return undefined;
    const largest = Math.max(...inputs.map(({ shape }) => elementCount(shape)));
    const order = inputs.flatMap((input) => {
      const { op } = producer(input);
      return op.kind === 'transpose' && elementCount(input.shape) === largest ? [op.order] : [];
    })[0];
    if (order === undefined || !movesChannelsFirst(order)) return undefined;
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const sources: Value[] = [];
    for (const input of inputs) {
      const { op, inputs: before } = producer(input);
      const [source] = before;
      if (op.kind === 'transpose' && source !== undefined && op.order.join() === order.join())
        sources.push(source);
      // Factors for channels and the like are cheap to transpose; images are not.
      else if (elementCount(input.shape) < largest)
        sources.push(add({ kind: 'transpose', order: inverse }, [input]));
      else return undefined;
    }
    return add({ kind: 'transpose', order }, [add(relayout(node.op, inverse), sources)]);
  });
}

/** Other orders (of attention's heads) stay where the model has them. */
function movesChannelsFirst(order: readonly number[]): boolean {
  return order.every((axis, i) => axis === (i === 0 ? order.length - 1 : i - 1));
}
