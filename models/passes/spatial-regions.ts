import { type Graph, type Node, useCounts } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import { definitionOf } from '../graph/ops/index.ts';

/** True when the node can work on reordered axes: all its values have one rank. */
export function followsOrder(node: Node): boolean {
  const { layout, relayout } = definitionOf(node.op);
  const rank = node.output.shape.length;
  // ONNX has it for the last axes only, as one node; anywhere else it is ten.
  if (node.op.kind === 'layerNormalization' && node.op.axes.includes(rank - 1)) return false;
  return (
    layout === 'along' && relayout !== undefined && node.inputs.every(({ shape }) => shape.length === rank)
  );
}

/**
 * Values that hang together by nodes that work in any order of axes, in regions; a region is spatial when a spatial
 * node touches it. All values of a region are best held in one order.
 */
export class SpatialRegions {
  readonly #parents = new Map<Value, Value>();
  readonly #spatial = new Set<Value>();

  constructor(graph: Graph) {
    for (const value of useCounts(graph).keys()) this.#parents.set(value, value);
    for (const node of graph.nodes) {
      if (followsOrder(node)) for (const input of node.inputs) this.#unite(input, node.output);
    }
    for (const node of graph.nodes) {
      // Global pooling is as well done in Keras' order, and many a sequence model ends with one.
      if (definitionOf(node.op).layout === 'spatial' && node.op.kind !== 'globalPool')
        [...node.inputs, node.output].forEach(this.markSpatial, this);
    }
  }

  isSpatial(value: Value): boolean {
    return this.#spatial.has(this.#root(value));
  }

  markSpatial(value: Value): void {
    this.#spatial.add(this.#root(value));
  }

  #unite(a: Value, b: Value): void {
    this.#parents.set(this.#root(a), this.#root(b));
  }

  /** The value that stands for a region; the way to it gets shorter at every call. */
  #root(value: Value): Value {
    let current = value;
    for (let next = this.#parents.get(current); next !== undefined && next !== current; ) {
      const further = this.#parents.get(next) ?? next;
      this.#parents.set(current, further);
      current = next;
      next = further;
    }
    return current;
  }
}
