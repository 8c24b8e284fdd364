import { compilerDefect, invalidLayer } from '../../model-error.ts';
import { elementCount } from '../weight.ts';
import { movedAxis, type OpDefinition, type ValueType } from './definition.ts';
import { describeShape, singleInput } from './image-input.ts';

/** What the model is fed. */
export interface InputOp {
  readonly kind: 'input';
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ValueType;
}

export const input: OpDefinition<InputOp> = {
  layout: 'logical',
  infer: (op) => ({ shape: op.shape, type: op.type }),
};

/** The same numbers as another type, float32 unless it says otherwise; fractions are cut off towards zero. */
export interface CastOp {
  readonly kind: 'cast';
  readonly to?: ValueType;
}

export const cast: OpDefinition<CastOp> = {
  layout: 'along',
  infer: (op, inputs, layer) => ({ shape: singleInput(inputs, layer).shape, type: op.to ?? 'float32' }),
  relayout: (op) => op,
};

/** The same numbers in the same order under another shape. */
export interface ReshapeOp {
  readonly kind: 'reshape';
  readonly shape: readonly number[];
}

export const reshape: OpDefinition<ReshapeOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    if (elementCount(value.shape) !== elementCount(op.shape)) {
      throw invalidLayer(layer, `cannot reshape ${describeShape(value)} to ${describeShape(op)}`);
    }
    return { shape: op.shape, type: value.type };
  },
};

/** Axes in another order: axis i of the output is axis `order[i]` of the input. */
export interface TransposeOp {
  readonly kind: 'transpose';
  readonly order: readonly number[];
}

export const transpose: OpDefinition<TransposeOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    const shape = op.order.map((axis) => {
      const size = value.shape[axis];
      if (size === undefined || op.order.length !== value.shape.length) {
        throw invalidLayer(
          layer,
          `cannot order the axes of ${describeShape(value)} as ${op.order.join(', ')}`,
        );
      }
      return size;
    });
    return { shape, type: value.type };
  },
};

/** Positions along an axis, chosen and reordered (RGB to BGR). */
export interface GatherOp {
  readonly kind: 'gather';
  readonly indices: readonly number[];
  readonly axis: number;
}

export const gather: OpDefinition<GatherOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    const size = value.shape[op.axis] ?? 0;
    if (op.indices.some((index) => index < 0 || index >= size)) {
      throw compilerDefect(`gather of [${op.indices.join(', ')}] from ${size} positions`);
    }
    return {
      shape: value.shape.map((length, axis) => (axis === op.axis ? op.indices.length : length)),
      type: value.type,
    };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};
