/** Where channels stand among the axes, and the sizes of the axes that spatial nodes slide over. */
import { invalidLayer } from '../../model-error.ts';
import type { LayerRef } from '../layer-ref.ts';
import type { AxisOrder, Value } from './definition.ts';
import { describeShape } from './image-input.ts';

/** Position of the channels: Keras' files say last (unless they say otherwise), ONNX Runtime computes first. */
export type Layout = 'channelsLast' | 'channelsFirst';

/** Channels-last values of this rank in the order that ONNX Runtime computes: a sequence becomes an image of one row. */
export function channelsFirstOrder(rank: number): AxisOrder {
  const spatial = Array.from({ length: rank - 1 }, (_, axis) => axis);
  return rank === 2 ? [1, -1, 0] : [rank - 1, ...spatial];
}

/** True when an order inserts the row of a sequence. */
export function addsRow(order: AxisOrder): boolean {
  return order.includes(-1);
}

export interface SpatialShape {
  /** One to three sizes: steps; height and width; depth, height and width. */
  readonly sizes: readonly number[];
  readonly channels: number;
}

const KINDS = ['', 'sequence-like (steps, channels)', 'image-like (height, width, channels)', 'volume-like'];

/** The one input of a spatial op with so many spatial axes; an error naming the layer for anything else. */
export function spatialInput(
  inputs: readonly Pick<Value, 'shape'>[],
  axes: number,
  layout: Layout,
  layer: LayerRef,
): SpatialShape {
  const [input, ...others] = inputs;
  const channels = layout === 'channelsLast' ? input?.shape.at(-1) : input?.shape[0];
  if (input?.shape.length !== axes + 1 || channels === undefined || others.length > 0) {
    throw invalidLayer(
      layer,
      `takes one ${KINDS[axes] ?? 'spatial'} input, not ${inputs.map(describeShape).join(' and ')}`,
    );
  }
  const sizes = layout === 'channelsLast' ? input.shape.slice(0, -1) : input.shape.slice(1);
  return { sizes, channels };
}

export function spatialShape(sizes: readonly number[], channels: number, layout: Layout): number[] {
  return layout === 'channelsLast' ? [...sizes, channels] : [channels, ...sizes];
}
