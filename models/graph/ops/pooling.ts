import { imageShape, type Layout, type OpDefinition } from './definition.ts';
import { imageInput } from './image-input.ts';
import { type Pads, type Pair, slide } from './window.ts';

export interface Pool2dOp {
  readonly kind: 'pool2d';
  /** `average` leaves the padding out of its count. */
  readonly mode: 'max' | 'average';
  readonly size: Pair;
  readonly strides: Pair;
  readonly pads: Pads;
  readonly layout: Layout;
}

export const pool2d: OpDefinition<Pool2dOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { height, width, channels } = imageInput(inputs, op.layout, layer);
    const [outHeight, outWidth] = slide({ ...op, dilations: [1, 1] }, height, width, layer);
    return { shape: imageShape(outHeight, outWidth, channels, op.layout), type: 'float32' };
  },
  relayout: (op) => ({ ...op, layout: 'nchw' }),
};

/** One number per channel, kept as a 1×1 image. */
export interface GlobalPool2dOp {
  readonly kind: 'globalPool2d';
  readonly mode: 'max' | 'average';
  readonly layout: Layout;
}

export const globalPool2d: OpDefinition<GlobalPool2dOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { channels } = imageInput(inputs, op.layout, layer);
    return { shape: imageShape(1, 1, channels, op.layout), type: 'float32' };
  },
  relayout: (op) => ({ ...op, layout: 'nchw' }),
};

/** Zeros around an image. */
export interface Pad2dOp {
  readonly kind: 'pad2d';
  readonly pads: Pads;
  readonly layout: Layout;
}

export const pad2d: OpDefinition<Pad2dOp> = {
  layout: 'spatial',
  infer(op, inputs, layer) {
    const { height, width, channels } = imageInput(inputs, op.layout, layer);
    const { top, bottom, left, right } = op.pads;
    return {
      shape: imageShape(height + top + bottom, width + left + right, channels, op.layout),
      type: 'float32',
    };
  },
  relayout: (op) => ({ ...op, layout: 'nchw' }),
};
