import type { LayerRef } from '../layer-ref.ts';

export type ValueType = 'float32' | 'int32' | 'bool' | 'uint8';

/** A tensor between two nodes. Shapes leave out the batch axis, which every value has and which is free. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly type: ValueType;
}

export type OutputType = Pick<Value, 'shape' | 'type'>;

/**
 * Another order of the axes of a value: axis i of the new one is axis `order[i]` of the old one, and a new axis of
 * length 1 where it says -1 (sequences are computed as images of one row).
 */
export type AxisOrder = readonly number[];

/** What the graph must know of one kind of node. */
export interface OpDefinition<Op> {
  /** Shape and type of what comes out; throws a ModelError naming the layer when the inputs do not fit. */
  infer(op: Op, inputs: readonly Value[], layer: LayerRef): OutputType;
  /**
   * How the node relates to the order of axes.
   * `spatial`: slides over the axes between batch and channels, and is computed channels-first;
   * `along`: computed in any order, `relayout` adapts its axes, and its inputs and output have one rank;
   * `logical`: needs Keras' own order.
   */
  readonly layout: 'spatial' | 'along' | 'logical';
  /** For `spatial` and `along`: the same op over inputs whose axes were reordered. */
  relayout?(op: Op, order: AxisOrder): Op;
  /**
   * For one input row: two for each multiplication with its addition in convolutions and matrix products. Left out
   * where there are none: what goes over every number once does not count.
   */
  flops?(op: Op, inputs: readonly Value[], output: Value): number;
}

/** Where an axis goes in another order. */
export function movedAxis(axis: number, order: AxisOrder): number {
  return order.indexOf(axis);
}
