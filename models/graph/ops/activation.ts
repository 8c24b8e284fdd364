import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import { type AxisOrder, movedAxis, type OpDefinition } from './definition.ts';
import { singleInput } from './image-input.ts';

/** A function of each number by itself, with everything it depends on. */
export type ActivationFunction =
  | {
      readonly name: 'relu';
      readonly maxValue: number | undefined;
      readonly negativeSlope: number;
      readonly threshold: number;
    }
  | { readonly name: 'elu' | 'celu'; readonly alpha: number }
  | { readonly name: 'selu' | 'sigmoid' | 'tanh' | 'softplus' | 'softsign' | 'silu' | 'mish' }
  | { readonly name: 'exponential' | 'logSigmoid' | 'hardTanh' | 'tanhShrink' }
  | { readonly name: 'sparsePlus' | 'sparseSigmoid' }
  /** Nothing between the thresholds; `soft` moves what is outside towards zero. */
  | { readonly name: 'hardShrink' | 'softShrink'; readonly threshold: number }
  /** (x + √(x² + b)) / 2 */
  | { readonly name: 'squareplus'; readonly b: number }
  /** x above the threshold, else another number. */
  | { readonly name: 'threshold'; readonly threshold: number; readonly otherwise: number }
  | { readonly name: 'gelu'; readonly approximate: boolean }
  /** clip(slope · x + 0.5, 0, 1): Keras 2 says 0.2, Keras 3 says 1/6. */
  | { readonly name: 'hardSigmoid' | 'hardSilu'; readonly slope: number };

export interface ActivationOp {
  readonly kind: 'activation';
  readonly fn: ActivationFunction;
}

export const activation: OpDefinition<ActivationOp> = {
  layout: 'along',
  infer: (_op, inputs, layer) => ({ shape: singleInput(inputs, layer).shape, type: 'float32' }),
  relayout: (op) => op,
};

export interface SoftmaxOp {
  readonly kind: 'softmax';
  readonly axis: number;
  /** Logarithm of the softmax. */
  readonly log: boolean;
}

export const softmax: OpDefinition<SoftmaxOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    if (input.shape[op.axis] === undefined) {
      throw invalidLayer(layer, `softmax over axis ${op.axis + 1} of ${input.shape.length + 1} axes`);
    }
    return { shape: input.shape, type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};

/** x where positive, else x · alpha, with alpha learned. */
export interface PreluOp {
  readonly kind: 'prelu';
  /** One number for each position of the input; 1 along shared axes. */
  readonly alpha: Weight;
  /** The order of the value's axes against those of alpha, which stays as the file has it: lowering transposes it. */
  readonly order: AxisOrder;
}

export const prelu: OpDefinition<PreluOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    const alpha = op.alpha.shape;
    const sizes = op.order.map((axis) => (axis < 0 ? 1 : at(alpha, axis)));
    const fits =
      sizes.length === input.shape.length &&
      sizes.every((size, axis) => size === 1 || size === input.shape[axis]) &&
      elementCount(alpha) > 0;
    if (!fits) throw invalidLayer(layer, `alpha of shape (${alpha.join(', ')}) does not fit its input`);
    return { shape: input.shape, type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, order: order.map((axis) => op.order[axis] ?? -1) }),
};
