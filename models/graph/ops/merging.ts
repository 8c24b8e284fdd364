import { invalidLayer } from '../../model-error.ts';
import { movedAxis, type OpDefinition } from './definition.ts';
import { describeShape } from './image-input.ts';

/** Several inputs of one rank, number by number; axes of length 1 stretch. */
export interface MergeOp {
  readonly kind: 'merge';
  readonly mode: 'add' | 'subtract' | 'multiply' | 'average' | 'maximum' | 'minimum';
}

export const merge: OpDefinition<MergeOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const [first, ...others] = inputs;
    if (first === undefined) throw invalidLayer(layer, 'has no inputs');
    if (op.mode === 'subtract' && inputs.length !== 2) {
      throw invalidLayer(layer, `subtracts exactly two inputs, not ${inputs.length}`);
    }
    const shape = others.reduce<readonly number[]>((sizes, other) => {
      return sizes.map((size, axis) => {
        const length = other.shape[axis];
        if (other.shape.length === sizes.length && length !== undefined) {
          if (length === size || length === 1) return size;
          if (size === 1) return length;
        }
        throw invalidLayer(layer, `shapes ${inputs.map(describeShape).join(' and ')} do not fit each other`);
      });
    }, first.shape);
    if (others.some((other) => other.shape.length !== shape.length)) {
      throw invalidLayer(layer, `shapes ${inputs.map(describeShape).join(' and ')} do not fit each other`);
    }
    return { shape, type: 'float32' };
  },
  relayout: (op) => op,
};

export interface ConcatOp {
  readonly kind: 'concat';
  readonly axis: number;
}

export const concat: OpDefinition<ConcatOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const [first] = inputs;
    const fits = inputs.every(
      (other) =>
        other.shape.length === first?.shape.length &&
        other.shape.every((size, axis) => axis === op.axis || size === first.shape[axis]),
    );
    if (first === undefined || !fits || first.shape[op.axis] === undefined) {
      throw invalidLayer(
        layer,
        `cannot join ${inputs.map(describeShape).join(' and ')} along axis ${op.axis + 1}`,
      );
    }
    const length = inputs.reduce((sum, other) => sum + (other.shape[op.axis] ?? 0), 0);
    return { shape: first.shape.map((size, axis) => (axis === op.axis ? length : size)), type: first.type };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};
