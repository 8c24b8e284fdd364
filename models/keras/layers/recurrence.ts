/** What all recurrent layers of Keras share: options, initial states, masks, and what they return. */
import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { type Cell, type Recurrence, stateCount } from '../../graph/ops/recurrent.ts';
import { at } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import type { LayerContext } from './definition.ts';

export interface RecurrentOptions {
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly backwards: boolean;
  readonly zeroMasked: boolean;
}

/** Reads the options that SimpleRNN, LSTM, GRU and RNN have in common. */
export function recurrentOptions({ options, ref }: LayerContext): RecurrentOptions {
  // Unrolling changes the speed in Keras only; the sizes of the input stand in the input itself.
  options.ignore('unroll', 'input_dim', 'input_length', 'num_constants', 'use_cudnn');
  if (options.flag('stateful', false)) {
    throw unsupported(
      ref,
      'option stateful = true is not supported: rows of a table have no order',
      'Save the model with stateful=False, or take the states as inputs (initial_state).',
    );
  }
  return {
    returnSequences: options.flag('return_sequences', false),
    returnState: options.flag('return_state', false),
    backwards: options.flag('go_backwards', false),
    zeroMasked: options.flag('zero_output_for_mask', false),
  };
}

/** Initial states: the argument, or what stands behind the sequence in a list of inputs. */
export function givenStates(layer: LayerContext, inputs: readonly Value[]): readonly Value[] {
  const further = inputs.slice(1);
  const named = layer.arguments.tensors('initial_state', 1) ?? [];
  if (further.length > 0 && named.length > 0) throw invalidLayer(layer.ref, 'is given its states twice');
  return further.length > 0 ? further : named;
}

/**
 * Runs cells over a sequence, each over what the one before it gives, and returns what Keras returns.
 *
 * @param cells made for the number of features that they get
 */
export function recur(
  layer: LayerContext,
  inputs: readonly Value[],
  options: RecurrentOptions,
  makeCells: (features: number) => readonly Cell[],
): readonly Value[] {
  const sequence = singleInput(inputs.slice(0, 1), layer.ref);
  const { shape } = sequence;
  if (shape.length !== 2) {
    throw invalidLayer(
      layer.ref,
      `takes a sequence (batch, steps, features), not (batch, ${shape.join(', ')})`,
    );
  }
  const cells = makeCells(at(shape, 1));
  const states = givenStates(layer, inputs);
  const needed = cells.reduce((sum, cell) => sum + stateCount(cell), 0);
  if (states.length > 0 && states.length !== needed) {
    throw unsupported(layer.ref, `is called with ${states.length} states; its cells have ${needed}`);
  }
  const mask = layer.mask();
  if (mask !== undefined && mask.shape.join() !== String(shape[0])) {
    throw unsupported(layer.ref, `is given a mask of shape (batch, ${mask.shape.join(', ')})`);
  }
  let current = sequence;
  let taken = 0;
  let last: Value = sequence;
  const ends: Value[] = [];
  for (const [i, cell] of cells.entries()) {
    const count = stateCount(cell);
    const own = states.slice(taken, taken + count);
    taken += count;
    const recurrence: Recurrence = {
      cell,
      backwards: options.backwards,
      statesGiven: own.length > 0,
      masked: mask !== undefined,
      // Steps that are masked are masked for the next cell too: what it gets there does not matter.
      zeroMasked: options.zeroMasked && mask !== undefined,
    };
    const operands = [current, ...own, ...(mask === undefined ? [] : [mask])];
    const result = (of: 'sequence' | 'last' | { state: number }): Value =>
      layer.add({ kind: 'recurrent', recurrence, result: of }, operands);
    const isLast = i === cells.length - 1;
    if (!isLast || options.returnSequences) current = result('sequence');
    if (isLast && !options.returnSequences) last = result('last');
    if (options.returnState) for (let state = 0; state < count; state++) ends.push(result({ state }));
  }
  if (!options.returnSequences) return [last, ...ends];
  const output = options.backwards ? reversed(layer, current) : current;
  layer.setMask(output, mask);
  return [output, ...ends];
}

/** Sequences by what they are the reverse of, so that reversing twice is nothing. */
const REVERSED = new WeakMap<Value, Value>();

/** The steps in the opposite order. */
export function reversed(layer: LayerContext, sequence: Value): Value {
  const known = REVERSED.get(sequence);
  if (known !== undefined) return known;
  const count = at(sequence.shape, 0);
  const ranges = [{ axis: 0, start: count - 1, count, step: -1 }];
  const value = layer.add({ kind: 'slice', ranges }, [sequence]);
  REVERSED.set(value, sequence);
  return value;
}
