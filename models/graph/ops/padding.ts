import { at } from '../weight.ts';
import type { OpDefinition } from './definition.ts';
import { addsRow, type Layout, spatialInput, spatialShape } from './layout.ts';
import { type Pads, withRow } from './window.ts';

/** Zeros around the spatial axes. */
export interface PadOp {
  readonly kind: 'pad';
  readonly pads: Pads;
  readonly layout: Layout;
}

export const pad: OpDefinition<PadOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { begin, end } = op.pads;
    const { sizes, channels } = spatialInput(inputs, begin.length, op.layout, layer);
    const padded = sizes.map((size, axis) => size + at(begin, axis) + at(end, axis));
    return { shape: spatialShape(padded, channels, op.layout), type: 'float32' };
  },
  relayout: (op, order) => ({
    ...op,
    layout: 'channelsFirst',
    pads: addsRow(order) ? withRow(op.pads) : op.pads,
  }),
};
