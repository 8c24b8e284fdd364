import type { LayerRef } from '../layer-ref.ts';

export type ValueType = 'float32' | 'int32' | 'bool' | 'uint8';

/** A tensor between two nodes. Shapes leave out the batch axis, which every value has and which is free. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly type: ValueType;
}

export type OutputType = Pick<Value, 'shape' | 'type'>;

/** Position of the channels in images: Keras' files say nhwc, ONNX Runtime computes nchw. */
export type Layout = 'nhwc' | 'nchw';

/** What the graph must know of one kind of node. */
export interface OpDefinition<Op> {
  /** Shape and type of what comes out; throws a ModelError naming the layer when the inputs do not fit. */
  infer(op: Op, inputs: readonly Value[], layer: LayerRef): OutputType;
  /**
   * How the node relates to the order of axes of image-like (rank 3) values.
   * `spatial`: computed channels-first; `along`: computed in either order, `relayout` adapts its axes;
   * `logical`: needs Keras' own order.
   */
  readonly layout: 'spatial' | 'along' | 'logical';
  /** For `spatial` and `along`: the same op over channels-first values. */
  relayout?(op: Op): Op;
  /**
   * For one input row: two for each multiplication with its addition in convolutions and matrix products. Left out
   * where there are none: what goes over every number once does not count.
   */
  flops?(op: Op, inputs: readonly Value[], output: Value): number;
}

/** Axis of a channels-last image in its channels-first form. */
export function axisToNchw(axis: number): number {
  return [1, 2, 0][axis] ?? axis;
}

/** Height, width and channels of an image-like value, wherever they stand. */
export function imageDims(
  shape: readonly number[],
  layout: Layout,
): { height: number; width: number; channels: number } | undefined {
  const [a, b, c, ...rest] = shape;
  if (a === undefined || b === undefined || c === undefined || rest.length > 0) return undefined;
  return layout === 'nhwc' ? { height: a, width: b, channels: c } : { height: b, width: c, channels: a };
}

export function imageShape(height: number, width: number, channels: number, layout: Layout): number[] {
  return layout === 'nhwc' ? [height, width, channels] : [channels, height, width];
}
