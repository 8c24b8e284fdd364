import { invalidLayer } from '../../model-error.ts';
import { movedAxis, type OpDefinition } from './definition.ts';
import { describeShape, singleInput } from './image-input.ts';

/** Positions start, start + step … of an axis, `count` of them; the step may be negative. */
export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** Evenly spaced positions along some axes. */
export interface SliceOp {
  readonly kind: 'slice';
  readonly ranges: readonly Range[];
}

export const slice: OpDefinition<SliceOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const value = singleInput(inputs, layer);
    const shape = [...value.shape];
    for (const { axis, start, count, step } of op.ranges) {
      const size = value.shape[axis] ?? 0;
      const last = start + (count - 1) * step;
      if (count < 1 || step === 0 || start < 0 || start >= size || last < 0 || last >= size) {
        throw invalidLayer(
          layer,
          `takes nothing, or too much, of axis ${axis + 1} of ${describeShape(value)}`,
        );
      }
      shape[axis] = count;
    }
    return { shape, type: value.type };
  },
  relayout: (op, order) => ({
    ...op,
    ranges: op.ranges.map((range) => ({ ...range, axis: movedAxis(range.axis, order) })),
  }),
};
