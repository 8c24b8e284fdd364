import { invalidLayer } from '../../model-error.ts';
import { movedAxis, type OpDefinition } from './definition.ts';
import { describeShape, singleInput } from './image-input.ts';

/** All numbers along some axes become one; the axes stay, with length 1. */
export interface ReduceOp {
  readonly kind: 'reduce';
  /** `argMax` and `argMin` take one axis and give the first position, int32. */
  readonly fn: 'argMax' | 'argMin' | 'logSumExp' | 'max' | 'mean' | 'min' | 'product' | 'sum';
  readonly axes: readonly number[];
}

export const reduce: OpDefinition<ReduceOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    const position = op.fn === 'argMax' || op.fn === 'argMin';
    if (op.axes.some((axis) => value.shape[axis] === undefined) || (position && op.axes.length !== 1)) {
      throw invalidLayer(layer, `cannot reduce ${describeShape(value)} along ${op.axes.length} axes`);
    }
    return {
      shape: value.shape.map((size, axis) => (op.axes.includes(axis) ? 1 : size)),
      type: position ? 'int32' : value.type,
    };
  },
  relayout: (op, order) => ({ ...op, axes: op.axes.map((axis) => movedAxis(axis, order)) }),
};

/** Sums of everything up to each position along an axis. */
export interface CumulativeSumOp {
  readonly kind: 'cumulativeSum';
  readonly axis: number;
}

export const cumulativeSum: OpDefinition<CumulativeSumOp> = {
  layout: 'along',
  infer: (_op, inputs, layer) => singleInput(inputs, layer),
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};

/** The k largest (or smallest) numbers along an axis, best first, or their positions (int32); equal ones in order. */
export interface TopKOp {
  readonly kind: 'topK';
  readonly count: number;
  readonly axis: number;
  readonly largest: boolean;
  readonly result: 'values' | 'positions';
}

export const topK: OpDefinition<TopKOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    const length = value.shape[op.axis] ?? 0;
    if (op.count > length) throw invalidLayer(layer, `the best ${op.count} of ${length} numbers`);
    return {
      shape: value.shape.map((size, axis) => (axis === op.axis ? op.count : size)),
      type: op.result === 'values' ? value.type : 'int32',
    };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};
