import type { Weight } from '../weight.ts';
import type { OpDefinition, ValueType } from './definition.ts';
import { singleInput } from './image-input.ts';

/** The same numbers for every row; the input says only how many rows there are. */
export interface ConstantOp {
  readonly kind: 'constant';
  readonly value: Weight;
  readonly type: ValueType;
}

export const constant: OpDefinition<ConstantOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    singleInput(inputs, layer);
    return { shape: op.value.shape, type: op.type };
  },
};
