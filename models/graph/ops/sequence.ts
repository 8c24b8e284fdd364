import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import type { OpDefinition, Value } from './definition.ts';
import { describeShape, singleInput } from './image-input.ts';

/** Rows of a table, chosen by whole numbers. Negative ones count from its end; what it lacks gives NaN. */
export interface EmbeddingOp {
  readonly kind: 'embedding';
  /** [ids, features] */
  readonly table: Weight;
}

export const embedding: OpDefinition<EmbeddingOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const ids = singleInput(inputs, layer);
    if (ids.type !== 'int32') throw invalidLayer(layer, 'its input is not of whole numbers');
    return { shape: [...ids.shape, at(op.table.shape, 1)], type: 'float32' };
  },
};

/** Product of the last two axes of each input, for every position of the axes before them. */
export interface MatmulOp {
  readonly kind: 'matmul';
}

export const matmul: OpDefinition<MatmulOp> = {
  layout: 'logical',
  infer(_op, inputs, layer) {
    const [a, b] = inputs;
    const rank = a?.shape.length ?? 0;
    const fits =
      a !== undefined &&
      b !== undefined &&
      inputs.length === 2 &&
      rank >= 2 &&
      b.shape.length === rank &&
      a.shape[rank - 1] === b.shape[rank - 2] &&
      a.shape.slice(0, -2).every((size, axis) => size === b.shape[axis]);
    if (!fits) throw invalidLayer(layer, `cannot multiply ${inputs.map(describeShape).join(' with ')}`);
    return { shape: [...a.shape.slice(0, -1), at(b.shape, rank - 1)], type: 'float32' };
  },
  flops: (_op, [a], output) => 2 * (a?.shape.at(-1) ?? 0) * elementCount(output.shape),
};

/** Einstein's summation over the inputs and, last, a constant. The first axis of each input is the batch. */
export interface EinsumOp {
  readonly kind: 'einsum';
  /** The axes of each operand by letters, without the batch. */
  readonly terms: readonly string[];
  readonly output: string;
  /** The last operand, which has no batch. */
  readonly constant: Weight | undefined;
}

export const einsum: OpDefinition<EinsumOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const sizes = new Map<string, number>();
    const operands = [...inputs.map(({ shape }) => shape), ...(op.constant ? [op.constant.shape] : [])];
    const fits =
      operands.length === op.terms.length &&
      operands.every((shape, i) => {
        const letters = [...(op.terms[i] ?? '')];
        return (
          letters.length === shape.length &&
          letters.every((letter, axis) => {
            const size = at(shape, axis);
            const known = sizes.get(letter) ?? size;
            sizes.set(letter, size);
            return known === size;
          })
        );
      });
    const shape = [...op.output].map((letter) => sizes.get(letter) ?? 0);
    if (!fits || shape.includes(0)) {
      throw invalidLayer(
        layer,
        `${op.terms.join(',')}->${op.output} does not fit ${operands.map((shape) => `(${shape.join(', ')})`).join(' and ')}`,
      );
    }
    return { shape, type: 'float32' };
  },
  flops(op, inputs, output) {
    const sizes = new Map<string, number>();
    const operands = [...inputs.map(({ shape }) => shape), ...(op.constant ? [op.constant.shape] : [])];
    operands.forEach((shape, i) => {
      for (const [axis, letter] of [...(op.terms[i] ?? '')].entries()) sizes.set(letter, at(shape, axis));
    });
    const summed = [...sizes].filter(([letter]) => !op.output.includes(letter));
    return 2 * elementCount(output.shape) * elementCount(summed.map(([, size]) => size));
  },
};

/**
 * The first axis becomes part of the batch (`fold`), or the batch gives it back (`unfold`): what is between them works
 * on every step by itself.
 */
export interface StepsOp {
  readonly kind: 'steps';
  readonly mode: 'fold' | 'unfold';
  /** Length of the axis. */
  readonly count: number;
}

export const steps: OpDefinition<StepsOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const value: Value = singleInput(inputs, layer);
    if (op.mode === 'unfold') return { shape: [op.count, ...value.shape], type: value.type };
    if (value.shape[0] !== op.count) throw invalidLayer(layer, `has no ${op.count} steps`);
    return { shape: value.shape.slice(1), type: value.type };
  },
};

/** Axes of length 1 repeated up to a shape of the same rank. */
export interface ExpandOp {
  readonly kind: 'expand';
  readonly shape: readonly number[];
}

export const expand: OpDefinition<ExpandOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    const fits =
      value.shape.length === op.shape.length &&
      value.shape.every((size, axis) => size === 1 || size === op.shape[axis]);
    if (!fits) throw invalidLayer(layer, `cannot repeat ${describeShape(value)} to ${describeShape(op)}`);
    return { shape: op.shape, type: value.type };
  },
};
