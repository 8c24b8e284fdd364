import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import type { OpDefinition } from './definition.ts';
import { describeShape } from './image-input.ts';
import type { CellActivation } from './recurrent.ts';

/** An LSTM whose states are images: what the steps add to the gates comes in, the states are convolved. */
export interface ConvRecurrence {
  /** [...sizes, filters, 4 · filters], gates in Keras' order: input, forget, cell, output. Padded to the same size. */
  readonly recurrentKernel: Weight;
  readonly activation: CellActivation;
  readonly recurrentActivation: CellActivation;
  readonly backwards: boolean;
  readonly statesGiven: boolean;
  readonly masked: boolean;
  readonly zeroMasked: boolean;
}

/** Inputs: the gates [steps, ...sizes, 4 · filters], then states, then the mask. Results as of `RecurrentOp`. */
export interface ConvRecurrentOp {
  readonly kind: 'convRecurrent';
  readonly recurrence: ConvRecurrence;
  readonly result: 'sequence' | 'last' | { readonly state: number };
}

export const convRecurrent: OpDefinition<ConvRecurrentOp> = {
  layout: 'logical',
  infer({ recurrence, result }, inputs, layer) {
    const [gates, ...others] = inputs;
    const { recurrentKernel: kernel, statesGiven, masked } = recurrence;
    const axes = kernel.shape.length - 2;
    const filters = at(kernel.shape, axes);
    const count = (statesGiven ? 2 : 0) + (masked ? 1 : 0);
    if (gates === undefined || others.length !== count || gates.shape.length !== axes + 2) {
      throw invalidLayer(layer, `takes a sequence of images, not ${inputs.map(describeShape).join(' and ')}`);
    }
    const [steps = 0, ...rest] = gates.shape;
    const shape = [...rest.slice(0, -1), filters];
    const states = others.slice(0, statesGiven ? 2 : 0);
    const mask = masked ? others.at(-1) : undefined;
    const fits =
      rest.at(-1) === 4 * filters &&
      states.every((state) => state.shape.join() === shape.join()) &&
      (mask === undefined || (mask.type === 'bool' && mask.shape.join() === String(steps)));
    if (!fits) throw invalidLayer(layer, `${inputs.map(describeShape).join(' and ')} do not fit each other`);
    return { shape: result === 'sequence' ? [steps, ...shape] : shape, type: 'float32' };
  },
  flops: ({ recurrence, result }, [gates]) => {
    if (gates === undefined || (result !== 'sequence' && result !== 'last')) return 0;
    return 2 * recurrence.recurrentKernel.data.length * elementCount(gates.shape.slice(0, -1));
  },
};
