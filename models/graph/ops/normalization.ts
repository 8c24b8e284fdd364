import { invalidLayer } from '../../model-error.ts';
import type { Weight } from '../weight.ts';
import { movedAxis, type OpDefinition } from './definition.ts';
import { singleInput } from './image-input.ts';

/** Batch normalization with its statistics: training updates them, inference turns the node into an affine. */
export interface BatchNormalizationOp {
  readonly kind: 'batchNormalization';
  readonly gamma: Weight | undefined;
  readonly beta: Weight | undefined;
  readonly mean: Weight;
  readonly variance: Weight;
  readonly epsilon: number;
  readonly momentum: number;
  /** Axis of the features, without the batch axis. */
  readonly axis: number;
}

export const batchNormalization: OpDefinition<BatchNormalizationOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    const size = input.shape[op.axis];
    if (size !== op.mean.data.length) {
      throw invalidLayer(
        layer,
        `it normalizes ${op.mean.data.length} features, its input has ${size ?? 'none'}`,
      );
    }
    return { shape: input.shape, type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};

/** y = x · scale + offset, with one number for all or one for each position along an axis. */
export interface AffineOp {
  readonly kind: 'affine';
  /** One number, or as many as the axis is long; undefined is 1. */
  readonly scale: Weight | undefined;
  /** One number, or as many as the axis is long; undefined is 0. */
  readonly offset: Weight | undefined;
  readonly axis: number;
}

export const affine: OpDefinition<AffineOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    for (const weight of [op.scale, op.offset]) {
      const length = weight?.data.length ?? 1;
      if (length !== 1 && length !== input.shape[op.axis]) {
        throw invalidLayer(layer, `${length} factors for ${input.shape[op.axis] ?? 'no'} channels`);
      }
    }
    return { shape: input.shape, type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};
