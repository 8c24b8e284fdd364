import { invalidLayer } from '../../model-error.ts';
import { at, type Weight } from '../weight.ts';
import type { ActivationFunction } from './activation.ts';
import type { OpDefinition } from './definition.ts';
import { describeShape } from './image-input.ts';

/** What a cell applies to its gates and states. */
export type CellActivation =
  | { readonly kind: 'linear' }
  | { readonly kind: 'function'; readonly fn: ActivationFunction }
  /** Over the units. */
  | { readonly kind: 'softmax'; readonly log: boolean };

interface DenseCell {
  /** [inputs, gates · units], gates in Keras' order. */
  readonly kernel: Weight;
  /** [units, gates · units] */
  readonly recurrentKernel: Weight;
  readonly bias: Weight | undefined;
  readonly activation: CellActivation;
}

export interface SimpleCell extends DenseCell {
  readonly kind: 'simple';
}

/** Gates: input, forget, cell, output. States: hidden, cell. */
export interface LstmCell extends DenseCell {
  readonly kind: 'lstm';
  readonly recurrentActivation: CellActivation;
}

/** Gates: update, reset, candidate. */
export interface GruCell extends DenseCell {
  readonly kind: 'gru';
  readonly recurrentActivation: CellActivation;
  /** The reset gate works on the product with the kernel, which then has a bias of its own: [2, 3 · units]. */
  readonly resetAfter: boolean;
}

export type Cell = SimpleCell | LstmCell | GruCell;

/** A cell that runs over the steps of a sequence. */
export interface Recurrence {
  readonly cell: Cell;
  /** From the last step to the first. What comes out stands in the order of the input all the same. */
  readonly backwards: boolean;
  /** Whether the states come as inputs behind the sequence; else they begin as zeros. */
  readonly statesGiven: boolean;
  /** Whether the last input says which steps are valid: others leave states and output as they are. */
  readonly masked: boolean;
  /** Steps that are not valid put out zeros instead of what came before. */
  readonly zeroMasked: boolean;
}

/** One of the results of a recurrence. Nodes that share `recurrence` and inputs are computed together. */
export interface RecurrentOp {
  readonly kind: 'recurrent';
  readonly recurrence: Recurrence;
  /** `last`: what the step that is computed last puts out. */
  readonly result: 'sequence' | 'last' | { readonly state: number };
}

export function unitsOf(cell: Cell): number {
  return at(cell.recurrentKernel.shape, 0);
}

export function stateCount(cell: Cell): number {
  return cell.kind === 'lstm' ? 2 : 1;
}

export const recurrent: OpDefinition<RecurrentOp> = {
  layout: 'logical',
  infer(op, inputs, layer) {
    const { recurrence } = op;
    const { cell } = recurrence;
    const units = unitsOf(cell);
    const given = recurrence.statesGiven ? stateCount(cell) : 0;
    const [sequence, ...others] = inputs;
    const states = others.slice(0, given);
    const mask = recurrence.masked ? others.at(-1) : undefined;
    const count = 1 + given + (recurrence.masked ? 1 : 0);
    if (sequence === undefined || inputs.length !== count) {
      throw invalidLayer(layer, `takes ${count} inputs with its states, not ${inputs.length}`);
    }
    const [steps, features, ...rest] = sequence.shape;
    if (steps === undefined || features === undefined || rest.length > 0) {
      throw invalidLayer(layer, `takes a sequence (batch, steps, features), not ${describeShape(sequence)}`);
    }
    const wrong = states.find((state) => state.shape.join() !== String(units));
    if (wrong !== undefined) throw invalidLayer(layer, `a state has shape ${describeShape(wrong)}`);
    if (mask !== undefined && (mask.type !== 'bool' || mask.shape.join() !== String(steps))) {
      throw invalidLayer(layer, `a mask of shape ${describeShape(mask)} does not fit ${steps} steps`);
    }
    if (at(cell.kernel.shape, 0) !== features) {
      throw invalidLayer(
        layer,
        `its kernel is for ${at(cell.kernel.shape, 0)} features, it gets ${features}`,
      );
    }
    return { shape: op.result === 'sequence' ? [steps, units] : [units], type: 'float32' };
  },
  flops: (op, [sequence]) => {
    // What has several results is computed once: states come beside one of these.
    if (op.result !== 'sequence' && op.result !== 'last') return 0;
    const { kernel, recurrentKernel } = op.recurrence.cell;
    return 2 * (kernel.data.length + recurrentKernel.data.length) * (sequence?.shape[0] ?? 0);
  },
};
