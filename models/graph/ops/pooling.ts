import { at } from '../weight.ts';
import type { OpDefinition } from './definition.ts';
import { addsRow, type Layout, spatialInput, spatialShape } from './layout.ts';
import { checkExtent, type Pads, slide, withRow } from './window.ts';

export interface PoolOp {
  readonly kind: 'pool';
  /** `average` leaves the padding out of its count. */
  readonly mode: 'max' | 'average';
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly pads: Pads;
  readonly layout: Layout;
}

export const pool: OpDefinition<PoolOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { sizes, channels } = spatialInput(inputs, op.size.length, op.layout, layer);
    const dilations = new Array<number>(op.size.length).fill(1);
    return {
      shape: spatialShape(slide({ ...op, dilations }, sizes, layer), channels, op.layout),
      type: 'float32',
    };
  },
  relayout(op, order) {
    const first: PoolOp = { ...op, layout: 'channelsFirst' };
    if (!addsRow(order)) return first;
    return { ...first, size: [1, ...op.size], strides: [1, ...op.strides], pads: withRow(op.pads) };
  },
};

/** One number per channel; the spatial axes stay with length 1. */
export interface GlobalPoolOp {
  readonly kind: 'globalPool';
  readonly mode: 'max' | 'average';
  /** How many spatial axes there are. */
  readonly axes: number;
  readonly layout: Layout;
}

export const globalPool: OpDefinition<GlobalPoolOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { sizes, channels } = spatialInput(inputs, op.axes, op.layout, layer);
    const ones = sizes.map(() => 1);
    return { shape: spatialShape(ones, channels, op.layout), type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, layout: 'channelsFirst', axes: op.axes + (addsRow(order) ? 1 : 0) }),
};

/** As many windows along each axis as `size` says: window i goes from ⌊i·n/size⌋ to ⌈(i+1)·n/size⌉ of n positions. */
export interface AdaptivePoolOp {
  readonly kind: 'adaptivePool';
  readonly mode: 'max' | 'average';
  readonly size: readonly number[];
  readonly layout: Layout;
}

export const adaptivePool: OpDefinition<AdaptivePoolOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { sizes, channels } = spatialInput(inputs, op.size.length, op.layout, layer);
    sizes.forEach((length, axis) => {
      checkExtent(length * at(op.size, axis), layer);
    });
    return { shape: spatialShape(op.size, channels, op.layout), type: 'float32' };
  },
  relayout: (op, order) => ({
    ...op,
    layout: 'channelsFirst',
    size: addsRow(order) ? [1, ...op.size] : op.size,
  }),
};

/** First position and end of each window of an adaptive pooling along an axis. */
export function adaptiveWindows(length: number, count: number): readonly (readonly [number, number])[] {
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.ceil(((i + 1) * length) / count),
  ]);
}
