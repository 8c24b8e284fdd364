import { at } from '../weight.ts';
import type { OpDefinition } from './definition.ts';
import { addsRow, type Layout, spatialInput, spatialShape } from './layout.ts';
import { checkExtent } from './window.ts';

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

/** True where ONNX' own Resize means the same as TensorFlow's; elsewhere each axis is multiplied with a matrix. */
export function resizesNatively({ size, interpolation }: ResizeOp, sizes: readonly number[]): boolean {
  const enlarges = size.every((length, axis) => length % at(sizes, axis) === 0);
  return enlarges && (interpolation === 'nearest' || (interpolation === 'bilinear' && size.length === 2));
}

export const resize: OpDefinition<ResizeOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { sizes, channels } = spatialInput(inputs, op.size.length, op.layout, layer);
    if (!resizesNatively(op, sizes)) {
      sizes.forEach((length, axis) => {
        checkExtent(length * at(op.size, axis), layer);
      });
    }
    return { shape: spatialShape(op.size, channels, op.layout), type: 'float32' };
  },
  relayout: (op, order) => ({
    ...op,
    layout: 'channelsFirst',
    size: addsRow(order) ? [1, ...op.size] : op.size,
  }),
};
