import { invalidLayer } from '../../model-error.ts';
import { movedAxis, type OpDefinition } from './definition.ts';
import { describeShape } from './image-input.ts';

/** For each position of the second input, the number of the first one that stands there along an axis. */
export interface ChooseOp {
  readonly kind: 'choose';
  readonly axis: number;
}

export const choose: OpDefinition<ChooseOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const [values, positions, ...others] = inputs;
    const fits =
      values !== undefined &&
      positions?.type === 'int32' &&
      others.length === 0 &&
      values.shape.length === positions.shape.length &&
      positions.shape.every((size, axis) => axis === op.axis || size === values.shape[axis]);
    if (!fits) throw invalidLayer(layer, `cannot choose from ${inputs.map(describeShape).join(' by ')}`);
    return { shape: positions.shape, type: values.type };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};
