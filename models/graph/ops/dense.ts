import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import type { OpDefinition } from './definition.ts';
import { singleInput } from './image-input.ts';

/** Matrix product over the last axis. */
export interface DenseOp {
  readonly kind: 'dense';
  /** [inputs, units] */
  readonly kernel: Weight;
  readonly bias: Weight | undefined;
}

export const dense: OpDefinition<DenseOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    const width = input.shape.at(-1);
    const expected = at(op.kernel.shape, 0);
    if (width !== expected) {
      throw invalidLayer(layer, `its kernel is for ${expected} inputs, it gets ${width ?? 'none'}`);
    }
    return { shape: [...input.shape.slice(0, -1), at(op.kernel.shape, 1)], type: 'float32' };
  },
  flops: (op, _inputs, output) => 2 * at(op.kernel.shape, 0) * elementCount(output.shape),
};
