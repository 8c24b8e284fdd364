import type { OpDefinition } from './definition.ts';
import { addsRow, type Layout, spatialInput, spatialShape } from './layout.ts';

/** TensorFlow's interpolations (tf.image.resize): centres of pixels are at halves. */
export const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];

/** Images of another size. */
export interface ResizeOp {
  readonly kind: 'resize';
  /** Sizes of the spatial axes afterwards. */
  readonly size: readonly number[];
  readonly interpolation: Interpolation;
  /** Widens the kernel when an axis shrinks. */
  readonly antialias: boolean;
  readonly layout: Layout;
}

export const resize: OpDefinition<ResizeOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { channels } = spatialInput(inputs, op.size.length, op.layout, layer);
    return { shape: spatialShape(op.size, channels, op.layout), type: 'float32' };
  },
  relayout: (op, order) => ({
    ...op,
    layout: 'channelsFirst',
    size: addsRow(order) ? [1, ...op.size] : op.size,
  }),
};
